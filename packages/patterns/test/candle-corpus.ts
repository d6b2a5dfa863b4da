import { createCandlestickScanner } from "../src/candlestick-scanner.ts";
import { candlesticks } from "../src/candlesticks.ts";
import { EXAMPLES, QUIET_CANDLES, type Quad } from "./candlestick-examples.ts";

/** A sequence of numbers in [0, 1) that a seed fixes. */
export function createSequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The price that candles are mirrored at. */
const MIRROR = 1_000;

export function mirrored([open, high, low, close]: Quad): Quad {
  return [2 * MIRROR - open, 2 * MIRROR - low, 2 * MIRROR - high, 2 * MIRROR - close];
}

/** Examples that recorded hashes are made of: new ones are added at the end, and not counted here. */
export const CORPUS_EXAMPLES = EXAMPLES.slice(0, 71);

/**
 * Candles in whole tenths: in turn quiet ones and an example, one in two mirrored, most prices moved by a tenth or
 * none. So all patterns and near misses occur, and equal prices and limits met exactly are frequent.
 */
export function createCorpus(seed: number, examples: number): Quad[] {
  const next = createSequence(seed);
  const candles: Quad[] = [];
  for (let n = 0; n < examples; n++) {
    const quiet = QUIET_CANDLES.slice(Math.floor(next() * 8));
    const { candles: pattern } = CORPUS_EXAMPLES[Math.floor(next() * CORPUS_EXAMPLES.length)] as (typeof EXAMPLES)[number];
    const isMirrored = next() < 0.5;
    const spread = Math.floor(next() * 3);
    for (const candle of [...quiet, ...pattern]) {
      const moved = candle.map((price) => Math.round(price * 10) + Math.round((next() * 2 - 1) * spread));
      const [open, high, low, close] = moved as [number, number, number, number];
      const whole: Quad = [open, Math.max(open, high, low, close), Math.min(open, high, low, close), close];
      candles.push(isMirrored ? mirrored(whole) : whole);
    }
  }
  return candles;
}

/** Columns of open, high, low and close. */
export function columnsOf(candles: readonly Quad[]): [number[], number[], number[], number[]] {
  return [0, 1, 2, 3].map((at) => candles.map((candle) => candle[at] as number)) as [number[], number[], number[], number[]];
}

/** Values of all patterns, one column each, by one pass of a scanner. */
export function scan(candles: readonly Quad[]): ReadonlyMap<string, number[]> {
  const columns = new Map(candlesticks.map(({ name }) => [name as string, candles.map(() => 0)]));
  const scanner = createCandlestickScanner();
  for (const [i, [open, high, low, close]] of candles.entries()) {
    for (const { name, value } of scanner.update({ open, high, low, close })) (columns.get(name) as number[])[i] = value;
  }
  return columns;
}
