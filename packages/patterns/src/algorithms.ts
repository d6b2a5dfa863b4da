/**
 * Versions of what this package computes, as `name@semver`; every result carries its own. Any change of a formula raises
 * the version: the patch where no input gives another number, else the minor or major. A committed table of hashes
 * notices where it was forgotten.
 */
export const ALGORITHMS = {
  candlesticks: "candlesticks@1.0.0",
  trendTest: "trend-test@1.0.0",
  outcomeHistory: "outcome-history@1.0.0",
  weightedConfidence: "weighted-confidence@1.0.0",
  boostedConfidence: "boosted-confidence@1.0.0",
  reliability: "reliability@1.0.0",
  signalLevel: "signal-level@1.0.0",
  signalDebounce: "signal-debounce@1.0.0",
  judgement: "judgement@1.0.0",
} as const;
