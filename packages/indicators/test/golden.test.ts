import { describe, expect, test } from "vitest";
import { createAdx } from "../src/adx.ts";
import { createAtr } from "../src/atr.ts";
import { createBbands } from "../src/bbands.ts";
import { createCci } from "../src/cci.ts";
import { createDonchian } from "../src/donchian.ts";
import { createEma } from "../src/ema.ts";
import type { Indicator } from "../src/indicator.ts";
import { createLinearregSlope } from "../src/linearreg-slope.ts";
import { createMacd } from "../src/macd.ts";
import { createMfi } from "../src/mfi.ts";
import { createMinusDi } from "../src/minus-di.ts";
import { createMom } from "../src/mom.ts";
import { createNatr } from "../src/natr.ts";
import { createObv } from "../src/obv.ts";
import { createPlusDi } from "../src/plus-di.ts";
import { createRoc } from "../src/roc.ts";
import { createRsi } from "../src/rsi.ts";
import { computeSeries } from "../src/series.ts";
import { createSma } from "../src/sma.ts";
import { createStddev } from "../src/stddev.ts";
import { createStoch } from "../src/stoch.ts";
import { createStochf } from "../src/stochf.ts";
import { createTrange } from "../src/trange.ts";
import { createVwap } from "../src/vwap.ts";
import { createWillr } from "../src/willr.ts";
import { NAMED_INDICATORS } from "./every-indicator.ts";
import { type GoldenSeries, goldenCandles, goldenSeries, goldenTitle, hasFamily, hasGolden } from "./golden-vectors.ts";

type Options = Readonly<Record<string, number | string>>;

const number = (options: Options, name: string): number => options[name] as number;
const period = (options: Options): number => number(options, "optInTimePeriod");

/** How each family of the goldens is made here. */
const FAMILIES: Readonly<Record<string, (options: Options) => Indicator>> = {
  SMA: (options) => createSma({ period: period(options) }),
  EMA: (options) => createEma({ period: period(options) }),
  RSI: (options) => createRsi({ period: period(options) }),
  MACD: (options) =>
    createMacd({
      fastPeriod: number(options, "optInFastPeriod"),
      slowPeriod: number(options, "optInSlowPeriod"),
      signalPeriod: number(options, "optInSignalPeriod"),
    }),
  BBANDS: (options) =>
    createBbands({
      period: period(options),
      deviationsUp: number(options, "optInNbDevUp"),
      deviationsDown: number(options, "optInNbDevDn"),
      average: options["optInMAType"] === 1 ? "ema" : "sma",
    }),
  ATR: (options) => createAtr({ period: period(options) }),
  TRANGE: () => createTrange(),
  NATR: (options) => createNatr({ period: period(options) }),
  VWAP: vwapOf,
  OBV: () => createObv(),
  STOCH: (options) =>
    createStoch({
      fastKPeriod: number(options, "optInFastK_Period"),
      slowKPeriod: number(options, "optInSlowK_Period"),
      slowDPeriod: number(options, "optInSlowD_Period"),
    }),
  STOCHF: (options) =>
    createStochf({ fastKPeriod: number(options, "optInFastK_Period"), fastDPeriod: number(options, "optInFastD_Period") }),
  LINEARREG_SLOPE: (options) => createLinearregSlope({ period: period(options) }),
  ADX: (options) => createAdx({ period: period(options) }),
  PLUS_DI: (options) => createPlusDi({ period: period(options) }),
  MINUS_DI: (options) => createMinusDi({ period: period(options) }),
  STDDEV: (options) => createStddev({ period: period(options), deviations: number(options, "optInNbDev") }),
  CCI: (options) => createCci({ period: period(options) }),
  WILLR: (options) => createWillr({ period: period(options) }),
  MFI: (options) => createMfi({ period: period(options) }),
  ROC: (options) => createRoc({ period: period(options) }),
  MOM: (options) => createMom({ period: period(options) }),
  DONCHIAN: (options) => createDonchian({ period: number(options, "period") }),
};

