import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { computeOutcomeHistory } from "./outcome-history.ts";
import { computeReliability } from "./reliability.ts";
import { clamp01, weightedMean } from "./score.ts";
import {
  combineConfidenceFactors,
  computeConfidenceFactors,
  computeWeightedConfidence,
  type WeightedConfidenceInputs,
} from "./weighted-confidence.ts";

const NOTHING: WeightedConfidenceInputs = {
  timeframe: "1h",
  direction: 1,
  nature: null,
  volumeSpike: null,
  vd: null,
  trendContext: null,
  higherDirection: null,
  trendStrength: null,
  regime: null,
  marketBias: null,
  history: null,
  confirmingTimeframes: null,
};
const ALL: WeightedConfidenceInputs = {
  ...NOTHING,
  nature: "reversal",
  volumeSpike: 1.7,
  vd: 12,
  trendContext: true,
  higherDirection: 1,
  trendStrength: 0.4,
  regime: "range",
  marketBias: -0.2,
  history: 0.55,
  confirmingTimeframes: 2,
};

describe("weighted confidence", () => {
  test("is the weighted mean of its five factors", () => {
    // 0.3·0.6 + 0.25·0.7 + 0.2·(0.7·1 + 0.3·0.4) + 0.15·0.55 + 0.1·2/3 = 0.668166…
    expect(computeWeightedConfidence(ALL)).toEqual({
      algo: "weighted-confidence@1.0.0",
      value: 0.668166666667,
      band: "medium",
      coverage: 1,
      mean: 0.668166666667,
      multiplier: 1,
      factors: { volume: 0.6, trend: 0.7, context: 0.82, history: 0.55, convergence: 0.666666666667 },
    });
  });

  test("takes the timeframe's multiplier, at most 1", () => {
    expect(computeWeightedConfidence({ ...ALL, timeframe: "5m" }).value).toBe(0.534533333334);
    expect(computeWeightedConfidence({ ...ALL, timeframe: "1d" }).value).toBe(0.8018);
    expect(computeWeightedConfidence({ ...NOTHING, timeframe: "1w", history: 0.9 }).value).toBe(1);
  });

  test("renormalises what is missing and says how much was there", () => {
    const { mean, coverage } = computeWeightedConfidence({ ...ALL, history: null, confirmingTimeframes: null });
    // (0.3·0.6 + 0.25·0.7 + 0.2·0.82) / 0.75
    expect({ mean, coverage }).toEqual({ mean: 0.692, coverage: 0.75 });
    expect(computeWeightedConfidence(NOTHING)).toMatchObject({ value: null, band: null, mean: null, coverage: 0 });
  });

  test("bands begin at their limits, and little coverage is at most medium", () => {
    const band = (mean: number, missing: object = {}) =>
      combineConfidenceFactors({ volume: mean, trend: mean, context: mean, history: mean, convergence: mean, ...missing }, "1h").band;
    expect([0.9, 0.8999, 0.75, 0.6, 0.4, 0.3999].map((mean) => band(mean))).toEqual([
      "extreme",
      "high",
      "high",
      "medium",
      "low",
      "very_low",
    ]);
    expect(band(0.95, { volume: null, convergence: null })).toBe("extreme");
    expect(band(0.95, { volume: null, context: null })).toBe("medium");
    expect(band(0.5, { volume: null, context: null })).toBe("low");
  });

  test("halves the volume where delta opposes, and drops the trend where its test failed", () => {
    const factors = (change: Partial<WeightedConfidenceInputs>) => computeConfidenceFactors({ ...ALL, ...change });
    expect(factors({ vd: -1 }).volume).toBe(0.3);
    expect(factors({ vd: -1, direction: -1 }).volume).toBe(0.6);
    expect(factors({ vd: null }).volume).toBe(0.6);
    expect(factors({ volumeSpike: 0.4 }).volume).toBe(0);
    expect(factors({ volumeSpike: 9 }).volume).toBe(1);
    expect(factors({ trendContext: false }).trend).toBe(0);
    expect(factors({ higherDirection: -1 }).trend).toBe(0.3);
    expect(factors({ higherDirection: 0 }).trend).toBe(0.5);
    expect(factors({ higherDirection: null }).trend).toBeNull();
  });

  test("fits patterns to regimes and blends in the bias", () => {
    const context = (change: Partial<WeightedConfidenceInputs>) => computeConfidenceFactors({ ...NOTHING, ...change }).context;
    const fits = (["range", "trend_up", "trend_down", "volatile", "quiet"] as const).map((regime) => [
      context({ regime, nature: "reversal" }),
      context({ regime, nature: "continuation" }),
    ]);
    expect(fits).toEqual([
      [1, 0.4],
      [0.3, 1],
      [0.3, 1],
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
    expect(context({ regime: "range", nature: null })).toBeNull();
    expect(context({ marketBias: -1 })).toBe(0);
    expect(context({ marketBias: -1, direction: -1 })).toBe(1);
    expect(context({ regime: "range", nature: "continuation", marketBias: 1 })).toBe(0.58);
  });
});

test("the history is the posterior of the finest bucket with 30 outcomes", () => {
  const patternClass = { wins: 60, outcomes: 100 };
  const fine = { wins: 20, outcomes: 29 };
  const coarse = { wins: 24, outcomes: 40 };
  expect(computeOutcomeHistory({ buckets: [fine, coarse], patternClass })).toEqual({
    algo: "outcome-history@1.0.0",
    value: 0.6,
    prior: 0.6,
    bucket: 1,
    taken: coarse,
  });
  expect(computeOutcomeHistory({ buckets: [fine], patternClass: { wins: 99, outcomes: 99 } })).toMatchObject({
    value: 0.641025641026,
    prior: 0.5,
    bucket: 0,
  });
  expect(computeOutcomeHistory({ buckets: [], patternClass })).toMatchObject({ value: 0.6, bucket: -1 });
});

test("reliability takes technical, historical, market and volume parts", () => {
  const { factors } = computeWeightedConfidence(ALL);
  // 0.4·(0.5 + 0.7)/2 + 0.3·0.55 + 0.2·0.82 + 0.1·0.6 = 0.629
  expect(computeReliability(0.5, factors)).toMatchObject({ algo: "reliability@1.0.0", value: 0.629, coverage: 1, technical: 0.6 });
  expect(computeReliability(null, { ...factors, history: null })).toMatchObject({ technical: 0.7, value: 0.72, coverage: 0.7 });
});

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null });
const inputs = fc.record({
  timeframe: fc.constantFrom("1m", "30m", "1w"),
  direction: fc.constantFrom(-1, 0, 1),
  nature: fc.constantFrom("reversal", "continuation", null),
  volumeSpike: maybe(fc.double({ min: 0, max: 50, noNaN: true })),
  vd: maybe(fc.double({ min: -1e9, max: 1e9, noNaN: true })),
  trendContext: fc.constantFrom(true, false, null),
  higherDirection: fc.constantFrom(-1, 0, 1, null),
  trendStrength: maybe(unit),
  regime: fc.constantFrom("trend_up", "trend_down", "range", "volatile", "quiet", null),
  marketBias: maybe(fc.double({ min: -1, max: 1, noNaN: true })),
  history: maybe(unit),
  confirmingTimeframes: maybe(fc.nat(8)),
}) as fc.Arbitrary<WeightedConfidenceInputs>;

