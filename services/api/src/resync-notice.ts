import { CHANNEL_CLASSES } from "@tickfleet/contracts/channel";
import { INTRADAY_MS, isTimeframe, type Timeframe } from "@tickfleet/market/timeframe";

const HOUR_MS = 3_600_000;
/** Late trades and fills revise candles so far back; what is later than that is rebuilt as history. */
const REVISED_MS = 24 * HOUR_MS;
/** Longest candles of these timeframes, the hour of a clock change included. */
const LONGEST_MS: Readonly<Record<Timeframe, number>> = { ...INTRADAY_MS, "1d": 25 * HOUR_MS, "1w": 169 * HOUR_MS };

/** Lists that hold what a class of channels brought. */
const LISTS: Readonly<Record<string, string>> = {
  candle: "candles",
  forming: "candles",
  enriched: "indicators",
  pattern: "patterns",
  signal: "signals",
  trade: "trades",
  sentiment: "sentiment",
  futures: "futures",
};

/**
 * Epoch milliseconds from which on candles may have closed or been revised unseen; null where nothing is known.
 * @param closedUntil openTime of the newest closed candle that was seen
 */
export function missedFrom(closedUntil: number | null, timeframe: Timeframe): number | null {
  return closedUntil === null ? null : Math.max(0, closedUntil - REVISED_MS - LONGEST_MS[timeframe]);
}

/** What a client is told of a channel whose messages cannot be had any more: since when, and which list holds them. */
export function resyncNotice(channel: string, reason: string, closedUntil: number | null): object {
  const [name = "", ...values] = channel.split(":");
  const parts = CHANNEL_CLASSES[name]?.parts ?? [];
  const parameters = Object.fromEntries(parts.flatMap((part, i) => (values[i] === "*" ? [] : [[part, values[i] as string]])));
  const { timeframe } = parameters;
  const from = timeframe !== undefined && isTimeframe(timeframe) ? missedFrom(closedUntil, timeframe) : null;
  const list = LISTS[name];
  const query = new URLSearchParams({ ...parameters, ...(from === null ? {} : { from: String(from) }) });
  return { type: "resync", channel, reason, from, read: list === undefined ? null : `/api/v1/${list}?${query}` };
}
