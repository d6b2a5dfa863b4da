import { createCandleShapes, moveToFront, setCandle } from "./candle-shapes.ts";
import type { CandlestickName } from "./candlestick.ts";
import { candlesticks } from "./candlesticks.ts";

/** Prices of a candle in its quote currency; null in a candle without trades. The market's `Candle` is one. */
export interface PricedCandle {
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
}

/** A pattern on the candle just judged. */
export interface CandlestickMatch {
  readonly name: CandlestickName;
  /** TA-Lib's value, -200..200, never 0: 80, 100 or 200 with the sign of the direction; see `CandlestickOutput`. */
  readonly value: number;
}

/** What a scanner remembers: its last candles with trades, oldest first, as [open, high, low, close]. */
export interface CandlestickScannerSnapshot {
  readonly candles: readonly (readonly [open: number, high: number, low: number, close: number])[];
}

/** Judges candles of one instrument and timeframe as they come, oldest first. */
export interface CandlestickScanner {
  /** Candles with trades from which on all 61 patterns are judged; each one begins at its own lookback. */
  readonly warmup: number;
  /** Takes a closed candle in; the patterns on it, in the order of the table. A candle without trades is skipped. */
  update(candle: PricedCandle): CandlestickMatch[];
  /** What `update` would return, leaving everything as it was: for a candle that is still forming. */
  peek(candle: PricedCandle): CandlestickMatch[];
  /** Forgets all candles, as after a hole that is longer than the window. */
  reset(): void;
  snapshot(): CandlestickScannerSnapshot;
  restore(snapshot: CandlestickScannerSnapshot): void;
}

const LONGEST_LOOKBACK = Math.max(...candlesticks.map(({ lookback }) => lookback));
/** Places before the candles kept must move to the front: most updates move nothing. */
const CAPACITY = 128;

/** All 61 patterns over a window of the last 15 candles; equal to the functions over whole columns. */
export function createCandlestickScanner(): CandlestickScanner {
  const shapes = createCandleShapes(CAPACITY);
  /** Candles in the window; the next one is put at this place. */
  let count = 0;

  const judge = (candle: PricedCandle): CandlestickMatch[] | null => {
    const { open, high, low, close } = candle;
    if (open === null || high === null || low === null || close === null) return null;
    if (count === CAPACITY) {
      moveToFront(shapes, count, LONGEST_LOOKBACK);
      count = LONGEST_LOOKBACK;
    }
    setCandle(shapes, count, open, high, low, close);
    const matches: CandlestickMatch[] = [];
    for (const { name, lookback, penetration, rule } of candlesticks) {
      if (count < lookback) continue;
      const value = rule(shapes, count, penetration ?? 0);
      if (value !== 0) matches.push({ name, value });
    }
    return matches;
  };

  return {
    warmup: LONGEST_LOOKBACK + 1,
    update: (candle) => {
      const matches = judge(candle);
      if (matches !== null) count += 1;
      return matches ?? [];
    },
    peek: (candle) => judge(candle) ?? [],
    reset: () => {
      count = 0;
    },
    snapshot: () => {
      const { open, high, low, close } = shapes;
      const candles: [number, number, number, number][] = [];
      for (let i = Math.max(0, count - LONGEST_LOOKBACK); i < count; i++) candles.push([open[i], high[i], low[i], close[i]]);
      return { candles };
    },
    restore: ({ candles }) => {
      count = 0;
      for (const [open, high, low, close] of candles.slice(-LONGEST_LOOKBACK)) setCandle(shapes, count++, open, high, low, close);
    },
  };
}
