import type { PerpetualState } from "@tickfleet/venues/perpetual";
import { expect, test } from "vitest";
import { computeLeverage, fundingAprOf } from "./leverage.ts";

const state: PerpetualState = {
  venue: "demo",
  instrument: "BTC-USDT-PERP",
  asset: "BTC",
  time: 1_709_294_400_000,
  openInterest: 1_000.5,
  markPrice: 100.1,
  indexPrice: 100,
  fundingRate: 0.0001,
  fundingIntervalHours: 8,
  nextFundingTime: null,
};

test("notional, yearly rate and basis, with twelve digits", () => {
  expect(computeLeverage(state)).toEqual({ openInterestNotional: 100_150.05, fundingApr: 10.95, basisBps: 10 });
});

test.each([
  [0.0001, 4, 21.9],
  [0.0001, 1, 87.6],
  [-0.003, 8, -328.5],
  [0, 8, 0],
])("a rate of %f every %i hours is %f percent a year", (rate, hours, apr) => {
  expect(fundingAprOf(rate, hours)).toBe(apr);
});

test("what is not known is not assumed", () => {
  expect(computeLeverage({ ...state, fundingIntervalHours: null, openInterest: null, indexPrice: null })).toEqual({
    openInterestNotional: null,
    fundingApr: null,
    basisBps: null,
  });
  expect(fundingAprOf(null, 8)).toBeNull();
});
