import { FLAG_AFTER_GAP } from "./candle.ts";
import { quietWindow } from "./candle-window.ts";
import {
  addExact,
  addInteger,
  addMultiple,
  addProduct,
  compareExact,
  copyExact,
  exactToBigInt,
  multiplyByPowerOfTen,
  setBigInt,
} from "./exact.ts";
import { sampleMetrics } from "./sampled-metrics.ts";
import { S, SUMS_LENGTH } from "./sums-layout.ts";

/** A quote older than this is no valid quote. */
const MAX_QUOTE_AGE_US = 5_000_000;

const EXACT_PRICE_SIZE = [S.PRICE_SIZE, S.CLOSE_EXCESS, S.SESSION_PRICE_SIZE] as const;
const EXACT_SIZES = [
  S.VOLUME,
  S.BUY_VOLUME,
  S.SELL_VOLUME,
  S.BID_DEPTH,
  S.ASK_DEPTH,
  S.VD_OPEN,
  S.VD_HIGH,
  S.VD_LOW,
  S.VD,
  S.CVD_OPEN,
  S.CVD_HIGH,
  S.CVD_LOW,
  S.CVD,
  S.CVD_BASE,
  S.BIG_VOLUME,
  S.BIG_BUY_VOLUME,
  S.BIG_SELL_VOLUME,
  S.SESSION_VOLUME,
  S.WINDOW_ABS_VD,
  S.WINDOW_VOLUME,
  S.WINDOW_VD,
] as const;
const PLAIN_PRICES = [S.OPEN, S.HIGH, S.LOW, S.CLOSE, S.LAST_CLOSE] as const;

/** Sums of nothing, at these scales. */
export function createSums(priceScale: number, sizeScale: number): Float64Array {
  const sums = new Float64Array(SUMS_LENGTH);
  sums[S.PRICE_SCALE] = priceScale;
  sums[S.SIZE_SCALE] = sizeScale;
  return sums;
}

/** Sets what a candle takes from those before it (`candle-window.ts`), at the scale of its sums. */
export function setWindow(sums: Float64Array, window: Float64Array): void {
  sums.set(window, S.WINDOW);
}

/** Leaves a closed candle of its window what it has a use for. */
export function settleWindow(sums: Float64Array): void {
  if (sums[S.TRADES] === 0) setWindow(sums, quietWindow(sums.subarray(S.WINDOW)));
}

/** The same at a finer size scale: so many more decimals. */
export function refinedWindow(window: Float64Array, sizes: number): Float64Array {
  if (sizes === 0) return window;
  const finer = window.slice();
  for (const at of [S.WINDOW_ABS_VD, S.WINDOW_VOLUME, S.WINDOW_VD]) multiplyByPowerOfTen(finer, at - S.WINDOW, sizes);
  return finer;
}

/** Whether it takes the same from them as it did. */
export function hasWindow(sums: Float64Array, window: Float64Array): boolean {
  return window.every((value, at) => Object.is(value, sums[S.WINDOW + at]));
}

/** Sums as today's, of stored ones that may be of a time when they held less: what they cannot tell is NaN. */
export function widenSums(stored: Float64Array): Float64Array {
  if (stored.length === SUMS_LENGTH) return stored;
  const sums = new Float64Array(SUMS_LENGTH).fill(Number.NaN, stored.length);
  sums.set(stored);
  const volume = exactToBigInt(sums, S.VOLUME);
  setBigInt(sums, S.CLOSE_EXCESS, BigInt(sums[S.CLOSE] as number) * volume - exactToBigInt(sums, S.PRICE_SIZE));
  return sums;
}

/**
 * Adds a trade that is the latest so far by (time, seq). CVD is not touched: see `setCvd`.
 * @param side 1 buy, -1 sell, 0 unknown
 */