/** Our name of an output of the goldens; the first one for those of functions with one output. */
const OUTPUTS: Readonly<Record<string, string>> = {
  outMACD: "macd",
  outMACDSignal: "signal",
  outMACDHist: "histogram",
  outRealUpperBand: "upper",
  outRealMiddleBand: "middle",
  outRealLowerBand: "lower",
  outSlowK: "slowK",
  outSlowD: "slowD",
  outFastK: "fastK",
  outFastD: "fastD",
  upper: "upper",
  middle: "middle",
  lower: "lower",
};

function vwapOf(options: Options): Indicator {
  if (options["rolling"] !== undefined) return createVwap({ period: number(options, "rolling"), price: "hlc3" });
  const anchor = options["anchor"];
  if (anchor === "utc-day" || anchor === "utc-hour") return createVwap({ anchor, price: "hlc3" });
  return createVwap({ anchor: "session", price: "hlc3" });
}

const TOLERANCE = 1e-9;

interface Verdict {
  /** Candles whose value is not what it has to be. */
  wrong: string[];
  /** Candles compared by their numbers. */
  compared: number;
}

function judge(golden: GoldenSeries, values: Float64Array): Verdict {
  const skipped = new Set(golden.illConditioned);
  const verdict: Verdict = { wrong: [], compared: 0 };
  expect(values.length).toBe(golden.values.length);
  for (const [i, expected] of golden.values.entries()) {
    const value = values[i] as number;
    const error = expected === null ? 0 : Math.abs(value - expected) / Math.max(Math.abs(expected), golden.scale);
    if (expected !== null && !skipped.has(i)) verdict.compared++;
    if (!holds(golden, skipped.has(i), expected, value, error)) verdict.wrong.push(`candle ${i}: ${value}, expected ${expected}`);
  }
  return verdict;
}

function holds(golden: GoldenSeries, isSkipped: boolean, expected: number | null, value: number, error: number): boolean {
  if (expected === null) return Number.isNaN(value);
  if (isSkipped) return Number.isFinite(value);
  return golden.exact === true ? value === expected : error <= TOLERANCE;
}

function check(dataset: string, family: string): void {
  const candles = goldenCandles(dataset);
  for (const golden of goldenSeries(dataset, family)) {
    const name = golden.function ?? family;
    const create = FAMILIES[name];
    if (create === undefined) throw new Error(`expected an indicator for ${name}, found none`);
    const indicator = create(golden.params);
    const output = OUTPUTS[golden.output] ?? (indicator.outputs[0] as string);
    const { wrong, compared } = judge(golden, computeSeries(indicator, candles).values[output] as Float64Array);
    expect(wrong.slice(0, 5), `${indicator.id} ${output}`).toEqual([]);
    expect(compared).toBeGreaterThan(golden.values.length / 4);
    expect(indicator.warmup, indicator.id).toBe(golden.start + 1);
  }
}

describe.skipIf(!hasGolden)(goldenTitle, () => {
  test("every indicator that the goldens have is compared with them", () => {
    const names = NAMED_INDICATORS.map(([id]) => id.slice(0, id.indexOf("@")).replaceAll("-", "_").toUpperCase());
    expect(names.filter((name) => hasFamily("spy-1d", name) && FAMILIES[name] === undefined)).toEqual([]);
  });

  describe.each(["spy-1d", "btcusd-1m"])("%s", (dataset) => {
    test.each(Object.keys(FAMILIES))("%s is within 1e-9 of its scale on every candle that is well conditioned", (family) => {
      check(dataset, family);
    });

    test("STDDEV, BBANDS, CCI and LINEARREG_SLOPE meet the exact series on every candle", () => {
      const exact = goldenSeries(dataset, "EXACT");
      expect(new Set(exact.map((golden) => golden.function))).toEqual(new Set(["STDDEV", "BBANDS", "CCI", "LINEARREG_SLOPE"]));
      expect(exact.every((golden) => golden.illConditioned === undefined || golden.illConditioned.length === 0)).toBe(true);
      check(dataset, "EXACT");
    });
  });
});
