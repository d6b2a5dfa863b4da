import { candle, candleRecomputed, formingCandle } from "@tickfleet/contracts/candle-messages";
import { CHANNEL_CLASSES, channelName } from "@tickfleet/contracts/channel";
import type { MessageDefinition, StreamName } from "@tickfleet/contracts/message";

/** `forming`: replaces the one before; `stored`: goes out once; `recomputed`: rows that have to be read again. */
export type LiveKind = "forming" | "stored" | "recomputed";

/** What a candle's message says of its place in its series. */
export interface CandlePlace {
  /** Anchor and session: the series within the channel. */
  series: string;
  openTime: number;
  revision: number;
}

/** A message on its way to clients: its text as it came, and what decides whether a client gets it. */
export interface LiveMessage {
  definition: MessageDefinition;
  kind: LiveKind;
  /** Channel without `*`, such as `candle:demo:BTC-USDT:1m`. */
  channel: string;
  stream: StreamName | null;
  /** Sequence in the stream, null for what is in none. */
  seq: number | null;
  /** Where it is a candle or tells of candles. */
  place: CandlePlace | null;
  text: string;
  arrivedMs: number;
}

/** Names of the classes that a message is of, by the message's name. */
const CLASSES: ReadonlyMap<string, string[]> = new Map(
  Object.values(CHANNEL_CLASSES)
    .flatMap(({ definitions }) => definitions)
    .map(({ name }) => [
      name,
      Object.entries(CHANNEL_CLASSES).flatMap(([key, value]) => (value.definitions.some((one) => one.name === name) ? [key] : [])),
    ]),
);
const OF_CANDLES: readonly string[] = [candle.name, candleRecomputed.name, formingCandle.name];

/** A message on each of its channels. */
export function liveMessages(
  definition: MessageDefinition,
  parameters: Readonly<Record<string, string>>,
  seq: number | null,
  text: string,
): LiveMessage[] {
  const kind = definition.name === formingCandle.name ? "forming" : definition.name.endsWith("-recomputed") ? "recomputed" : "stored";
  const place = OF_CANDLES.includes(definition.name) ? readPlace(text) : null;
  return (CLASSES.get(definition.name) ?? []).map((name) => ({
    definition,
    kind,
    channel: channelName(name, parameters),
    stream: definition.stream,
    seq,
    place,
    text,
    arrivedMs: Date.now(),
  }));
}

/** Reads the few fields that matter without parsing the rest; a quote inside a text is escaped and cannot be taken for a field. */
function readPlace(text: string): CandlePlace | null {
  const anchor = /"anchor":"([^"]*)"/.exec(text)?.[1];
  const session = /"session":"([^"]*)"/.exec(text)?.[1];
  const openTime = /"(?:openTime|from)":(-?\d+)/.exec(text)?.[1];
  if (anchor === undefined || session === undefined || openTime === undefined) return null;
  return { series: `${anchor}|${session}`, openTime: Number(openTime), revision: Number(/"revision":(\d+)/.exec(text)?.[1] ?? 0) };
}
