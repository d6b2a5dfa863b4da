import fc from "fast-check";
import { expect, test } from "vitest";
import { createCorpus, mirrored, scan } from "../test/candle-corpus.ts";
import type { Quad } from "../test/candlestick-examples.ts";
import type { CandlestickName } from "./candlestick.ts";
import { createCandlestickScanner } from "./candlestick-scanner.ts";
import { candlesticks } from "./candlesticks.ts";

/** Patterns that a mirrored market shows as another. */
const MIRRORED_PAIRS: readonly (readonly [CandlestickName, CandlestickName])[] = [
  ["CDLDRAGONFLYDOJI", "CDLGRAVESTONEDOJI"],
  ["CDLMORNINGDOJISTAR", "CDLEVENINGDOJISTAR"],
  ["CDLMORNINGSTAR", "CDLEVENINGSTAR"],
];
/** Signed, but two candles have to be white whichever way they gap. */
const ONE_SIDED: readonly CandlestickName[] = ["CDLGAPSIDESIDEWHITE"];
const corpora = fc.integer({ min: 0, max: 2 ** 31 }).map((seed) => createCorpus(seed, 40));

/** A candle without a body counts as white, which no mirror turns: give it one. */
const withBody = ([open, high, low, close]: Quad): Quad =>
  open === close ? [open, Math.max(high, close + 1), low, close + 1] : [open, high, low, close];

test("mirrored prices give the mirrored pattern, where its definition is symmetric", () => {
  fc.assert(
    fc.property(corpora, (corpus) => {
      const candles = corpus.map(withBody);
      const straight = scan(candles);
      const turned = scan(candles.map(mirrored));
      for (const { name, output } of candlesticks) {
        const isSymmetric = ["signed", "graded", "confirmed"].includes(output) && !ONE_SIDED.includes(name);
        if (isSymmetric) expect(turned.get(name), name).toEqual(straight.get(name)?.map((value) => 0 - value));
      }
      for (const name of ["CDLDOJI", "CDLLONGLEGGEDDOJI", "CDLRICKSHAWMAN"]) expect(turned.get(name)).toEqual(straight.get(name));
      for (const [name, other] of MIRRORED_PAIRS) {
        expect(turned.get(other)?.map(Math.abs)).toEqual(straight.get(name));
        expect(turned.get(name)).toEqual(straight.get(other)?.map(Math.abs));
      }
    }),
    { numRuns: 40 },
  );
});

test("prices times a power of two give the same values", () => {
  fc.assert(
    fc.property(corpora, fc.integer({ min: -60, max: 60 }), (candles, exponent) => {
      const factor = 2 ** exponent;
      const scaled = candles.map((candle) => candle.map((price) => price * factor) as unknown as Quad);
      expect(scan(scaled)).toEqual(scan(candles));
    }),
    { numRuns: 20 },
  );
});

test("what came before the window changes nothing", () => {
  fc.assert(
    fc.property(corpora, corpora, (earlier, candles) => {
      const fresh = createCandlestickScanner();
      const used = createCandlestickScanner();
      for (const [open, high, low, close] of earlier) used.update({ open, high, low, close });
      for (const [i, [open, high, low, close]] of candles.entries()) {
        const told = used.update({ open, high, low, close });
        const toldFresh = fresh.update({ open, high, low, close });
        if (i >= fresh.warmup - 1) expect(told).toEqual(toldFresh);
      }
    }),
    { numRuns: 10 },
  );
});

test("any prices whatever give values of the pattern's kind and no other", () => {
  const price = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const quad = fc.tuple(price, price, price, price).map(([a, b, c, d]): Quad => [a, Math.max(a, b, c, d), Math.min(a, b, c, d), d]);
  fc.assert(
    fc.property(fc.array(quad, { minLength: 16, maxLength: 40 }), (candles) => {
      const columns = scan(candles);
      for (const { name, lookback } of candlesticks) {
        const values = columns.get(name) as number[];
        expect(values.slice(0, lookback).every((value) => value === 0)).toBe(true);
        expect(values.every((value) => [-200, -100, -80, 0, 80, 100, 200].includes(value))).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});
