import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomNumbers } from "../test/generated-candles.ts";
import { createAdx } from "./adx.ts";
import { createAtr } from "./atr.ts";
import { createBbands } from "./bbands.ts";
import { createCci } from "./cci.ts";
import { createDonchian } from "./donchian.ts";
import type { Indicator, IndicatorCandle } from "./indicator.ts";
import { createLinearregSlope } from "./linearreg-slope.ts";
import { createMfi } from "./mfi.ts";
import { createMom } from "./mom.ts";
import { createPlusDi } from "./plus-di.ts";
import { createRsi } from "./rsi.ts";
import { createSma } from "./sma.ts";
import { createStddev } from "./stddev.ts";
import { createStoch } from "./stoch.ts";
import { createStochf } from "./stochf.ts";
import { createVwap } from "./vwap.ts";
import { createWillr } from "./willr.ts";

const cents = fc.integer({ min: 1, max: 100_000 });
const candles = fc.array(
  fc.tuple(cents, cents, cents, fc.integer({ min: 0, max: 10_000 })).map(([a, b, c, volume]): IndicatorCandle => {
    const [low, close, high] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
    return { openTime: 0, high: high / 100, low: low / 100, close: close / 100, volumeBase: volume / 100 };
  }),
  { minLength: 1, maxLength: 60 },
);

function valuesOf(indicator: Indicator, series: readonly IndicatorCandle[]): Record<string, number>[] {
  return series.flatMap((candle) => {
    const { values } = indicator.update(candle);
    return Object.values(values).includes(null) ? [] : [{ ...values } as Record<string, number>];
  });
}

function scaled(candle: IndicatorCandle, factor: number): IndicatorCandle {
  const by = (x: number | null): number => (x as number) * factor;
  return { ...candle, high: by(candle.high), low: by(candle.low), close: by(candle.close) };
}

/** Rounding may carry a mean of equal numbers past them. */
const SLACK = 1e-9;

describe("ranges", () => {
  test.each<[string, () => Indicator, number, number]>([
    ["rsi", () => createRsi({ period: 3 }), 0, 100],
    ["stoch", () => createStoch({ fastKPeriod: 4 }), 0, 100],
    ["stochf", () => createStochf({ fastKPeriod: 4 }), 0, 100],
    ["willr", () => createWillr({ period: 4 }), -100, 0],
    ["mfi", () => createMfi({ period: 3 }), 0, 100],
    ["adx", () => createAdx({ period: 3 }), 0, 100],
    ["stddev", () => createStddev({ period: 3 }), 0, 1_000],
    ["atr", () => createAtr({ period: 3 }), 0, 1_000],
  ])("%s", (_, create, least, most) => {
    fc.assert(
      fc.property(candles, (series) => {
        for (const value of valuesOf(create(), series).flatMap((values) => Object.values(values))) {
          expect(value).toBeGreaterThanOrEqual(least - SLACK);
          expect(value).toBeLessThanOrEqual(most + SLACK);
        }
      }),
    );
  });

  test("channels, bands and averages of prices lie in order and within the highest and lowest", () => {
    fc.assert(
      fc.property(candles, (series) => {
        for (const create of [() => createDonchian({ period: 4 }), () => createBbands({ period: 4 })]) {
          for (const { upper, middle, lower } of valuesOf(create(), series)) {
            expect([lower, middle, upper]).toEqual([lower, middle, upper].sort((a, b) => (a as number) - (b as number)));
          }
        }
        const highest = Math.max(...series.map((candle) => candle.high as number));
        const lowest = Math.min(...series.map((candle) => candle.low as number));
        for (const { vwap } of valuesOf(createVwap({ period: 4, price: "hlc3" }), series)) {
          expect(vwap).toBeGreaterThanOrEqual(lowest - SLACK);
          expect(vwap).toBeLessThanOrEqual(highest + SLACK);
        }
      }),
    );
  });
});

describe("scale", () => {
  const free: [string, () => Indicator][] = [
    ["rsi", () => createRsi({ period: 3 })],
    ["stoch", () => createStoch({ fastKPeriod: 4 })],
    ["willr", () => createWillr({ period: 4 })],
    ["adx", () => createAdx({ period: 3 })],
    ["cci", () => createCci({ period: 4 })],
  ];

  test.each(free)("%s does not change a bit when prices are multiplied by a power of two", (_, create) => {
    fc.assert(
      fc.property(candles, fc.integer({ min: -40, max: 40 }), (series, exponent) => {
        const multiplied = series.map((candle) => scaled(candle, 2 ** exponent));
        expect(valuesOf(create(), multiplied)).toEqual(valuesOf(create(), series));
      }),
    );
  });

  test.each(free.slice(0, 3))("%s is the same within rounding for any factor", (_, create) => {
    fc.assert(
      fc.property(candles, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (series, factor) => {
        const found = valuesOf(
          create(),
          series.map((candle) => scaled(candle, factor)),
        );
        for (const [i, values] of valuesOf(create(), series).entries()) {
          for (const [output, value] of Object.entries(values)) expect(found[i]?.[output]).toBeCloseTo(value, 6);
        }
      }),
    );
  });
});

describe("a million candles", () => {
  /** Prices that jump by powers of ten now and then, so that sums see large numbers come and go. */
  const series = (length: number): IndicatorCandle[] => {
    const random = randomNumbers(17);
    let price = 60_000;
    return Array.from({ length }, (_, i) => {
      const isWild = i % 50_000 > 49_000;
      price = Math.max(Math.round((price + (random() - 0.5) * 20) * 100) / 100, 1_000);
      const close = isWild ? price * 10 ** Math.floor(random() * 6) : price;
      return { openTime: i, high: close + 1, low: close - 1, close, volumeBase: Math.round(random() * 1e6) / 1e5 };
    });
  };
  const all = series(1_000_000);

  test.each<[string, () => Indicator]>([
    ["sma", () => createSma({ period: 50 })],
    ["stddev", () => createStddev({ period: 20 })],
    ["bbands", () => createBbands({ period: 20 })],
    ["linearreg-slope", () => createLinearregSlope({ period: 30 })],
    ["vwap", () => createVwap({ period: 60 })],
    ["mfi", () => createMfi({ period: 14 })],
    ["mom", () => createMom({ period: 10 })],
    ["donchian", () => createDonchian({ period: 55 })],
    ["stoch", () => createStoch()],
  ])("leave the window of %s bit for bit as a fresh one", (_, create) => {
    const indicator = create();
    for (const candle of all) indicator.update(candle);
    const rest = all.slice(500, 1_000);
    const fresh = create();
    for (const candle of rest) {
      indicator.update(candle);
      fresh.update(candle);
    }
    expect(indicator.update(rest[0] as IndicatorCandle)).toEqual(fresh.update(rest[0] as IndicatorCandle));
  });

  test.each<[string, () => Indicator]>([
    ["rsi", () => createRsi()],
    ["atr", () => createAtr()],
    ["plus-di", () => createPlusDi()],
  ])("leave %s where a start 2,000 candles ago is", (_, create) => {
    const indicator = create();
    for (const candle of all) indicator.update(candle);
    const rest = all.slice(0, 2_000);
    const fresh = create();
    let difference = Number.NaN;
    for (const candle of rest) {
      const [output] = indicator.outputs as [string];
      difference = Math.abs((indicator.update(candle).values[output] as number) - (fresh.update(candle).values[output] ?? Number.NaN));
    }
    expect(difference).toBeLessThan(1e-12);
  });
});
