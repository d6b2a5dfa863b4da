import { INTRADAY_MS, TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";

/** The word for a timeframe that the range decides. */
export const AUTO_TIMEFRAME = "auto";

const DAY_MS = 86_400_000;
const LENGTHS_MS: Readonly<Record<Timeframe, number>> = { ...INTRADAY_MS, "1d": DAY_MS, "1w": 7 * DAY_MS };

/**
 * The shortest timeframe of which a range holds at most so many candles, if the market never closes; the longest where none is long enough.
 * @param range [from, to) in epoch microseconds
 */
export function autoTimeframe(range: { from: number; to: number }, most: number): Timeframe {
  const lengthMs = Math.max(0, range.to - range.from) / 1_000;
  return TIMEFRAMES.find((timeframe) => Math.ceil(lengthMs / LENGTHS_MS[timeframe]) <= most) ?? "1w";
}
