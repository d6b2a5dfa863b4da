import { roundDerived } from "@tickfleet/market/exact";
import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import { ALGORITHMS } from "./algorithms.ts";
import { clamp01 } from "./score.ts";

export interface BoostedConfidenceInputs {
  /** Geometric quality Q, 0..1. */
  readonly quality: number | null;
  /** TA-Lib's value of a candlestick, ±80, ±100 or ±200; null for other patterns. */
  readonly output: number | null;
  /** Volume over its mean, from 0. */
  readonly volumeSpike: number | null;
  /** close - open of the breakout's candle (candlesticks: the last one) times the pattern's direction, in price. */
  readonly move: number | null;
  /** ATR(14) at the same candle, in price. */
  readonly atr: number | null;
  /** Other timeframes with a live pattern of the same direction. */
  readonly confirmingTimeframes: number;
}

export type ConfidenceTier = "strong" | "medium" | "weak";

/** Grade B with all that went into it; the parts are points of 100. */
export interface BoostedConfidence {
  readonly algo: typeof ALGORITHMS.boostedConfidence;
  /** 0..1: points ÷ 100; null where the quality is unknown. */
  readonly value: number | null;
  readonly tier: ConfidenceTier | null;
  /** 24..80. */
  readonly base: number | null;
  /** Boosts, 0..30, 0..20 and 0..30; null where unknown, which boosts nothing. */
  readonly volume: number | null;
  readonly price: number | null;
  readonly timeframes: number;
}

/** `boosted_confidence` of metrics book 8. */
export function computeBoostedConfidence(inputs: BoostedConfidenceInputs): BoostedConfidence {
  const { quality, output, volumeSpike, move, atr, confirmingTimeframes } = inputs;
  const base = quality === null ? null : roundDerived(basePoints(quality, output));
  const volume = volumeSpike === null ? null : roundDerived(30 * clamp01((volumeSpike - 1) / 2));
  const price = move === null || atr === null || atr <= 0 ? null : roundDerived(20 * clamp01(move / atr));
  const timeframes = 10 * Math.min(3, Math.max(0, confirmingTimeframes));
  const points = (base ?? 0) + (volume ?? 0) + (price ?? 0) + timeframes;
  const value = base === null ? null : roundDerived(Math.min(100, points) / 100);
  const tier = value === null ? null : tierOf(value, confirmingTimeframes);
  return { algo: ALGORITHMS.boostedConfidence, value, tier, base, volume, price, timeframes };
}

/** What agreeing timeframes are worth: `count` is the longest run of neighbours in the set of nine. */
export interface TimeframeCount {
  readonly count: number;
  readonly tier: ConfidenceTier | null;
}

/** `timeframe_count` of metrics book 8: of the timeframes that agree, the own one included. */
export function countTimeframes(agreeing: readonly Timeframe[]): TimeframeCount {
  let count = 0;
  let run = 0;
  for (const timeframe of TIMEFRAMES) {
    run = agreeing.includes(timeframe) ? run + 1 : 0;
    count = Math.max(count, run);
  }
  if (count === 0) return { count, tier: null };
  return { count, tier: count >= 3 ? "strong" : count === 2 ? "medium" : "weak" };
}

function basePoints(quality: number, output: number | null): number {
  const points = 30 + 40 * clamp01(quality);
  const size = Math.abs(output ?? 0);
  if (size === 80) return points * 0.8;
  return size === 200 ? points + 10 : points;
}

function tierOf(value: number, confirmingTimeframes: number): ConfidenceTier {
  if (value > 0.8 && confirmingTimeframes >= 2) return "strong";
  return value >= 0.6 ? "medium" : "weak";
}
