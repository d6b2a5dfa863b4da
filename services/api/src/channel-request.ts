import { CHANNEL_CLASSES, type Channel, channelName, channelParameters, parseChannel } from "@tickfleet/contracts/channel";
import { matchesChannel } from "@tickfleet/contracts/channel-match";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { unknownInstrument } from "./known-instrument.ts";
import { nearest } from "./problem.ts";
import type { InstrumentRow } from "./store.ts";

/** Why a channel was not accepted. */
export interface ChannelRefusal {
  channel: string;
  code: "bad-channel" | "unknown-class" | "unknown-timeframe" | "unknown-instrument" | "limit";
  fix: string;
}

/** Channels of one connection, wildcards counted by what they stand for. */
export const MAX_CHANNELS = 1_024;

/** Classes whose instruments are those that ingest lists; contracts that only the futures collector knows are not among them. */
const LISTED: readonly string[] = ["candle", "forming", "enriched", "pattern", "signal", "trade", "gap"];

/** Reads a channel; what can never carry a message is refused. */
function readChannel(text: string, known: readonly InstrumentRow[]): Channel | ChannelRefusal {
  const channel = parseChannel(text);
  const shown = text.slice(0, 200);
  if ("code" in channel) {
    const meant = nearest(channel.found, channel.choices);
    return { channel: shown, code: channel.code, fix: `${meant === null ? "" : `did you mean ${meant}? `}it is ${channel.expected}` };
  }
  const { venue, instrument } = channelParameters(channel);
  if (!LISTED.includes(channel.name) || venue === undefined || instrument === undefined) return channel;
  if (known.some((row) => row.venue === venue && row.instrument === instrument)) return channel;
  return { channel: shown, code: "unknown-instrument", fix: unknownInstrument(venue, instrument, known).fix };
}

/** The channels without `*` that one stands for, as far as instruments are known; itself where that cannot be told. */
export function expandChannel(channel: Channel, known: readonly InstrumentRow[]): string[] {
  if (!channel.values.includes("*")) return [channel.text];
  if (!LISTED.includes(channel.name)) return [channel.text];
  const hasTimeframe = CHANNEL_CLASSES[channel.name]?.parts.includes("timeframe") ?? false;
  return known
    .flatMap(({ venue, instrument }) => (hasTimeframe ? TIMEFRAMES : [""]).map((timeframe) => ({ venue, instrument, timeframe })))
    .map((parameters) => channelName(channel.name, parameters))
    .filter((name) => matchesChannel(channel.text, name));
}

/** What can be had of these channels, and why the others cannot. */
export function admitChannels(
  texts: readonly string[],
  taken: readonly string[],
  known: readonly InstrumentRow[],
): { accepted: Channel[]; rejected: ChannelRefusal[] } {
  const accepted: Channel[] = [];
  const rejected: ChannelRefusal[] = [];
  const wanted = new Set(taken);
  for (const text of new Set(texts)) {
    const channel = readChannel(text, known);
    if ("code" in channel) {
      rejected.push(channel);
      continue;
    }
    const names = expandChannel(channel, known);
    const total = new Set([...wanted, ...names]).size;
    if (total > MAX_CHANNELS) {
      const fix = `a connection takes ${MAX_CHANNELS} channels and would have ${total}: use fewer, or another connection`;
      rejected.push({ channel: text, code: "limit", fix });
      continue;
    }
    for (const name of names) wanted.add(name);
    accepted.push(channel);
  }
  return { accepted, rejected };
}
