/** The nine timeframes, shortest first. */
export const TIMEFRAMES = ["1m", "3m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

/** A timeframe that is folded from minutes. */
export type FoldedTimeframe = Exclude<Timeframe, "1m">;
export const FOLDED_TIMEFRAMES = TIMEFRAMES.filter((timeframe): timeframe is FoldedTimeframe => timeframe !== "1m");

export const MINUTE_MS = 60_000;

/** Length of an intraday timeframe in milliseconds; 1d and 1w have none, their length is the calendar's. */
export const INTRADAY_MS: Readonly<Record<Exclude<Timeframe, "1d" | "1w">, number>> = {
  "1m": 60_000,
  "3m": 180_000,
  "5m": 300_000,
  "15m": 900_000,
  "30m": 1_800_000,
  "1h": 3_600_000,
  "4h": 14_400_000,
};

/** The timeframe whose candles fold into this one: every interval of it is a whole number of the source's. */
export const FOLD_SOURCE: Readonly<Record<Exclude<Timeframe, "1m">, Timeframe>> = {
  "3m": "1m",
  "5m": "1m",
  "15m": "5m",
  "30m": "15m",
  "1h": "30m",
  "4h": "1h",
  "1d": "1h",
  "1w": "1d",
};

export function isTimeframe(text: string): text is Timeframe {
  return (TIMEFRAMES as readonly string[]).includes(text);
}
