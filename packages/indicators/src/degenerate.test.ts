import { describe, expect, test } from "vitest";
import { createAdx } from "./adx.ts";
import { createBbands } from "./bbands.ts";
import { createCci } from "./cci.ts";
import type { Indicator, IndicatorCandle } from "./indicator.ts";
import { createLinearregSlope } from "./linearreg-slope.ts";
import { createMacd } from "./macd.ts";
import { createMfi } from "./mfi.ts";
import { createMinusDi } from "./minus-di.ts";
import { createNatr } from "./natr.ts";
import { createPlusDi } from "./plus-di.ts";
import { createRoc } from "./roc.ts";
import { createRsi } from "./rsi.ts";
import { createSma } from "./sma.ts";
import { createStddev } from "./stddev.ts";
import { createStoch } from "./stoch.ts";
import { createStochf } from "./stochf.ts";
import { createVwap } from "./vwap.ts";
import { createWillr } from "./willr.ts";

const MINUTE_MS = 60_000;
const candleAt = (i: number, price: number, volumeBase = 1, range = 0): IndicatorCandle => ({
  openTime: i * MINUTE_MS,
  high: price + range,
  low: price - range,
  close: price,
  volumeBase,
});

/** Result of the last of so many candles. */
function last(indicator: Indicator, candles: readonly IndicatorCandle[]): { values: unknown; undefined: boolean } {
  for (const candle of candles.slice(0, -1)) indicator.update(candle);
  const result = indicator.update(candles.at(-1) as IndicatorCandle);
  return { values: { ...result.values }, undefined: result.undefined };
}

// 0.1 is no sum of powers of two: what is not exact shows.
const FLAT = Array.from({ length: 60 }, (_, i) => candleAt(i, 60_000.1));

describe("where nothing moves", () => {
  test.each<[Indicator, Record<string, number>, boolean]>([
    [createRsi(), { rsi: 0 }, true],
    [createStoch(), { slowK: 0, slowD: 0 }, true],
    [createStochf(), { fastK: 0, fastD: 0 }, true],
    [createWillr(), { willr: 0 }, true],
    [createCci(), { cci: 0 }, true],
    [createMfi(), { mfi: 0 }, true],
    [createPlusDi(), { plusDi: 0 }, true],
    [createMinusDi(), { minusDi: 0 }, true],
    [createAdx(), { adx: 0, plusDi: 0, minusDi: 0 }, true],
    [createStddev(), { stddev: 0 }, false],
    [createLinearregSlope(), { linearregSlope: 0 }, false],
    [createMacd(), { macd: 0, signal: 0, histogram: 0 }, false],
    [createBbands(), { upper: 60_000.1, middle: 60_000.1, lower: 60_000.1 }, false],
    [createNatr(), { natr: 0 }, false],
  ])("$id", (indicator, values, isUndefined) => {
    expect(last(indicator, FLAT)).toEqual({ values, undefined: isUndefined });
  });

  test("deviation and index are exactly 0 as soon as the window is flat, whatever was before", () => {
    for (const before of [59_000.3, 1e9, 1e-9, -5]) {
      const candles = [...Array.from({ length: 31 }, (_, i) => candleAt(i, before * (1 + i / 7))), ...FLAT.slice(0, 20)];
      expect(last(createStddev(), candles).values).toEqual({ stddev: 0 });
      expect(last(createCci(), candles)).toEqual({ values: { cci: 0 }, undefined: true });
    }
  });
});

test("a stochastic is undefined as long as one of the averaged windows was flat", () => {
  const indicator = createStoch({ fastKPeriod: 2, slowKPeriod: 2, slowDPeriod: 2 });
  const prices = [1, 2, 3, 3, 3, 4, 5, 6, 7];
  const flags = prices.map((price, i) => indicator.update(candleAt(i, price)).undefined);
  // Windows of two candles are flat at 3 and 4; the values average three of them, and begin at 3.
  expect(flags).toEqual([false, false, false, true, true, true, true, false, false]);
});

