import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlainTrade } from "../test/naive-candles.ts";
import { plainTrades, shuffled } from "../test/plain-trades.ts";
import { batchesOf, CRYPTO } from "../test/series-run.ts";
import { exactToBigInt } from "./exact.ts";
import { MinuteBuilder } from "./minute-builder.ts";
import { S, WINDOW_LENGTH } from "./sums-layout.ts";

const anyTrades = plainTrades({ fromMs: 0, toMs: 60_000, max: 300 });

function built(trades: readonly PlainTrade[], size: number, readEvery = 0): MinuteBuilder {
  const builder = new MinuteBuilder(CRYPTO, 2, 3, new Float64Array(WINDOW_LENGTH));
  let added = 0;
  for (const batch of batchesOf(trades, size)) {
    for (let i = 0; i < batch.count; i++) {
      builder.add(batch, i);
      added += 1;
      if (readEvery > 0 && added % readEvery === 0) builder.sums();
    }
  }
  return builder;
}

function facts(builder: MinuteBuilder): unknown {
  return [builder.count, builder.firstTradeId, builder.lastTradeId, Array.from(builder.sums())];
}

test("any order and any split, read in between or not, gives the bits of the sorted order", () => {
  const orders = anyTrades.chain((trades) =>
    fc.tuple(fc.constant(trades), shuffled(trades), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 7 })),
  );
  fc.assert(
    fc.property(orders, ([trades, order, size, readEvery]) => {
      const sorted = [...trades].sort((a, b) => a.timeUs - b.timeUs || a.seq - b.seq || (a.epoch < b.epoch ? -1 : 1));
      expect(facts(built(order, size, readEvery))).toEqual(facts(built(sorted, 500)));
    }),
    { numRuns: 40 },
  );
});

test("trades that share time and sequence are ordered by their epoch", () => {
  const one = { timeUs: 5, seq: 1, id: undefined, priceScale: 2, size: 1, sizeScale: 3, side: 1 as const, quote: null };
  const trades = [
    { ...one, epoch: "b", price: 200 },
    { ...one, epoch: "a", price: 100 },
  ];
  const sums = built(trades, 1).sums();
  expect([sums[S.OPEN], sums[S.CLOSE]]).toEqual([100, 200]);
});

test("finer trades refine those that were there", () => {
  const coarse = {
    epoch: "",
    seq: 1,
    id: undefined,
    timeUs: 1,
    price: 10_050,
    priceScale: 2,
    size: 7,
    sizeScale: 3,
    side: 1 as const,
    quote: null,
  };
  const builder = built([coarse, { ...coarse, seq: 2, timeUs: 2, price: 1_005_125, priceScale: 4, size: 1, sizeScale: 5 }], 500);
  const sums = builder.sums();
  expect([sums[S.PRICE_SCALE], sums[S.SIZE_SCALE], sums[S.OPEN], sums[S.CLOSE]]).toEqual([4, 5, 1_005_000, 1_005_125]);
  expect(exactToBigInt(sums, S.VOLUME)).toBe(701n);
  expect(exactToBigInt(sums, S.PRICE_SIZE)).toBe(1_005_000n * 700n + 1_005_125n);
});

test("a trade beyond the safe integers throws, and leaves the minute as it was", () => {
  const trade = {
    epoch: "",
    seq: 1,
    id: undefined,
    timeUs: 1,
    price: 10_050,
    priceScale: 2,
    size: 2 ** 50,
    sizeScale: 3,
    side: 1 as const,
    quote: null,
  };
  const builder = built([trade], 500);
  const before = facts(builder);
  const finer = batchesOf([{ ...trade, seq: 2, size: 1, sizeScale: 9 }], 1)[0];
  if (finer === undefined) throw new Error("no batch");
  expect(() => builder.add(finer, 0)).toThrow(RangeError);
  expect(facts(builder)).toEqual(before);
});

test("a quote that is old, empty or without a price adds nothing; a crossed one is counted", () => {
  const trade = { epoch: "", id: undefined, timeUs: 1, price: 10_050, priceScale: 2, size: 1, sizeScale: 3, side: 1 as const };
  const quote = { bid: 9_999, ask: 10_001, bidSize: 5, askSize: 6, ageUs: 0, method: "venue" as const };
  const quotes = [
    quote,
    { ...quote, ageUs: 5_000_001 },
    { ...quote, bidSize: 0 },
    { ...quote, askSize: 0 },
    { ...quote, bid: 0, ask: 0 },
    { ...quote, bid: -3, ask: 2 },
    { ...quote, bid: -3, ask: 3 },
    { ...quote, bid: 10_002 },
  ];
  const sums = built(
    quotes.map((each, i) => ({ ...trade, seq: i, quote: each })),
    500,
  ).sums();
  expect([sums[S.QUOTES], sums[S.CROSSED], sums[S.SPREAD]]).toEqual([1, 1, 2_000_000]);
  expect(exactToBigInt(sums, S.BID_DEPTH)).toBe(5n);
  expect(exactToBigInt(sums, S.ASK_DEPTH)).toBe(6n);
});

test("a spread half way between two units is rounded away from zero", () => {
  const trade = { epoch: "", seq: 1, id: undefined, timeUs: 1, price: 1, priceScale: 2, size: 1, sizeScale: 3, side: 1 as const };
  const wrong: string[] = [];
  for (let middle = 1_000; middle < 60_000; middle += 5) {
    const [bid, ask] = [middle - 1, middle + 1];
    const sums = built([{ ...trade, quote: { bid, ask, bidSize: 1, askSize: 1, ageUs: 0, method: "venue" } }], 1).sums();
    const exact = (2n * 4n * 10n ** 10n + BigInt(bid + ask)) / (2n * BigInt(bid + ask));
    if (sums[S.SPREAD] !== Number(exact)) wrong.push(`${bid}/${ask}: ${sums[S.SPREAD]}, expected ${exact}`);
  }
  expect(wrong).toEqual([]);
});
