import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BoostedConfidenceInputs, computeBoostedConfidence, countTimeframes } from "./boosted-confidence.ts";

const INPUTS: BoostedConfidenceInputs = { quality: 0.5, output: 100, volumeSpike: 2, move: 3, atr: 4, confirmingTimeframes: 1 };
const grade = (change: Partial<BoostedConfidenceInputs> = {}) => computeBoostedConfidence({ ...INPUTS, ...change });

describe("boosted confidence", () => {
  test("adds its boosts to the base", () => {
    // 30 + 40·0.5, + 30·0.5, + 20·0.75, + 10
    expect(grade()).toEqual({
      algo: "boosted-confidence@1.0.0",
      value: 0.9,
      tier: "medium",
      base: 50,
      volume: 15,
      price: 15,
      timeframes: 10,
    });
  });

  test("lowers the base of 80, raises that of 200, whatever the sign", () => {
    expect([80, -80, 200, -200, null].map((output) => grade({ output }).base)).toEqual([40, 40, 60, 60, 50]);
  });

  test("caps every boost and the sum", () => {
    expect(grade({ volumeSpike: 99, move: 99, confirmingTimeframes: 8, quality: 1 })).toMatchObject({
      value: 1,
      base: 70,
      volume: 30,
      price: 20,
      timeframes: 30,
    });
    expect(grade({ volumeSpike: 0.2, move: -5, confirmingTimeframes: 0 })).toMatchObject({
      value: 0.5,
      volume: 0,
      price: 0,
      timeframes: 0,
    });
  });

  test("what is unknown boosts nothing, and without a quality there is no grade", () => {
    expect(grade({ volumeSpike: null, atr: null })).toMatchObject({ value: 0.6, volume: null, price: null });
    expect(grade({ atr: 0 }).price).toBeNull();
    expect(grade({ quality: null })).toMatchObject({ value: null, tier: null, base: null, volume: 15 });
  });

  test("its tier needs two confirming timeframes to be strong", () => {
    expect(grade({ confirmingTimeframes: 2 }).tier).toBe("strong");
    expect(grade({ confirmingTimeframes: 2, quality: 0.25, volumeSpike: null, move: 4 })).toMatchObject({ value: 0.8, tier: "medium" });
    expect(grade({ confirmingTimeframes: 1, volumeSpike: null, move: 0 })).toMatchObject({ value: 0.6, tier: "medium" });
    expect(grade({ confirmingTimeframes: 0, volumeSpike: null, move: 1.999 }).tier).toBe("weak");
  });

  test("lies in 0..1 and recomputes from its record", () => {
    const maybe = (least: number, most: number) => fc.option(fc.double({ min: least, max: most, noNaN: true }), { nil: null });
    const inputs = fc.record({
      quality: maybe(0, 1),
      output: fc.constantFrom(null, 80, -80, 100, -100, 200, -200),
      volumeSpike: maybe(0, 30),
      move: maybe(-1e5, 1e5),
      atr: maybe(0, 1e5),
      confirmingTimeframes: fc.nat(8),
    });
    fc.assert(
      fc.property(inputs, (given) => {
        const result = computeBoostedConfidence(given);
        expect(computeBoostedConfidence(JSON.parse(JSON.stringify(given)))).toEqual(result);
        if (result.value !== null) expect(result.value >= 0 && result.value <= 1).toBe(true);
      }),
    );
  });
});

test("timeframes count as neighbours in the set of nine", () => {
  expect(countTimeframes(["1h"])).toEqual({ count: 1, tier: "weak" });
  expect(countTimeframes(["1h", "1m", "3m"])).toEqual({ count: 2, tier: "medium" });
  expect(countTimeframes(["15m", "5m", "1h", "30m"])).toEqual({ count: 4, tier: "strong" });
  expect(countTimeframes(["1m", "5m", "30m"])).toEqual({ count: 1, tier: "weak" });
  expect(countTimeframes([])).toEqual({ count: 0, tier: null });
});
