import { expect, test } from "vitest";
import { formatAge, formatCandleTime, formatNumber, formatPattern, formatPercent, formatQuantity } from "./format.ts";

test("numbers fit their column, and what is not there is a dash", () => {
  expect([formatNumber(69_500.1, 2), formatNumber(0.00001234, 8), formatNumber(null, 2)]).toEqual(["69,500.10", "0.00001234", "–"]);
  expect([0.1234567, 999, 1_240, 38_140_000, -2_500_000_000, null].map(formatQuantity)).toEqual([
    "0.1235",
    "999",
    "1.24K",
    "38.1M",
    "-2.5B",
    "–",
  ]);
  expect([formatPercent(1.238), formatPercent(-0.5, 1), formatPercent(undefined)]).toEqual(["+1.24 %", "−0.5 %", "–"]);
});

test("times are UTC; days have no hour, other years are named", () => {
  const now = Date.UTC(2026, 10, 27);
  expect(formatCandleTime(Date.UTC(2026, 10, 27, 14, 5), "1m", now)).toBe("27 Nov, 14:05");
  expect(formatCandleTime(Date.UTC(2024, 2, 1), "1d", now)).toBe("1 Mar 2024");
  expect([4_000, 300_000, 10_800_000, 400_000_000].map(formatAge)).toEqual(["4 s", "5 min", "3 h", "5 d"]);
});

test("a pattern has the name that people use", () => {
  expect(["CDLENGULFING", "CDL3WHITESOLDIERS", "volume_spike"].map(formatPattern)).toEqual([
    "engulfing",
    "three white soldiers",
    "volume spike",
  ]);
});
