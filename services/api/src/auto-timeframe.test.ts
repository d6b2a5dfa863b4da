import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import fc from "fast-check";
import { expect, test } from "vitest";
import { autoTimeframe } from "./auto-timeframe.ts";

const MINUTE_US = 60_000_000;

test("a range becomes the shortest timeframe that fits the number of candles", () => {
  const chosen = (minutes: number, most: number): string => autoTimeframe({ from: 0, to: minutes * MINUTE_US }, most);
  expect([chosen(60, 100), chosen(100, 100), chosen(101, 100), chosen(24 * 60, 300), chosen(365 * 24 * 60, 1_000)]).toEqual([
    "1m",
    "1m",
    "3m",
    "5m",
    "1d",
  ]);
  expect(chosen(100 * 365 * 24 * 60, 10)).toBe("1w");
});

test("a longer range or fewer candles never give a shorter timeframe", () => {
  const place = (length: number, most: number): number => TIMEFRAMES.indexOf(autoTimeframe({ from: 5, to: 5 + length }, most));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.integer({ min: 1, max: 10_000 }),
      (a, b, most) => {
        expect(place(Math.max(a, b), most)).toBeGreaterThanOrEqual(place(Math.min(a, b), most));
        expect(place(a, most)).toBeGreaterThanOrEqual(place(a, most + 1));
      },
    ),
  );
});
