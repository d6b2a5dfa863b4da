import { INTRADAY_MS, type Timeframe } from "@tickfleet/market/timeframe";

const HOUR_MS = 3_600_000;
/** Late trades and fills revise candles so far back; what is later than that is rebuilt as history. */
const REVISED_MS = 24 * HOUR_MS;
/** Longest candles of these timeframes, the hour of a clock change included. */
const LONGEST_MS: Readonly<Record<Timeframe, number>> = { ...INTRADAY_MS, "1d": 25 * HOUR_MS, "1w": 169 * HOUR_MS };

/**
 * Epoch milliseconds from which on candles may have closed or been revised unseen; null where nothing is known.
 * @param closedUntil openTime of the newest closed candle that was seen
 */
export function missedFrom(closedUntil: number | null, timeframe: Timeframe): number | null {
  return closedUntil === null ? null : Math.max(0, closedUntil - REVISED_MS - LONGEST_MS[timeframe]);
}