export function addTrade(sums: Float64Array, time: number, seq: number, price: number, size: number, side: number): void {
  const first = sums[S.TRADES] === 0;
  sums[S.TRADES] = (sums[S.TRADES] as number) + 1;
  const move = first ? 0 : price - (sums[S.CLOSE] as number);
  if (move !== 0) addMultiple(sums, S.CLOSE_EXCESS, move, sums, S.VOLUME);
  addInteger(sums, S.VOLUME, size);
  addProduct(sums, S.PRICE_SIZE, price, size);
  if (side > 0) {
    sums[S.BUYS] = (sums[S.BUYS] as number) + 1;
    addInteger(sums, S.BUY_VOLUME, size);
    addInteger(sums, S.VD, size);
  } else if (side < 0) {
    sums[S.SELLS] = (sums[S.SELLS] as number) + 1;
    addInteger(sums, S.SELL_VOLUME, size);
    addInteger(sums, S.VD, -size);
  }
  sums[S.LAST_TIME] = time;
  sums[S.LAST_SEQ] = seq;
  sums[S.CLOSE] = price;
  if (first) {
    sums[S.FIRST_TIME] = time;
    sums[S.FIRST_SEQ] = seq;
    sums[S.OPEN] = price;
    sums[S.HIGH] = price;
    sums[S.LOW] = price;
    sums[S.MAX_SIZE] = size;
    copyExact(sums, S.VD_OPEN, sums, S.VD);
    copyExact(sums, S.VD_HIGH, sums, S.VD);
    copyExact(sums, S.VD_LOW, sums, S.VD);
    return;
  }
  if (price > (sums[S.HIGH] as number)) sums[S.HIGH] = price;
  if (price < (sums[S.LOW] as number)) sums[S.LOW] = price;
  if (size > (sums[S.MAX_SIZE] as number)) sums[S.MAX_SIZE] = size;
  if (side > 0) {
    if (compareExact(sums, S.VD, sums, S.VD_HIGH) > 0) copyExact(sums, S.VD_HIGH, sums, S.VD);
  } else if (side < 0 && compareExact(sums, S.VD, sums, S.VD_LOW) < 0) {
    copyExact(sums, S.VD_LOW, sums, S.VD);
  }
}

/** Counts a trade that was added as a big one. */
export function addBigTrade(sums: Float64Array, size: number, side: number): void {
  sums[S.BIG_TRADES] = (sums[S.BIG_TRADES] as number) + 1;
  addInteger(sums, S.BIG_VOLUME, size);
  if (side > 0) addInteger(sums, S.BIG_BUY_VOLUME, size);
  else if (side < 0) addInteger(sums, S.BIG_SELL_VOLUME, size);
}

/** Adds the quote that a trade carries; one that is old, empty, not above 0 or (counted) crossed adds nothing else. */
export function addQuote(sums: Float64Array, bid: number, ask: number, bidSize: number, askSize: number, ageUs: number): void {
  if (ageUs < 0 || ageUs > MAX_QUOTE_AGE_US || !(bid > 0 && ask > 0 && bidSize > 0 && askSize > 0)) return;
  if (bid > ask) {
    sums[S.CROSSED] = (sums[S.CROSSED] as number) + 1;
    return;
  }
  sums[S.QUOTES] = (sums[S.QUOTES] as number) + 1;
  addInteger(sums, S.BID_DEPTH, bidSize);
  addInteger(sums, S.ASK_DEPTH, askSize);
  sums[S.SPREAD] = (sums[S.SPREAD] as number) + spreadOf(bid, ask);
}

/** (ask - bid) / mid in units of 1e-6 bps, rounded half up; one division where the numerator is a safe integer. */
function spreadOf(bid: number, ask: number): number {
  const numerator = (ask - bid) * 2e10;
  return Math.round(numerator <= Number.MAX_SAFE_INTEGER ? numerator / (ask + bid) : (((ask - bid) * 2) / (ask + bid)) * 1e10);
}

/**
 * Folds the next candle, in time, into `target`: sums add, open and close are first and last, high
 * and low are extremes, VD runs on (prefix), CVD is taken as it stands. Equal to building the whole
 * from its trades. Both sides are brought to the finer scales first.
 */
export function foldSums(target: Float64Array, source: Float64Array): void {
  matchScales(target, source);
  if (target[S.MINUTES] === 0) copyExact(target, S.CVD_BASE, source, S.CVD_BASE);
  for (const at of [S.MINUTES, S.BAD_MINUTES, S.BACKFILLED_MINUTES]) target[at] = (target[at] as number) + (source[at] as number);
  target[S.FLAGS] = (target[S.FLAGS] as number) | ((source[S.FLAGS] as number) & ~FLAG_AFTER_GAP);
  if (source[S.TRADES] !== 0) foldTrades(target, source);
  for (const at of [S.CVD, S.SESSION_PRICE_SIZE, S.SESSION_VOLUME]) copyExact(target, at, source, at);
}

