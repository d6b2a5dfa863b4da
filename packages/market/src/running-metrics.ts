import {
  differenceToDouble,
  divideIntegers,
  exactToBigInt,
  exactToDouble,
  isExact,
  powerOfTen,
  roundDerived,
  sumToDouble,
} from "./exact.ts";
import { S } from "./sums-layout.ts";

/*
 * Derived values of a candle as they stand, from its exact sums, unrounded; NaN where undefined. They are functions of the sums alone,
 * so that a running value does not depend on the way its trades came in, nor on the scales that they came at: every quotient is the
 * double nearest to that of the exact integers. Formulas: sections 1 and 2 of the metrics book, where vd_ratio,
 * vwap and evr go back to GitHub paulshorey/market-data.
 */

/** Below this imbalance evr says nothing. */
const LEAST_EVR_RATIO = 0.05;
/** A value this little below a limit, relative to it, may round up to it. */
const ROUNDING = 1e-11;

/** Volume delta over the volume that has a side, -1..1. */
export function vdRatioOf(sums: Float64Array): number {
  return shareOf(sums, S.VD, S.BUY_VOLUME, S.SELL_VOLUME);
}

/** One volume over the sum of two. */
export function shareOf(sums: Float64Array, at: number, first: number, second: number): number {
  const whole = sumToDouble(sums, first, second);
  if (isExact(whole)) return exactToDouble(sums, at) / whole;
  return divideIntegers(exactToBigInt(sums, at), exactToBigInt(sums, first) + exactToBigInt(sums, second));
}

/** (bid depth - ask depth) / (bid depth + ask depth), -1..1. */
export function bookImbalanceOf(sums: Float64Array): number {
  const whole = sumToDouble(sums, S.BID_DEPTH, S.ASK_DEPTH);
  if (isExact(whole)) return differenceToDouble(sums, S.BID_DEPTH, S.ASK_DEPTH) / whole;
  const [bids, asks] = [exactToBigInt(sums, S.BID_DEPTH), exactToBigInt(sums, S.ASK_DEPTH)];
  return divideIntegers(bids - asks, bids + asks);
}

/** Bid depth / ask depth. */
export function liquidityRatioOf(sums: Float64Array): number {
  const bids = exactToDouble(sums, S.BID_DEPTH);
  const asks = exactToDouble(sums, S.ASK_DEPTH);
  if (asks === 0) return Number.NaN;
  return isExact(bids) && isExact(asks) ? bids / asks : divideIntegers(exactToBigInt(sums, S.BID_DEPTH), exactToBigInt(sums, S.ASK_DEPTH));
}

/** Mean price weighted by size, in quote currency: by the distance to the close, of which a double holds more digits. */
export function vwapOf(sums: Float64Array): number {
  return vwapBelow(sums, closeAboveVwap(sums));
}

/** Mean price weighted by size, of which the distance to the close is known. */
export function vwapBelow(sums: Float64Array, distance: number): number {
  return (sums[S.CLOSE] as number) / powerOfTen(sums[S.PRICE_SCALE] as number) - distance;
}

/** close - vwap, in quote currency. */
export function closeAboveVwap(sums: Float64Array): number {
  const priceScale = sums[S.PRICE_SCALE] as number;
  const excess = exactToDouble(sums, S.CLOSE_EXCESS);
  const divisor = exactToDouble(sums, S.VOLUME) * powerOfTen(priceScale);
  if (isExact(excess) && isExact(divisor)) return excess / divisor;
  return divideIntegers(exactToBigInt(sums, S.CLOSE_EXCESS), exactToBigInt(sums, S.VOLUME) * 10n ** BigInt(priceScale));
}

/** Mean price of the session up to the close, weighted by size, in quote currency. */
export function vwapSessionOf(sums: Float64Array): number {
  const priceSize = exactToDouble(sums, S.SESSION_PRICE_SIZE);
  if (Number.isNaN(priceSize)) return priceSize;
  const priceScale = sums[S.PRICE_SCALE] as number;
  const divisor = exactToDouble(sums, S.SESSION_VOLUME) * powerOfTen(priceScale);
  if (isExact(priceSize) && isExact(divisor)) return priceSize / divisor;
  return divideIntegers(exactToBigInt(sums, S.SESSION_PRICE_SIZE), exactToBigInt(sums, S.SESSION_VOLUME) * 10n ** BigInt(priceScale));
}

