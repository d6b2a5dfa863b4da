import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlainTrade } from "../test/naive-candles.ts";
import { plainTrades } from "../test/plain-trades.ts";
import { batchesOf, CRYPTO } from "../test/series-run.ts";
import { createSums, foldSums, rescaleSums, timesPowerOfTen } from "./candle-sums.ts";
import { exactToBigInt, setBigInt } from "./exact.ts";
import { MinuteBuilder } from "./minute-builder.ts";
import { RUNNING, RUNNING_LENGTH, setRunning, shiftRunning } from "./session-running.ts";
import { S, SUMS_LENGTH, WINDOW_LENGTH } from "./sums-layout.ts";

const anyTrades = plainTrades({ fromMs: 0, toMs: 60_000, max: 40, scales: false });
const digits = fc.integer({ min: 0, max: 2 });

/** Sums of a minute with what runs on in the session, as a row has them. */
function sumsOf(trades: readonly PlainTrade[], cvd = 0n, priceSize = 0n, volume = 0n): Float64Array {
  const builder = new MinuteBuilder(CRYPTO, trades[0]?.priceScale ?? 2, trades[0]?.sizeScale ?? 3, new Float64Array(WINDOW_LENGTH));
  for (const batch of batchesOf(trades, 500)) for (let i = 0; i < batch.count; i++) builder.add(batch, i);
  const sums = builder.sums().slice();
  const before = new Float64Array(RUNNING_LENGTH);
  setBigInt(before, RUNNING.CVD, cvd);
  setBigInt(before, RUNNING.PRICE_SIZE, priceSize);
  setBigInt(before, RUNNING.VOLUME, volume);
  setRunning(sums, before);
  sums[S.MINUTES] = 1;
  return sums;
}

function finer(trades: readonly PlainTrade[], prices: number, sizes: number): PlainTrade[] {
  return trades.map((trade) => ({
    ...trade,
    price: trade.price * 10 ** prices,
    priceScale: trade.priceScale + prices,
    size: trade.size * 10 ** sizes,
    sizeScale: trade.sizeScale + sizes,
    quote: trade.quote && {
      ...trade.quote,
      bid: trade.quote.bid * 10 ** prices,
      ask: trade.quote.ask * 10 ** prices,
      bidSize: trade.quote.bidSize * 10 ** sizes,
      askSize: trade.quote.askSize * 10 ** sizes,
    },
  }));
}

test("sums brought to finer scales have the bits of sums made there", () => {
  fc.assert(
    fc.property(anyTrades, digits, digits, (trades, prices, sizes) => {
      fc.pre(trades.length > 0);
      const rescaled = sumsOf(trades, -77n);
      rescaleSums(rescaled, 2 + prices, 3 + sizes);
      expect(rescaled).toEqual(sumsOf(finer(trades, prices, sizes), -77n * 10n ** BigInt(sizes)));
      const again = rescaled.slice();
      rescaleSums(again, 2, 3);
      expect(again).toEqual(rescaled);
    }),
  );
});

test("a fold of two halves has the bits of the whole, at whatever scales the halves are", () => {
  fc.assert(
    fc.property(anyTrades, fc.nat(40), digits, digits, (trades, cut, prices, sizes) => {
      const ordered = [...trades].sort((a, b) => a.timeUs - b.timeUs || a.seq - b.seq);
      const first = sumsOf(ordered.slice(0, cut), 5n);
      const second = sumsOf(
        finer(ordered.slice(cut), prices, sizes),
        exactToBigInt(first, S.CVD) * 10n ** BigInt(cut < ordered.length ? sizes : 0),
        exactToBigInt(first, S.SESSION_PRICE_SIZE) * 10n ** BigInt(cut < ordered.length ? prices + sizes : 0),
        exactToBigInt(first, S.SESSION_VOLUME) * 10n ** BigInt(cut < ordered.length ? sizes : 0),
      );
      const folded = new Float64Array(SUMS_LENGTH);
      foldSums(folded, first);
      foldSums(folded, second);
      const whole = sumsOf(ordered, 5n);
      whole[S.MINUTES] = 2;
      rescaleSums(whole, folded[S.PRICE_SCALE] as number, folded[S.SIZE_SCALE] as number);
      expect(folded.slice(0, S.SAMPLES)).toEqual(whole.slice(0, S.SAMPLES));
    }),
  );
});

test("a shift moves all of CVD and the session's vwap where there are trades, base and close where there are none", () => {
  const shift = new Float64Array(RUNNING_LENGTH);
  setBigInt(shift, RUNNING.CVD, -9n);
  setBigInt(shift, RUNNING.PRICE_SIZE, 11n);
  const quiet = createSums(2, 3);
  shiftRunning(quiet, shift);
  const at = [S.CVD_BASE, S.CVD_OPEN, S.CVD_HIGH, S.CVD_LOW, S.CVD];
  expect(at.map((place) => exactToBigInt(quiet, place))).toEqual([-9n, 0n, 0n, 0n, -9n]);
  fc.assert(
    fc.property(anyTrades, (trades) => {
      fc.pre(trades.length > 0);
      const shifted = sumsOf(trades, 100n, 7n);
      shiftRunning(shifted, shift);
      expect(shifted).toEqual(sumsOf(trades, 91n, 18n));
    }),
  );
});

test("what does not fit the safe integers at a finer scale throws", () => {
  expect(timesPowerOfTen(2 ** 40, 3)).toBe(2 ** 40 * 1_000);
  expect(() => timesPowerOfTen(2 ** 50, 3)).toThrow(RangeError);
});