function foldTrades(target: Float64Array, source: Float64Array): void {
  const first = target[S.TRADES] === 0;
  if (first) {
    for (const at of [S.FIRST_TIME, S.FIRST_SEQ, S.OPEN, S.HIGH, S.LOW, S.MAX_SIZE]) target[at] = source[at] as number;
    for (const at of [S.VD_OPEN, S.VD_HIGH, S.VD_LOW, S.CVD_OPEN, S.CVD_HIGH, S.CVD_LOW]) copyExact(target, at, source, at);
  } else {
    if ((source[S.HIGH] as number) > (target[S.HIGH] as number)) target[S.HIGH] = source[S.HIGH] as number;
    if ((source[S.LOW] as number) < (target[S.LOW] as number)) target[S.LOW] = source[S.LOW] as number;
    if ((source[S.MAX_SIZE] as number) > (target[S.MAX_SIZE] as number)) target[S.MAX_SIZE] = source[S.MAX_SIZE] as number;
    foldPrefix(target, source);
    if (compareExact(source, S.CVD_HIGH, target, S.CVD_HIGH) > 0) copyExact(target, S.CVD_HIGH, source, S.CVD_HIGH);
    if (compareExact(source, S.CVD_LOW, target, S.CVD_LOW) < 0) copyExact(target, S.CVD_LOW, source, S.CVD_LOW);
  }
  addMultiple(target, S.CLOSE_EXCESS, (source[S.CLOSE] as number) - (target[S.CLOSE] as number), target, S.VOLUME);
  for (const at of [S.LAST_TIME, S.LAST_SEQ, S.CLOSE]) target[at] = source[at] as number;
  for (const at of FOLDED_COUNTS) target[at] = (target[at] as number) + (source[at] as number);
  for (const at of FOLDED_SUMS) addExact(target, at, source, at);
  sampleMetrics(target, first);
}

const FOLDED_COUNTS = [S.TRADES, S.BUYS, S.SELLS, S.SPREAD, S.QUOTES, S.CROSSED, S.BIG_TRADES] as const;
const FOLDED_SUMS = [
  ...([S.VOLUME, S.BUY_VOLUME, S.SELL_VOLUME, S.PRICE_SIZE, S.CLOSE_EXCESS, S.BID_DEPTH, S.ASK_DEPTH, S.VD] as const),
  ...([S.BIG_VOLUME, S.BIG_BUY_VOLUME, S.BIG_SELL_VOLUME] as const),
] as const;

const prefix = new Float64Array(2);

/** high = max(high, VD before + high of the next); low likewise. */
function foldPrefix(target: Float64Array, source: Float64Array): void {
  copyExact(prefix, 0, target, S.VD);
  addExact(prefix, 0, source, S.VD_HIGH);
  if (compareExact(prefix, 0, target, S.VD_HIGH) > 0) copyExact(target, S.VD_HIGH, prefix, 0);
  copyExact(prefix, 0, target, S.VD);
  addExact(prefix, 0, source, S.VD_LOW);
  if (compareExact(prefix, 0, target, S.VD_LOW) < 0) copyExact(target, S.VD_LOW, prefix, 0);
}

/** Brings sums to finer scales, exactly; coarser ones are ignored. */
export function rescaleSums(sums: Float64Array, priceScale: number, sizeScale: number): void {
  const prices = Math.max(0, priceScale - (sums[S.PRICE_SCALE] as number));
  const sizes = Math.max(0, sizeScale - (sums[S.SIZE_SCALE] as number));
  if (prices === 0 && sizes === 0) return;
  for (const at of PLAIN_PRICES) sums[at] = timesPowerOfTen(sums[at] as number, prices);
  sums[S.MAX_SIZE] = timesPowerOfTen(sums[S.MAX_SIZE] as number, sizes);
  for (const at of EXACT_SIZES) multiplyByPowerOfTen(sums, at, sizes);
  for (const at of EXACT_PRICE_SIZE) multiplyByPowerOfTen(sums, at, prices + sizes);
  sums[S.PRICE_SCALE] = (sums[S.PRICE_SCALE] as number) + prices;
  sums[S.SIZE_SCALE] = (sums[S.SIZE_SCALE] as number) + sizes;
}

function matchScales(target: Float64Array, source: Float64Array): void {
  rescaleSums(target, source[S.PRICE_SCALE] as number, source[S.SIZE_SCALE] as number);
  rescaleSums(source, target[S.PRICE_SCALE] as number, target[S.SIZE_SCALE] as number);
}

/** value * 10^digits; throws RangeError where that is no safe integer. */
export function timesPowerOfTen(value: number, digits: number): number {
  const product = value * 10 ** digits;
  if (!Number.isSafeInteger(product)) throw new RangeError(`${value} at ${digits} more decimals is beyond 2^53`);
  return product;
}
