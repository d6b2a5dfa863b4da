import { isTimeframe, TIMEFRAMES } from "@tickfleet/market/timeframe";
import { candle, candleRecomputed, formingCandle } from "./candle-messages.ts";
import { ANY_NAME } from "./channel-match.ts";
import { futures, sentiment } from "./context-messages.ts";
import { enriched, enrichedRecomputed } from "./enriched-messages.ts";
import { clock, gap, status, tradeBatch } from "./market-messages.ts";
import { filterOf, type MessageDefinition, type StreamName } from "./message.ts";
import { pattern, signal } from "./pattern-messages.ts";
import { liveTemplate } from "./registry.ts";

/** What can be subscribed to under one name: the messages that come, and the parts of a channel after the name. */
export interface ChannelClass {
  definitions: readonly MessageDefinition[];
  parts: readonly string[];
  summary: string;
}

const SERIES = ["venue", "instrument", "timeframe"];

/** Every class of channels; the language of subscriptions is `<class>:<part>:...`, each part a name or `*`. */
export const CHANNEL_CLASSES: Readonly<Record<string, ChannelClass>> = {
  candle: { definitions: [candle, candleRecomputed, formingCandle], parts: SERIES, summary: "candles, forming, closed and revised" },
  forming: { definitions: [formingCandle], parts: SERIES, summary: "candles that are still open, and nothing else" },
  enriched: { definitions: [enriched, enrichedRecomputed], parts: SERIES, summary: "closed candles with their indicators" },
  pattern: { definitions: [pattern], parts: SERIES, summary: "patterns on closed candles, with their grades" },
  signal: { definitions: [signal], parts: SERIES, summary: "trading signals with what led to them" },
  sentiment: { definitions: [sentiment], parts: ["provider", "asset"], summary: "what news and social media say of an asset" },
  futures: { definitions: [futures], parts: ["venue", "instrument"], summary: "open interest, funding and mark price" },
  trade: { definitions: [tradeBatch], parts: ["venue", "instrument"], summary: "batches of trades" },
  gap: { definitions: [gap], parts: ["venue", "instrument"], summary: "holes and what became of them" },
  clock: { definitions: [clock], parts: ["venue", "connection"], summary: "times up to which a connection is complete" },
  status: { definitions: [status], parts: ["venue", "connection"], summary: "connections that begin, change and end" },
};

/** A channel as it was asked for; a part that is `*` has no parameter. */
export interface Channel {
  text: string;
  name: string;
  /** Values by part, in the order of the class; `*` for any. */
  values: readonly string[];
}

/** Why a text is no channel: what was expected, what was found, and what it may be where that is a short list. */
export interface ChannelFault {
  code: "bad-channel" | "unknown-class" | "unknown-timeframe";
  expected: string;
  found: string;
  choices: readonly string[];
}

/** Reads a channel such as `candle:demo:BTC-USDT:1m` or `signal:*:*:1h`. */
export function parseChannel(text: string): Channel | ChannelFault {
  const [name = "", ...values] = text.split(":");
  const found = Object.hasOwn(CHANNEL_CLASSES, name) ? CHANNEL_CLASSES[name] : undefined;
  if (found === undefined) {
    const choices = Object.keys(CHANNEL_CLASSES);
    return { code: "unknown-class", expected: `a channel of ${choices.join(", ")}`, found: name, choices };
  }
  if (values.length !== found.parts.length || values.includes("")) {
    const form = [name, ...found.parts.map((part) => `<${part}>`)].join(":");
    return { code: "bad-channel", expected: `${form}, each part a name or *`, found: text, choices: [] };
  }
  const timeframe = values[found.parts.indexOf("timeframe")];
  if (timeframe !== undefined && timeframe !== ANY_NAME && !isTimeframe(timeframe)) {
    return { code: "unknown-timeframe", expected: `a timeframe of ${TIMEFRAMES.join(", ")}`, found: timeframe, choices: TIMEFRAMES };
  }
  return { text, name, values };
}

/** The channel of a class that a message with these parameters comes on. */
export function channelName(name: string, parameters: Readonly<Record<string, string>>): string {
  const parts = CHANNEL_CLASSES[name]?.parts ?? [];
  return [name, ...parts.map((part) => parameters[part] ?? "")].join(":");
}

/** Values of the parts that are not `*`, by part. */
export function channelParameters(channel: Channel): Record<string, string> {
  const { parts } = classOfChannel(channel);
  return Object.fromEntries(parts.flatMap((part, i) => (channel.values[i] === ANY_NAME ? [] : [[part, channel.values[i] as string]])));
}

/** The class of a channel that was parsed. */
export function classOfChannel(channel: Channel): ChannelClass {
  return CHANNEL_CLASSES[channel.name] as ChannelClass;
}

/** A message as anybody receives it: on its live subject where a stream republishes it, else on its own. */
export function liveForm(definition: MessageDefinition): MessageDefinition {
  return { ...definition, template: liveTemplate(definition) ?? definition.template };
}

/** Filters for what a stream stores of a channel. */
export function storedFilters(channel: Channel, stream: StreamName): string[] {
  const parameters = channelParameters(channel);
  return classOfChannel(channel)
    .definitions.filter((definition) => definition.stream === stream)
    .map((definition) => filterOf(definition, parameters));
}

/** The stream that keeps a class's messages; null for what is kept nowhere. */
export function streamOfClass(name: string): StreamName | null {
  return CHANNEL_CLASSES[name]?.definitions.find((definition) => definition.stream !== null)?.stream ?? null;
}
