import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { expect, test } from "vitest";
import { parseFundingInfo, parseFundingRates, parseOpenInterest, parsePremiumIndex } from "./parse.ts";

const premium = {
  symbol: "BTCUSDT",
  markPrice: "69502.20000000",
  indexPrice: "69498.90000000",
  estimatedSettlePrice: "69490.1",
  lastFundingRate: "-0.00010000",
  interestRate: "0.00010000",
  nextFundingTime: 1_718_006_400_000,
  time: 1_717_999_970_000,
};

test("open interest", () => {
  const answer = { openInterest: "10659.509", symbol: "BTCUSDT", time: 1_717_999_970_000 };
  expect(parseOpenInterest(answer)).toEqual({ symbol: "BTCUSDT", openInterest: 10_659.509, time: 1_717_999_970_000 });
});

test("mark, index and the rate of the next funding; contracts without funding have none", () => {
  const { symbol, time, nextFundingTime } = premium;
  expect(parsePremiumIndex(premium)).toEqual({
    symbol,
    markPrice: 69_502.2,
    indexPrice: 69_498.9,
    fundingRate: -0.0001,
    nextFundingTime,
    time,
  });
  expect(parsePremiumIndex({ ...premium, lastFundingRate: "", nextFundingTime: 0 })).toMatchObject({
    fundingRate: null,
    nextFundingTime: null,
  });
});

test("intervals by symbol", () => {
  const answer = [
    { symbol: "BLZUSDT", adjustedFundingRateCap: "0.025", adjustedFundingRateFloor: "-0.025", fundingIntervalHours: 4, disclaimer: false },
  ];
  expect(parseFundingInfo(answer)).toEqual(new Map([["BLZUSDT", 4]]));
  expect(parseFundingInfo([])).toEqual(new Map());
});

test("fundings that were paid, oldest first", () => {
  const row = (fundingTime: number, markPrice?: string) => ({
    symbol: "BTCUSDT",
    fundingRate: "0.0001",
    fundingTime,
    ...(markPrice === undefined ? {} : { markPrice }),
  });
  expect(parseFundingRates([row(3, "1.5"), row(1), row(2, "")])).toEqual([
    { symbol: "BTCUSDT", rate: 0.0001, fundingTime: 1, markPrice: null },
    { symbol: "BTCUSDT", rate: 0.0001, fundingTime: 2, markPrice: null },
    { symbol: "BTCUSDT", rate: 0.0001, fundingTime: 3, markPrice: 1.5 },
  ]);
});

test.each([
  ["openInterest", () => parseOpenInterest({ symbol: "BTCUSDT", openInterest: "-1", time: 1 })],
  ["openInterest", () => parseOpenInterest({ symbol: "BTCUSDT", openInterest: 5, time: 1 })],
  ["premiumIndex", () => parsePremiumIndex({ ...premium, markPrice: "0" })],
  ["premiumIndex", () => parsePremiumIndex({ ...premium, lastFundingRate: "1e-4" })],
  ["premiumIndex", () => parsePremiumIndex([premium])],
  ["fundingInfo", () => parseFundingInfo([{ symbol: "BTCUSDT", fundingIntervalHours: 0 }])],
  ["fundingRate", () => parseFundingRates({ code: -1121 })],
])("what is no %s is refused", (what, parse) => {
  expect(parse).toThrow(InvalidMessageError);
  expect(parse).toThrow(new RegExp(`^${what}: `));
});
