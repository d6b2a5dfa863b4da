import { expect, test } from "vitest";
import { batchesOf, CRYPTO } from "../test/series-run.ts";
import { createCandle } from "./candle-row.ts";
import { MinuteBuilder } from "./minute-builder.ts";
import { createMinuteRow } from "./minute-row.ts";
import { RUNNING_LENGTH } from "./session-running.ts";
import { WINDOW_LENGTH } from "./sums-layout.ts";

const KEY = { venue: "demo", instrument: "BTC-USDT", anchor: "UTC", session: "all" as const, calendar: "crypto" as const };

function candleOf(prices: readonly number[], kind: "spot" | "linear" | "inverse" = "spot", contractSize = 1, size = 3) {
  const instrument = { ...CRYPTO, kind, contractSize };
  const builder = new MinuteBuilder(instrument, CRYPTO.priceScale, CRYPTO.sizeScale, new Float64Array(WINDOW_LENGTH));
  const trades = prices.map((price, i) => ({
    epoch: "",
    seq: i,
    id: undefined,
    timeUs: i,
    price,
    priceScale: 2,
    size,
    sizeScale: 3,
    side: 1 as const,
    quote: null,
  }));
  for (const batch of batchesOf(trades, 500)) for (let i = 0; i < batch.count; i++) builder.add(batch, i);
  const row = createMinuteRow({
    openTime: 0,
    sums: builder.sums(),
    running: new Float64Array(RUNNING_LENGTH),
    state: "closed",
    completeness: "full",
    revision: 0,
    firstTradeId: builder.firstTradeId,
    lastTradeId: builder.lastTradeId,
    afterGap: false,
    lastPrice: null,
  });
  return createCandle({ key: KEY, instrument }, row);
}

test("a change in price is taken on the scaled integers: one cent on a hundred is one hundredth of a percent", () => {
  expect(candleOf([10_000, 10_001])).toMatchObject({ priceChangeBps: 1, priceRangeBps: 1 });
  const wrong: number[] = [];
  for (let open = 10_000; open < 40_000; open += 7) {
    const expected = Number(((10_000 * 3) / open).toPrecision(12));
    if (candleOf([open, open + 3]).priceChangeBps !== expected) wrong.push(open);
  }
  expect(wrong).toEqual([]);
});

test("a price at or below zero has no change in basis points, and the mean price stays between low and high", () => {
  expect(candleOf([-500, 300])).toMatchObject({ priceChangeBps: null, priceRangeBps: null, low: -5, high: 3, vwap: -1 });
  expect(candleOf([0, 300]).priceChangeBps).toBe(null);
  expect(candleOf([10_003, 10_003, 10_003]).vwap).toBe(100.03);
});

test("quote volume is the exact notional: of the price, or of the contract's value for inverse ones", () => {
  expect(candleOf([10_000, 20_000], "linear", 1).volumeQuote).toBe(0.9);
  expect(candleOf([10_000, 20_000], "linear", 0.001).volumeQuote).toBe(0.0009);
  expect(candleOf([1], "inverse", 0.1, 1).volumeQuote).toBe(0.0001);
  expect(candleOf([10_000], "inverse", 100).volumeQuote).toBe(0.3);
  expect(candleOf([12_345], "linear", 1e-7, 7).volumeQuote).toBe(8.6415e-8);
});
