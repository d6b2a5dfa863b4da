import { roundDerived } from "@tickfleet/market/exact";
import { ALGORITHMS } from "./algorithms.ts";

/** Outcomes of past signals that were resolved before the signal at hand. */
export interface OutcomeCount {
  /** Target before stop. */
  readonly wins: number;
  /** All resolved ones, wins included. */
  readonly outcomes: number;
}

export interface OutcomeEvidence {
  /** Finest bucket first (symbol class, timeframe, regime), each later one coarser. */
  readonly buckets: readonly OutcomeCount[];
  /** The pattern's class over all symbols. */
  readonly patternClass: OutcomeCount;
}

export interface OutcomeHistory {
  readonly algo: typeof ALGORITHMS.outcomeHistory;
  /** Posterior mean of the hit rate, 0..1. */
  readonly value: number;
  /** Prior rate: that of the class, 0.5 where the class has too few outcomes. */
  readonly prior: number;
  /** Place of the bucket taken, -1 where there was none. */
  readonly bucket: number;
  readonly taken: OutcomeCount;
}

/** Weight of the prior, in outcomes. */
const PRIOR_OUTCOMES = 10;
const LEAST_BUCKET_OUTCOMES = 30;
const LEAST_CLASS_OUTCOMES = 100;

/** Beta posterior mean (wins + 10·p0)/(n + 10) of the first bucket with 30 outcomes, else of the coarsest (metrics book 8). */
export function computeOutcomeHistory({ buckets, patternClass }: OutcomeEvidence): OutcomeHistory {
  const enough = buckets.findIndex(({ outcomes }) => outcomes >= LEAST_BUCKET_OUTCOMES);
  const bucket = enough === -1 ? buckets.length - 1 : enough;
  const { wins, outcomes } = buckets[bucket] ?? { wins: 0, outcomes: 0 };
  const prior = patternClass.outcomes < LEAST_CLASS_OUTCOMES ? 0.5 : roundDerived(patternClass.wins / patternClass.outcomes);
  const value = roundDerived((wins + PRIOR_OUTCOMES * prior) / (outcomes + PRIOR_OUTCOMES));
  return { algo: ALGORITHMS.outcomeHistory, value, prior, bucket, taken: { wins, outcomes } };
}
