import { roundDerived } from "@tickfleet/market/exact";

/** One score of several: 0..1, null where it could not be measured. */
export interface WeightedPart {
  readonly weight: number;
  readonly value: number | null;
}

/** Mean of what was measured. */
export interface WeightedMean {
  /** 0..1 for parts in 0..1, 12 significant digits; null where nothing was measured. */
  readonly value: number | null;
  /** Sum of the weights measured: 1 where nothing is missing and the weights sum to 1. */
  readonly coverage: number;
}

/** Weighted mean over the parts that are there, their weights renormalised (metrics book 8, "missing factor"). */
export function weightedMean(parts: readonly WeightedPart[]): WeightedMean {
  let sum = 0;
  let weights = 0;
  for (const { weight, value } of parts) {
    if (value === null) continue;
    sum += weight * value;
    weights += weight;
  }
  return { value: weights === 0 ? null : roundDerived(clamp01(sum / weights)), coverage: roundDerived(weights) };
}

/** `c01` of the metrics book: the value, at least 0 and at most 1. */
export function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
