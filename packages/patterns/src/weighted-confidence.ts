import { roundDerived } from "@tickfleet/market/exact";
import type { Timeframe } from "@tickfleet/market/timeframe";
import { ALGORITHMS } from "./algorithms.ts";
import { clamp01, weightedMean } from "./score.ts";
import type { PatternNature } from "./trend-test.ts";

export type Direction = -1 | 0 | 1;

/** Market regime of metrics book 6. */
export type Regime = "trend_up" | "trend_down" | "range" | "volatile" | "quiet";

/** What is known of a pattern and its surroundings; null is unknown, never zero. */
export interface WeightedConfidenceInputs {
  readonly timeframe: Timeframe;
  readonly direction: Direction;
  readonly nature: PatternNature | null;
  /** Volume over its mean, from 0. */
  readonly volumeSpike: number | null;
  /** Volume delta of the candle, signed; only its sign counts. */
  readonly vd: number | null;
  /** `context` of the trend test; false makes the trend factor 0. */
  readonly trendContext: boolean | null;
  /** Direction and trend strength (0..1) of the next higher timeframe's last closed candle. */
  readonly higherDirection: Direction | null;
  readonly trendStrength: number | null;
  readonly regime: Regime | null;
  /** Sentiment or market bias, -1 bearish .. 1 bullish. */
  readonly marketBias: number | null;
  /** Posterior hit rate, 0..1: `value` of `computeOutcomeHistory`. */
  readonly history: number | null;
  /** Other timeframes with a live pattern of the same direction. */
  readonly confirmingTimeframes: number | null;
}

/** The five factors, each 0..1 with 12 significant digits, null where unknown. */
export interface ConfidenceFactors {
  readonly volume: number | null;
  readonly trend: number | null;
  readonly context: number | null;
  readonly history: number | null;
  readonly convergence: number | null;
}

export type ConfidenceBand = "extreme" | "high" | "medium" | "low" | "very_low";

/** Grade A with all that went into it. */
export interface WeightedConfidence {
  readonly algo: typeof ALGORITHMS.weightedConfidence;
  /** 0..1; null where no factor is known. */
  readonly value: number | null;
  readonly band: ConfidenceBand | null;
  /** Sum of the weights of the known factors, 0..1. */
  readonly coverage: number;
  /** Mean of the factors before the multiplier. */
  readonly mean: number | null;
  /** Of the timeframe: 0.8, 1 or 1.2. */
  readonly multiplier: number;
  readonly factors: ConfidenceFactors;
}

const WEIGHTS = { volume: 0.3, trend: 0.25, context: 0.2, history: 0.15, convergence: 0.1 } as const;
const FIT_WEIGHT = 0.7;
const BIAS_WEIGHT = 0.3;
/** Below it a band is at most medium. */
const LEAST_COVERAGE = 0.6;
const BANDS: readonly (readonly [least: number, band: ConfidenceBand])[] = [
  [0.9, "extreme"],
  [0.75, "high"],
  [0.6, "medium"],
  [0.4, "low"],
];
const MULTIPLIERS: Readonly<Record<Timeframe, number>> = {
  "1m": 0.8,
  "3m": 0.8,
  "5m": 0.8,
  "15m": 0.8,
  "30m": 1,
  "1h": 1,
  "4h": 1,
  "1d": 1.2,
  "1w": 1.2,
};

/** `weighted_confidence` of metrics book 8. */
export function computeWeightedConfidence(inputs: WeightedConfidenceInputs): WeightedConfidence {
  return combineConfidenceFactors(computeConfidenceFactors(inputs), inputs.timeframe);
}

/** The grade of given factors: with those of a recorded grade it gives the same bits again. */
export function combineConfidenceFactors(factors: ConfidenceFactors, timeframe: Timeframe): WeightedConfidence {
  const parts = (Object.keys(WEIGHTS) as (keyof typeof WEIGHTS)[]).map((name) => ({ weight: WEIGHTS[name], value: factors[name] }));
  const { value: mean, coverage } = weightedMean(parts);
  const multiplier = MULTIPLIERS[timeframe];
  const value = mean === null ? null : roundDerived(Math.min(1, mean * multiplier));
  const band = value === null ? null : bandOf(value, coverage);
  return { algo: ALGORITHMS.weightedConfidence, value, band, coverage, mean, multiplier, factors };
}

/** The factors that grades A and C are made of. */
export function computeConfidenceFactors(inputs: WeightedConfidenceInputs): ConfidenceFactors {
  return {
    volume: rounded(volumeFactor(inputs)),
    trend: rounded(trendFactor(inputs)),
    context: contextFactor(inputs),
    history: rounded(inputs.history),
    convergence: inputs.confirmingTimeframes === null ? null : roundDerived(clamp01(inputs.confirmingTimeframes / 3)),
  };
}

function bandOf(value: number, coverage: number): ConfidenceBand {
  const band = BANDS.find(([least]) => value >= least)?.[1] ?? "very_low";
  return coverage < LEAST_COVERAGE && (band === "extreme" || band === "high") ? "medium" : band;
}

function volumeFactor({ volumeSpike, vd, direction }: WeightedConfidenceInputs): number | null {
  if (volumeSpike === null) return null;
  const factor = clamp01((volumeSpike - 0.5) / 2);
  const opposes = vd !== null && vd * direction < 0;
  return opposes ? factor * 0.5 : factor;
}

function trendFactor({ trendContext, higherDirection, trendStrength, direction }: WeightedConfidenceInputs): number | null {
  if (trendContext === false) return 0;
  if (higherDirection === null || trendStrength === null) return null;
  return clamp01(0.5 + 0.5 * higherDirection * direction * trendStrength);
}

/** Regime fit and bias, 70 to 30; one alone where the other is unknown. */
function contextFactor({ regime, nature, marketBias, direction }: WeightedConfidenceInputs): number | null {
  const bias = marketBias === null ? null : clamp01(0.5 + 0.5 * direction * marketBias);
  return weightedMean([
    { weight: FIT_WEIGHT, value: regime === null ? null : regimeFit(regime, nature) },
    { weight: BIAS_WEIGHT, value: bias },
  ]).value;
}

/** How well a kind of pattern suits a regime; null for a pattern that neither turns nor goes on. */
function regimeFit(regime: Regime, nature: PatternNature | null): number | null {
  if (regime === "volatile" || regime === "quiet") return 0.5;
  if (nature === null) return null;
  if (regime === "range") return nature === "reversal" ? 1 : 0.4;
  return nature === "reversal" ? 0.3 : 1;
}

function rounded(value: number | null): number | null {
  return value === null ? null : roundDerived(value);
}