test("the directional index holds where no direction moves but ranges do", () => {
  const moving = Array.from({ length: 30 }, (_, i) => candleAt(i, 100 + i, 1, 1));
  const indicator = createAdx({ period: 3 });
  const still = candleAt(31, 129, 1, 1);
  const before = last(indicator, moving);
  expect(last(indicator, [still])).toEqual({ values: expect.objectContaining({ minusDi: 0 }), undefined: false });
  expect(before).toMatchObject({ values: { minusDi: 0 }, undefined: false });
  const neutral = createAdx({ period: 2 });
  const flatRanges = Array.from({ length: 9 }, (_, i) => candleAt(i, 100, 1, 1));
  expect(last(neutral, flatRanges)).toEqual({ values: { adx: 0, plusDi: 0, minusDi: 0 }, undefined: false });
});

test("a price of 0 a period ago, or now, is undefined", () => {
  expect(last(createRoc({ period: 1 }), [candleAt(0, 0), candleAt(1, 5)])).toEqual({ values: { roc: 0 }, undefined: true });
  expect(last(createNatr({ period: 1 }), [candleAt(0, 5), candleAt(1, 0)])).toEqual({ values: { natr: 0 }, undefined: true });
});

test("a money flow below 1 is undefined, one of 1 is not", () => {
  const flowOf = (volume: number): unknown => last(createMfi({ period: 2 }), [candleAt(0, 1), candleAt(1, 2, volume), candleAt(2, 1, 0)]);
  expect(flowOf(0.49)).toEqual({ values: { mfi: 0 }, undefined: true });
  expect(flowOf(0.5)).toEqual({ values: { mfi: 100 }, undefined: false });
});

describe("vwap", () => {
  test("is null while there is no volume, and begins again with its anchor", () => {
    const vwap = createVwap({ anchor: "utc-hour", price: "hlc3" });
    const of = (minute: number, price: number, volume: number) => vwap.update(candleAt(minute, price, volume)).values.vwap;
    expect([of(0, 10, 0), of(1, 10, 1), of(59, 20, 3), of(60, 30, 0), of(61, 40, 1)]).toEqual([null, 10, 17.5, null, 40]);
  });

  test("rolls over candles and is exactly null where they have no volume", () => {
    const vwap = createVwap({ period: 2, price: "hlc3" });
    const of = (price: number, volume: number) => vwap.update(candleAt(0, price, volume)).values.vwap;
    expect([of(10, 1e-9), of(20, 1e12), of(30, 0), of(40, 0), of(50, 2)]).toEqual([null, 20, 20, null, 50]);
  });

  test("takes the trades' sum where there is one, else the typical price", () => {
    const vwap = createVwap({ period: 1 });
    expect(vwap.update({ ...candleAt(0, 10, 2), sumPriceSize: 22 }).values.vwap).toBe(11);
    expect(vwap.update({ ...candleAt(0, 10, 2), sumPriceSize: null }).values.vwap).toBe(10);
    expect(vwap.update(candleAt(0, 10, 2)).values.vwap).toBe(10);
  });

  test("of sessions needs to be told of them", () => {
    const vwap = createVwap({ anchor: "session" });
    expect(() => vwap.update(candleAt(0, 10))).toThrow(RangeError);
    const of = (session: number, price: number) => vwap.update({ ...candleAt(0, price), sessionOpenTime: session }).values.vwap;
    expect([of(1, 10), of(1, 20), of(2, 30)]).toEqual([10, 15, 30]);
  });
});

test("parameters that make no sense are refused", () => {
  for (const period of [0, -1, 1.5, Number.NaN, 100_001]) expect(() => createSma({ period })).toThrow(RangeError);
  expect(() => createRsi({ period: 1 })).toThrow("expected period to be an integer from 2 to 100000, found 1");
  expect(() => createBbands({ deviationsUp: Number.POSITIVE_INFINITY })).toThrow(RangeError);
});

test("a fast period above the slow one changes places with it", () => {
  expect(createMacd({ fastPeriod: 26, slowPeriod: 12 }).id).toBe(createMacd().id);
});
