import type { CandlestickRule } from "./candle-terms.ts";
import { DOUBLE_CANDLE_RULES } from "./double-candle-rules.ts";
import { LONG_CANDLE_RULES } from "./long-candle-rules.ts";
import { SINGLE_CANDLE_RULES } from "./single-candle-rules.ts";
import { TRIPLE_CANDLE_RULES } from "./triple-candle-rules.ts";

const RULES = { ...SINGLE_CANDLE_RULES, ...DOUBLE_CANDLE_RULES, ...TRIPLE_CANDLE_RULES, ...LONG_CANDLE_RULES };

/** TA-Lib's name of a candlestick pattern; also its kind in the database and on the wire. */
export type CandlestickName = keyof typeof RULES;

/**
 * What values a pattern gives besides 0: `bullish` 100, `bearish` -100, `signed` either, `present` 100 without a
 * direction, `graded` ±100 or ±80 where one end of the bodies is the same, `confirmed` ±100 and ±200 on confirmation.
 */
export type CandlestickOutput = "bullish" | "bearish" | "signed" | "present" | "graded" | "confirmed";

/** The trend that must precede a pattern: a fixed one, with its sign, against its sign, or any. */
export type TrendRequirement = "up" | "down" | "continuation" | "reversal" | "none";

/** A candlestick pattern and what the metrics book (section 7) knows of it. */
export interface Candlestick {
  readonly name: CandlestickName;
  /** Candles that form it, 1..5; the one before that a few compare with is not counted. */
  readonly candles: number;
  readonly output: CandlestickOutput;
  readonly trend: TrendRequirement;
  /** Candles needed before the one that is judged, 2..14. */
  readonly lookback: number;
  /** TA-Lib's default `optInPenetration`, a share of the first body; null where the pattern has none. */
  readonly penetration: number | null;
  readonly rule: CandlestickRule;
}

/** A row of the table of patterns. */
export function defineCandlestick(
  name: CandlestickName,
  candles: number,
  output: CandlestickOutput,
  trend: TrendRequirement,
  lookback: number,
  penetration: number | null = null,
): Candlestick {
  return { name, candles, output, trend, lookback, penetration, rule: RULES[name] };
}

/** Direction that a value means: 1 bullish, -1 bearish, 0 for a pattern that is merely present. */
export function directionOf(pattern: Candlestick, value: number): -1 | 0 | 1 {
  if (pattern.output === "present" || value === 0) return 0;
  return value > 0 ? 1 : -1;
}
