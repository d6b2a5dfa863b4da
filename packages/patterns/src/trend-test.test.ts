import { expect, test } from "vitest";
import { ALGORITHMS } from "./algorithms.ts";
import type { Candlestick, CandlestickName } from "./candlestick.ts";
import { findCandlestick } from "./candlesticks.ts";
import { natureOf, testTrend } from "./trend-test.ts";

const pattern = (name: CandlestickName): Candlestick => findCandlestick(name) as Candlestick;
const context = (name: CandlestickName, value: number, theta: number | null): boolean | null => {
  const { candles } = pattern(name);
  const thetas = [theta, ...Array.from({ length: candles }, () => 0)];
  return testTrend(pattern(name), value, thetas).context;
};

test("the trend is that of the candle before the pattern", () => {
  expect(testTrend(pattern("CDL3INSIDE"), 100, [50, -7, 9, 9, 9])).toEqual({
    algo: ALGORITHMS.trendTest,
    theta: -7,
    needed: -1,
    context: true,
  });
  expect(testTrend(pattern("CDLHAMMER"), 100, [-7, 9])).toMatchObject({ theta: -7, context: true });
});

test("three degrees are a trend, a hair less is none", () => {
  expect(context("CDLDARKCLOUDCOVER", -100, 3)).toBe(true);
  expect(context("CDLDARKCLOUDCOVER", -100, 2.9999999)).toBe(false);
  expect(context("CDLDARKCLOUDCOVER", -100, 3 - 1e-14)).toBe(true);
  expect(context("CDLDARKCLOUDCOVER", -100, -3)).toBe(false);
  expect(context("CDLPIERCING", 100, -3)).toBe(true);
});

test.each([
  ["CDLMATHOLD", 100, 1, "continuation"],
  ["CDL2CROWS", -100, 1, "reversal"],
  ["CDLHAMMER", 100, -1, "reversal"],
  ["CDLENGULFING", -80, 1, "reversal"],
  ["CDLENGULFING", 100, -1, "reversal"],
  ["CDLHIKKAKEMOD", -200, 1, "reversal"],
  ["CDLINNECK", -100, -1, "continuation"],
  ["CDLTASUKIGAP", 100, 1, "continuation"],
  ["CDLTAKURI", 100, -1, null],
  ["CDLGRAVESTONEDOJI", 100, 1, null],
] as const)("%s with %i needs a trend of sign %i and is a %s", (name, value, needed, nature) => {
  expect(testTrend(pattern(name), value, [])).toMatchObject({ theta: null, needed, context: null });
  expect(context(name, value, 5 * needed)).toBe(true);
  expect(context(name, value, -5 * needed)).toBe(false);
  expect(natureOf(pattern(name), value)).toBe(nature);
});

test.each(["CDLDOJI", "CDLKICKING", "CDLHIKKAKE", "CDLLONGLINE"] as const)("%s needs no trend", (name) => {
  expect(testTrend(pattern(name), 100, [])).toMatchObject({ needed: 0, context: true });
  expect(natureOf(pattern(name), 100)).toBeNull();
});
