import { ALGORITHMS } from "./algorithms.ts";
import { clamp01, weightedMean } from "./score.ts";
import type { ConfidenceFactors } from "./weighted-confidence.ts";

/** Grade C with its parts, each 0..1, null where unknown. */
export interface Reliability {
  readonly algo: typeof ALGORITHMS.reliability;
  /** 0..1; null where nothing is known. */
  readonly value: number | null;
  /** Sum of the weights of the known parts, 0..1. */
  readonly coverage: number;
  /** Mean of geometric quality and trend factor. */
  readonly technical: number | null;
  readonly historical: number | null;
  readonly market: number | null;
  readonly volume: number | null;
}

/** `reliability` of metrics book 8: `quality` is Q (0..1), the factors are those of `weighted_confidence`. */
export function computeReliability(quality: number | null, factors: ConfidenceFactors): Reliability {
  const technical = weightedMean([
    { weight: 1, value: quality === null ? null : clamp01(quality) },
    { weight: 1, value: factors.trend },
  ]).value;
  const { history: historical, context: market, volume } = factors;
  const { value, coverage } = weightedMean([
    { weight: 0.4, value: technical },
    { weight: 0.3, value: historical },
    { weight: 0.2, value: market },
    { weight: 0.1, value: volume },
  ]);
  return { algo: ALGORITHMS.reliability, value, coverage, technical, historical, market, volume };
}
