import type { IndicatorCandle } from "../src/indicator.ts";
import type { CandleColumns } from "../src/series.ts";

/** A candle of the tests: every field is there. */
export type GeneratedCandle = Required<IndicatorCandle>;

const MINUTE_MS = 60_000;
const FIRST_OPEN_MS = Date.UTC(2024, 0, 1, 20);

/** Numbers in [0, 1) that depend on the seed alone (a linear congruential generator modulo 2^31). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/**
 * A walk of prices in cents with a flat stretch, a jump and repeated prices; the same for equal
 * arguments. Every seventh candle is without trades where `withNulls` is set.
 */
export function generatedCandles(length: number, seed = 1, withNulls = false): GeneratedCandle[] {
  const random = randomNumbers(seed);
  let cents = 10_000;
  return Array.from({ length }, (_, i) => {
    const isFlat = i % 200 >= 120 && i % 200 < 160;
    if (i % 200 === 160) cents += 2_500;
    if (!isFlat) cents = Math.max(cents + Math.floor(random() * 41) - 20, 100);
    const above = isFlat ? 0 : Math.floor(random() * 30);
    const below = isFlat ? 0 : Math.floor(random() * 30);
    const volumeBase = Math.floor(random() * 1_000) / 100 + 0.01;
    const close = cents / 100;
    const openTime = FIRST_OPEN_MS + i * MINUTE_MS;
    const sessionOpenTime = FIRST_OPEN_MS + Math.floor(i / 90) * 90 * MINUTE_MS;
    const candle = { openTime, high: (cents + above) / 100, low: (cents - below) / 100, close, volumeBase, sessionOpenTime };
    if (withNulls && i % 7 === 3) return { ...candle, high: null, low: null, close: null, volumeBase: 0, sumPriceSize: 0 };
    return { ...candle, sumPriceSize: close * volumeBase };
  });
}

export function columnsOf(candles: readonly GeneratedCandle[]): CandleColumns {
  const column = (field: keyof GeneratedCandle): Float64Array => Float64Array.from(candles, (candle) => candle[field] ?? Number.NaN);
  return {
    openTime: column("openTime"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volumeBase: column("volumeBase"),
    sumPriceSize: column("sumPriceSize"),
    sessionOpenTime: column("sessionOpenTime"),
  };
}