test("every grade lies in 0..1, recomputes from its record, and mirrors", () => {
  fc.assert(
    fc.property(inputs, maybe(unit), (given, quality) => {
      const grade = computeWeightedConfidence(given);
      const reliability = computeReliability(quality, grade.factors);
      for (const value of [grade.value, grade.mean, reliability.value, ...Object.values(grade.factors)]) {
        if (value !== null) expect(value >= 0 && value <= 1).toBe(true);
      }
      const recorded = JSON.parse(JSON.stringify({ given, grade, reliability }));
      expect(combineConfidenceFactors(recorded.grade.factors, given.timeframe)).toEqual(grade);
      expect(computeWeightedConfidence(recorded.given)).toEqual(grade);
      expect(computeReliability(quality, recorded.grade.factors)).toEqual(reliability);
      const { direction, vd, higherDirection, marketBias } = given;
      const negated = {
        direction: -direction,
        vd: vd && -vd,
        higherDirection: higherDirection && -higherDirection,
        marketBias: marketBias && -marketBias,
      };
      expect(computeWeightedConfidence({ ...given, ...negated } as WeightedConfidenceInputs)).toEqual(grade);
    }),
  );
});

test("a mean of what is there lies between its parts and ignores what is not", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.double({ min: 0.01, max: 1, noNaN: true }), maybe(unit)), { maxLength: 8 }), (pairs) => {
      const parts = pairs.map(([weight, value]) => ({ weight, value }));
      const known = parts.filter(({ value }) => value !== null);
      const mean = weightedMean(parts);
      expect(mean).toEqual(weightedMean(known));
      const values = known.map(({ value }) => value as number);
      expect(mean.value === null).toBe(values.length === 0);
      expect(mean.value ?? 1).toBeGreaterThanOrEqual(Math.min(...values, 1) - 1e-11);
      expect(mean.value ?? 0).toBeLessThanOrEqual(Math.max(...values, 0) + 1e-11);
    }),
  );
  expect([-1, 0.25, 2].map(clamp01)).toEqual([0, 0.25, 1]);
});