/** Mean size of a trade, in base currency or contracts. */
export function avgTradeSizeOf(sums: Float64Array): number {
  const volume = exactToDouble(sums, S.VOLUME);
  const divisor = powerOfTen(sums[S.SIZE_SCALE] as number) * (sums[S.TRADES] as number);
  if (isExact(volume) && isExact(divisor)) return volume / divisor;
  return divideIntegers(exactToBigInt(sums, S.VOLUME), 10n ** BigInt(sums[S.SIZE_SCALE] as number) * BigInt(sums[S.TRADES] as number));
}

/** Mean spread of the trades with a valid quote, basis points. */
export function spreadBpsOf(sums: Float64Array): number {
  return (sums[S.SPREAD] as number) / (1e6 * (sums[S.QUOTES] as number));
}

/** (close - open) / open, basis points; undefined where the open is not above 0. */
export function priceChangeBpsOf(sums: Float64Array): number {
  return changeBps(sums, sums[S.CLOSE] as number, sums[S.OPEN] as number);
}

/** (high - low) / open, basis points; undefined where the open is not above 0. */
export function priceRangeBpsOf(sums: Float64Array): number {
  return changeBps(sums, sums[S.HIGH] as number, sums[S.LOW] as number);
}

/** (close - vwap) / vwap, basis points; undefined where vwap is not above 0. */
export function vwapDistanceBpsOf(sums: Float64Array): number {
  const distance = closeAboveVwap(sums);
  return distanceBps(distance, vwapBelow(sums, distance));
}

/** A distance in basis points of a price; undefined where that is not above 0. */
export function distanceBps(distance: number, price: number): number {
  return price > 0 ? (distance / price) * 1e4 : Number.NaN;
}

/** Effort versus result: price change in basis points for each percent of imbalance; undefined where |vd_ratio| < 0.05. */
export function evrOf(sums: Float64Array): number {
  return effortVersusResult(vdRatioOf(sums), priceChangeBpsOf(sums));
}

/** evr of a vd_ratio and a price change in basis points. */
export function effortVersusResult(vdRatio: number, priceChangeBps: number): number {
  const ratio = Math.abs(vdRatio);
  return isBelow(ratio, LEAST_EVR_RATIO) ? Number.NaN : priceChangeBps / (100 * ratio);
}

/**
 * |VD| over its mean in the (up to 5) closed candles before, 0 or more; 1 where there is none, and 2 (1 where VD is 0 too) where their
 * mean is 0; NaN where the candle was made before windows were kept.
 */
export function vdStrengthOf(sums: Float64Array): number {
  const count = sums[S.WINDOW_ABS_VD_COUNT] as number;
  if (count === 0) return 1;
  if (Number.isNaN(count)) return count;
  const size = Math.abs(exactToDouble(sums, S.VD)) * count;
  const whole = exactToDouble(sums, S.WINDOW_ABS_VD);
  if (whole === 0) return size === 0 ? 1 : 2;
  if (isExact(size) && isExact(whole)) return size / whole;
  return Math.abs(divideIntegers(exactToBigInt(sums, S.VD) * BigInt(count), exactToBigInt(sums, S.WINDOW_ABS_VD)));
}

/** Candles in a row with VD of one sign, counted with that sign: 3 to 5 building, 6 and more strong; 0 where VD is 0, NaN where it is not known how many went before. */
export function imbalanceStreakOf(sums: Float64Array): number {
  const sign = Math.sign(exactToDouble(sums, S.VD));
  const before = sums[S.STREAK_BEFORE] as number;
  if (Number.isNaN(before) && sign !== 0) return before;
  return Math.sign(before) === sign ? before + sign : sign;
}

/** How a value, rounded to 12 significant digits, stands to a positive limit: negative below, 0 equal, positive above. */
export function compareRounded(value: number, limit: number): number {
  const difference = value - limit;
  return difference !== 0 && Math.abs(difference) <= limit * ROUNDING ? roundDerived(value) - limit : difference;
}

/** Whether a value, rounded to 12 significant digits, is below a positive limit. */
export function isBelow(value: number, limit: number): boolean {
  return compareRounded(value, limit) < 0;
}

function changeBps(sums: Float64Array, to: number, from: number): number {
  const open = sums[S.OPEN] as number;
  return open > 0 ? ((to - from) / open) * 1e4 : Number.NaN;
}
