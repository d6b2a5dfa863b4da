import { roundDerived } from "@tickfleet/market/exact";
import { ALGORITHMS } from "./algorithms.ts";
import { type Candlestick, directionOf } from "./candlestick.ts";

/** Least abs(theta) of a trend, in degrees, itself included. */
export const LEAST_TREND_DEGREES = 3;

/** Whether the trend that a pattern needs went before it. */
export interface TrendTest {
  readonly algo: typeof ALGORITHMS.trendTest;
  /** Trend angle at the candle before the pattern, degrees, -90..90; null in warm-up and after gaps. */
  readonly theta: number | null;
  /** Sign of the trend needed: 1 up, -1 down, 0 any. */
  readonly needed: -1 | 0 | 1;
  /** True where it went before, or none is needed; false: the pattern is kept, out of context; null where theta is unknown. */
  readonly context: boolean | null;
}

/**
 * Trend test of metrics book 7. `thetas` holds the trend angle (section 6: 45° = one ATR per candle) of consecutive
 * candles with trades, oldest first, the last one that of the candle on which the pattern fired with `value`;
 * judged is the one `pattern.candles` before it.
 */
export function testTrend(pattern: Candlestick, value: number, thetas: readonly (number | null)[]): TrendTest {
  const algo = ALGORITHMS.trendTest;
  const measured = thetas.at(-1 - pattern.candles) ?? null;
  const theta = measured === null ? null : roundDerived(measured);
  const needed = neededTrend(pattern, value);
  if (needed === 0) return { algo, theta, needed, context: true };
  return { algo, theta, needed, context: theta === null ? null : theta * needed >= LEAST_TREND_DEGREES };
}

/** Whether a pattern turns the trend before it or goes on with it; null where it has no direction or needs no trend. */
export type PatternNature = "reversal" | "continuation";

export function natureOf(pattern: Candlestick, value: number): PatternNature | null {
  const direction = directionOf(pattern, value);
  const needed = neededTrend(pattern, value);
  if (direction === 0 || needed === 0) return null;
  return direction === needed ? "continuation" : "reversal";
}

function neededTrend(pattern: Candlestick, value: number): -1 | 0 | 1 {
  const direction = directionOf(pattern, value);
  switch (pattern.trend) {
    case "up":
      return 1;
    case "down":
      return -1;
    case "continuation":
      return direction;
    case "reversal":
      return direction === 0 ? 0 : direction === 1 ? -1 : 1;
    case "none":
      return 0;
  }
}
