import { divideIntegers, exactToBigInt, exactToDouble, isExact, powerOfTen, sumToDouble } from "./exact.ts";
import { bookImbalanceOf, compareRounded, evrOf, isBelow, priceChangeBpsOf, vdRatioOf } from "./running-metrics.ts";
import { smpOf } from "./smart-money-pressure.ts";
import { S } from "./sums-layout.ts";

/** Least imbalance and least price change, in basis points, of a divergence. */
const DIVERGENCE_RATIO = 0.1;
const DIVERGENCE_BPS = 0.5;
const LARGEST_SCORE = 100;
/** Above the one and then below the other a wave of trades has spent itself. */
const EXHAUSTED_BEFORE = 0.5;
const EXHAUSTED_NOW = 0.15;
const SPIKE_CANDLES = 20;
const SLOPE_CANDLES = 5;

/*
 * What is judged of a candle when it closes, from its exact sums, unrounded. Formulas: section 2 of the metrics book, after GitHub
 * paulshorey/market-data; momentum_score differs from it in a signed bonus, so that mirrored trades give the mirrored score.
 */

/** 1: price rose by at least 0.5 bps against net selling (vd_ratio <= -0.10); -1: it fell so against net buying; else 0. */
export function divergenceOf(sums: Float64Array): number {
  const ratio = vdRatioOf(sums);
  const change = priceChangeBpsOf(sums);
  if (!isAtLeast(Math.abs(ratio), DIVERGENCE_RATIO) || !isAtLeast(Math.abs(change), DIVERGENCE_BPS)) return 0;
  return ratio < 0 === change > 0 ? Math.sign(change) : 0;
}

/** 1 / (|evr| + 0.1) where there is a divergence: the more volume was absorbed for less price, the greater; 0..10, else 0. */
export function absorptionIntensityOf(sums: Float64Array): number {
  const evr = evrOf(sums);
  return divergenceOf(sums) === 0 || Number.isNaN(evr) ? 0 : 1 / (Math.abs(evr) + 0.1);
}

/** 40 vd_ratio + 2 price_change_bps + 20 book_imbalance, and 10 with the sign of vd_ratio, or against it in a divergence; -100..100, NaN without vd_ratio. */
export function momentumScoreOf(sums: Float64Array): number {
  const ratio = vdRatioOf(sums);
  const bonus = Math.sign(ratio) * (divergenceOf(sums) === 0 ? 10 : -10);
  const score = 40 * ratio + 2 * orZero(priceChangeBpsOf(sums)) + 20 * orZero(bookImbalanceOf(sums)) + bonus;
  return Math.min(LARGEST_SCORE, Math.max(-LARGEST_SCORE, score));
}

/** Smart money pressure with the divergence of the closed candle, unrounded; NaN without vd_ratio. */
export function smpFinalOf(sums: Float64Array): number {
  return smpOf(sums, divergenceOf(sums));
}

/** The sign of the candle before where its |vd_ratio| was above 0.5 and this one's is below 0.15; else 0. Act against the sign. */
export function deltaExhaustionOf(sums: Float64Array): number {
  const before = sums[S.WINDOW_RATIO] as number;
  const now = Math.abs(vdRatioOf(sums));
  const isExhausted = compareRounded(Math.abs(before), EXHAUSTED_BEFORE) > 0 && compareRounded(now, EXHAUSTED_NOW) < 0;
  return isExhausted ? Math.sign(before) : 0;
}

/** Volume over its mean in the 20 candles before, 0 or more; NaN with fewer, or where their mean is 0. */
export function volumeSpikeOf(sums: Float64Array): number {
  const count = sums[S.WINDOW_VOLUME_COUNT] as number;
  if (count !== SPIKE_CANDLES) return Number.NaN;
  if (sums[S.TRADES] === 0) return 0;
  const volume = exactToDouble(sums, S.VOLUME) * count;
  const whole = exactToDouble(sums, S.WINDOW_VOLUME);
  if (whole === 0) return Number.NaN;
  if (isExact(volume) && isExact(whole)) return volume / whole;
  return divideIntegers(exactToBigInt(sums, S.VOLUME) * BigInt(count), exactToBigInt(sums, S.WINDOW_VOLUME));
}

/** Mean VD of this candle and the 4 before it, base currency or contracts; NaN with fewer, or where one is absent among them. */
export function cvdSlopeOf(sums: Float64Array): number {
  if (sums[S.WINDOW_VD_COUNT] !== SLOPE_CANDLES - 1) return Number.NaN;
  const divisor = SLOPE_CANDLES * powerOfTen(sums[S.SIZE_SCALE] as number);
  const whole = sumToDouble(sums, S.VD, S.WINDOW_VD);
  if (isExact(whole) && isExact(divisor)) return whole / divisor;
  const scale = 10n ** BigInt(sums[S.SIZE_SCALE] as number);
  return divideIntegers(exactToBigInt(sums, S.VD) + exactToBigInt(sums, S.WINDOW_VD), BigInt(SLOPE_CANDLES) * scale);
}

function isAtLeast(value: number, limit: number): boolean {
  return value >= limit || (!Number.isNaN(value) && !isBelow(value, limit));
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}
