import { describe, expect, test } from "vitest";
import { NAMED_INDICATORS } from "../test/every-indicator.ts";
import { columnsOf, generatedCandles } from "../test/generated-candles.ts";
import type { Indicator, IndicatorCandle, IndicatorResult } from "./indicator.ts";
import { computeSeries } from "./series.ts";

const CANDLES = generatedCandles(600, 5, true);
const WITHOUT_TRADES: IndicatorCandle = { openTime: 0, high: null, low: null, close: null, volumeBase: 0, sessionOpenTime: 0 };

/** The result is reused, so a test keeps a copy. */
const kept = (result: IndicatorResult): IndicatorResult => ({ values: { ...result.values }, undefined: result.undefined });
const follow = (indicator: Indicator, candles: readonly IndicatorCandle[]): IndicatorResult[] =>
  candles.map((candle) => kept(indicator.update(candle)));

describe.each(NAMED_INDICATORS)("%s", (_, create) => {
  test("has no value before its warm-up and all of them exactly at it", () => {
    const indicator = create();
    const results = follow(indicator, generatedCandles(indicator.warmup + 20));
    for (const [i, { values, undefined: isUndefined }] of results.entries()) {
      expect(Object.keys(values)).toEqual(indicator.outputs);
      const isReady = i + 1 >= indicator.warmup;
      for (const output of indicator.outputs) expect(typeof values[output], `candle ${i}`).toBe(isReady ? "number" : "object");
      if (!isReady) expect(isUndefined).toBe(false);
    }
  });

  test("its values are numbers, never -0, and null for candles without trades alone", () => {
    const indicator = create();
    let traded = 0;
    const wrong = CANDLES.filter((candle) => {
      if (candle.close !== null) traded++;
      const isNull = candle.close === null || traded < indicator.warmup;
      const values = Object.values(indicator.update(candle).values);
      return !values.every((value) => (value === null ? isNull : !isNull && Number.isFinite(value) && !Object.is(value, -0)));
    });
    expect(wrong).toEqual([]);
  });

  test("a candle without trades changes nothing", () => {
    const indicator = create();
    const other = create();
    const candles = generatedCandles(200);
    const results = follow(
      indicator,
      candles.flatMap((candle) => [WITHOUT_TRADES, candle]),
    );
    expect(results.filter((_, i) => i % 2 === 1)).toEqual(follow(other, candles));
    expect(indicator.snapshot()).toEqual(other.snapshot());
  });

  test("a series is the fold over its updates, bit for bit", () => {
    const results = follow(create(), CANDLES);
    const series = computeSeries(create(), columnsOf(CANDLES));
    for (const output of create().outputs) {
      expect([...(series.values[output] as Float64Array)]).toEqual(results.map(({ values }) => values[output] ?? Number.NaN));
    }
    expect([...series.undefined]).toEqual(results.map((result) => (result.undefined ? 1 : 0)));
  });

  test("a peek changes nothing and says what the update will say", () => {
    const indicator = create();
    const candles = CANDLES.slice(60, 240);
    const before: string[] = [];
    const after: string[] = [];
    const peeked: IndicatorResult[] = [];
    for (const candle of candles) {
      before.push(JSON.stringify(indicator.snapshot()));
      for (const other of candles.slice(7, 10)) indicator.peek(other);
      peeked.push(kept(indicator.peek(candle)));
      after.push(JSON.stringify(indicator.snapshot()));
      indicator.update(candle);
    }
    expect(after).toEqual(before);
    expect(peeked).toEqual(follow(create(), candles));
  });

  test("a peek leaves the last update's result as it is", () => {
    const indicator = create();
    const updated = indicator.update(CANDLES[0] as IndicatorCandle);
    for (const candle of CANDLES.slice(1, 60)) indicator.update(candle);
    const held = kept(updated);
    for (const candle of CANDLES.slice(70, 80)) indicator.peek(candle);
    expect(kept(updated)).toEqual(held);
  });

  test("goes on from a snapshot in JSON as if nothing had been", () => {
    for (const cut of [0, 1, 2, 13, 27, 40, 147, 399]) {
      const indicator = create();
      follow(indicator, CANDLES.slice(0, cut));
      const restored = create();
      follow(restored, CANDLES.slice(0, 50));
      restored.restore(JSON.parse(JSON.stringify(indicator.snapshot())));
      expect(restored.snapshot()).toEqual(indicator.snapshot());
      expect(follow(restored, CANDLES.slice(cut))).toEqual(follow(indicator, CANDLES.slice(cut)));
      expect(restored.snapshot()).toEqual(indicator.snapshot());
    }
  });

  test("forgets everything on reset", () => {
    const indicator = create();
    follow(indicator, CANDLES);
    indicator.reset();
    expect(indicator.snapshot()).toEqual(create().snapshot());
    expect(follow(indicator, CANDLES)).toEqual(follow(create(), CANDLES));
  });

  test("a window knows nothing of what was before it", () => {
    const indicator = create();
    expect(indicator.scope).toBe(indicator.window === null ? "running" : "window");
    if (indicator.window === null) return;
    const candles = generatedCandles(300);
    const { window } = indicator;
    const fresh = candles.slice(window - 1).map((_, i) => follow(create(), candles.slice(i, i + window)).at(-1));
    expect(fresh).toEqual(follow(indicator, candles).slice(window - 1));
  });

  test("refuses numbers that are not finite, and stays as it was", () => {
    const indicator = create();
    const other = create();
    const [first, ...rest] = generatedCandles(60) as [IndicatorCandle, ...IndicatorCandle[]];
    indicator.update(first);
    other.update(first);
    for (const broken of [{ high: Number.NaN }, { low: -Infinity }, { close: Infinity }, { volumeBase: Number.NaN }]) {
      expect(() => indicator.update({ ...first, ...broken })).toThrow(RangeError);
    }
    expect(follow(indicator, rest)).toEqual(follow(other, rest));
  });

  test("refuses snapshots that are not its own or not whole, and is then as new", () => {
    const indicator = create();
    follow(indicator, CANDLES);
    const { id, numbers } = indicator.snapshot();
    const broken = [
      { id: `other-${id}`, numbers },
      { id, numbers: numbers.slice(1) },
      { id, numbers: [...numbers, 0] },
      { id, numbers: [Number.NaN, ...numbers.slice(1)] },
    ];
    for (const snapshot of broken) {
      expect(() => indicator.restore(snapshot)).toThrow(RangeError);
      expect(indicator.snapshot()).toEqual(create().snapshot());
    }
  });
});

test("ids are unique and name version and parameters", () => {
  const ids = NAMED_INDICATORS.map(([id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z]+)*@\d+\.\d+\.\d+\(([a-zA-Z]+=[\w.-]+(,[a-zA-Z]+=[\w.-]+)*)?\)$/);
});
