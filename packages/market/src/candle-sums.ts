import { FLAG_AFTER_GAP } from "./candle.ts";
import { addExact, addInteger, addProduct, compareExact, copyExact, multiplyByPowerOfTen } from "./exact.ts";

/**
 * What a candle is made of, as exact integers in one Float64Array: it folds, copies and travels to
 * the database as it is. Prices are scaled by PRICE_SCALE, sizes by SIZE_SCALE; entries that take
 * two places are two-limb values (`exact.ts`). Undefined where TRADES is 0: times, prices, MAX_SIZE, VD_* and CVD_* but the closes.
 */
export const S = {
  TRADES: 0,
  BUYS: 1,
  SELLS: 2,
  FIRST_TIME: 3,
  FIRST_SEQ: 4,
  LAST_TIME: 5,
  LAST_SEQ: 6,
  OPEN: 7,
  HIGH: 8,
  LOW: 9,
  CLOSE: 10,
  MAX_SIZE: 11,
  VOLUME: 12,
  BUY_VOLUME: 14,
  SELL_VOLUME: 16,
  PRICE_SIZE: 18,
  BID_DEPTH: 20,
  ASK_DEPTH: 22,
  SPREAD: 24,
  QUOTES: 25,
  CROSSED: 26,
  VD_OPEN: 27,
  VD_HIGH: 29,
  VD_LOW: 31,
  VD: 33,
  CVD_OPEN: 35,
  CVD_HIGH: 37,
  CVD_LOW: 39,
  CVD: 41,
  CVD_BASE: 43,
  PRICE_SCALE: 45,
  SIZE_SCALE: 46,
  FLAGS: 47,
  /** Minutes folded in, those of them that are partial or venue-down, and those that are backfilled. */
  MINUTES: 48,
  BAD_MINUTES: 49,
  BACKFILLED_MINUTES: 50,
  /** 1 where LAST_CLOSE holds the last price before a candle without trades. */
  HAS_LAST_CLOSE: 51,
  LAST_CLOSE: 52,
} as const;

export const SUMS_LENGTH = 53;

/** A quote older than this is no valid quote. */
const MAX_QUOTE_AGE_US = 5_000_000;

const EXACT_PRICE_SIZE = [S.PRICE_SIZE] as const;
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
] as const;
const PLAIN_PRICES = [S.OPEN, S.HIGH, S.LOW, S.CLOSE, S.LAST_CLOSE] as const;

/** Sums of nothing, at these scales. */
export function createSums(priceScale: number, sizeScale: number): Float64Array {
  const sums = new Float64Array(SUMS_LENGTH);
  sums[S.PRICE_SCALE] = priceScale;
  sums[S.SIZE_SCALE] = sizeScale;
  return sums;
}

/**
 * Adds a trade that is the latest so far by (time, seq). CVD is not touched: see `setCvd`.
 * @param side 1 buy, -1 sell, 0 unknown
 */
export function addTrade(sums: Float64Array, time: number, seq: number, price: number, size: number, side: number): void {
  const first = sums[S.TRADES] === 0;
  sums[S.TRADES] = (sums[S.TRADES] as number) + 1;
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

/** Sets CVD from VD and the CVD before the first trade; for the sums of a minute, once its trades are in. */
export function setCvd(sums: Float64Array, base: Float64Array, at: number): void {
  copyExact(sums, S.CVD_BASE, base, at);
  const some = sums[S.TRADES] !== 0;
  for (const [cvd, vd] of CVD_OF_VD) {
    if (!some && cvd !== S.CVD) continue;
    copyExact(sums, cvd, base, at);
    addExact(sums, cvd, sums, vd);
  }
}

const CVD_OF_VD: readonly (readonly [number, number])[] = [
  [S.CVD_OPEN, S.VD_OPEN],
  [S.CVD_HIGH, S.VD_HIGH],
  [S.CVD_LOW, S.VD_LOW],
  [S.CVD, S.VD],
];

/** Adds `shift`, at the sums' own scale, to the CVD of a candle: a trade before it in its session came late. */
export function shiftCvd(sums: Float64Array, shift: Float64Array): void {
  for (const at of [S.CVD_BASE, S.CVD]) addExact(sums, at, shift, 0);
  if (sums[S.TRADES] !== 0) for (const at of [S.CVD_OPEN, S.CVD_HIGH, S.CVD_LOW]) addExact(sums, at, shift, 0);
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
  copyExact(target, S.CVD, source, S.CVD);
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
  for (const at of [S.LAST_TIME, S.LAST_SEQ, S.CLOSE]) target[at] = source[at] as number;
  for (const at of [S.TRADES, S.BUYS, S.SELLS, S.SPREAD, S.QUOTES, S.CROSSED]) target[at] = (target[at] as number) + (source[at] as number);
  for (const at of [S.VOLUME, S.BUY_VOLUME, S.SELL_VOLUME, S.PRICE_SIZE, S.BID_DEPTH, S.ASK_DEPTH, S.VD]) addExact(target, at, source, at);
}

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
