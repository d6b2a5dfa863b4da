import { divideIntegers, exactToBigInt, exactToDouble, isExact } from "./exact.ts";
import { bookImbalanceOf, compareRounded, evrOf, spreadBpsOf, vdRatioOf, vdStrengthOf } from "./running-metrics.ts";
import { S } from "./sums-layout.ts";

const LARGEST = 100;
/** It is rounded so before it is rounded to an integer, that a last bit decides nothing. */
const STEPS_PER_UNIT = 1e9;

/** Smart money pressure of a candle as it stands (`weighPressure`). @param divergence 1, -1 or 0, which it is while the candle is open */
export function smpOf(sums: Float64Array, divergence: number): number {
  const [ratio, strength, imbalance] = [vdRatioOf(sums), vdStrengthOf(sums), bookImbalanceOf(sums)];
  return weighPressure(ratio, bigShareOf(sums), strength, imbalance, divergence, evrOf(sums), spreadBpsOf(sums));
}

/**
 * Smart money pressure, before it is rounded: how far the trades' imbalance, its size, the book and the price point the same way.
 * The eight steps of the metrics book, section 2, after `composite` of GitHub paulshorey/market-data. All but the ratio may be NaN.
 * @returns NaN without vd_ratio
 */
export function weighPressure(
  ratio: number,
  bigShare: number,
  strength: number,
  imbalance: number,
  divergence: number,
  evr: number,
  spread: number,
): number {
  if (Number.isNaN(ratio)) return ratio;
  const sign = Math.sign(ratio);
  const size = Math.abs(ratio);
  let score = 50 * ratio * (1 + bigShare);
  if (compareRounded(strength, 1) > 0) score *= 1 + 0.6 * Math.min(strength - 1, 0.5);
  else if (compareRounded(strength, 0.7) < 0) score *= 0.8;
  score += sign * bookTermOf(sign, imbalance);
  score += 25 * divergence * size;
  if (compareRounded(size, 0.3) > 0) score *= effortFactorOf(Math.abs(evr));
  if (compareRounded(spread, 5) > 0) score *= 1 - Math.min((spread - 5) / 10, 0.3);
  return score;
}

/** Smart money pressure as it is served: an integer, -100..100, rounded half away from zero. */
export function roundSmp(score: number): number {
  const size = Math.round(Math.round(Math.abs(score) * STEPS_PER_UNIT) / STEPS_PER_UNIT);
  return size === 0 ? 0 : Math.sign(score) * Math.min(LARGEST, size);
}

/** Share of the volume that big trades have, 0..1. */
export function bigShareOf(sums: Float64Array): number {
  const big = exactToDouble(sums, S.BIG_VOLUME);
  if (!(big > 0)) return 0;
  const volume = exactToDouble(sums, S.VOLUME);
  return isExact(big) && isExact(volume) ? big / volume : divideIntegers(exactToBigInt(sums, S.BIG_VOLUME), exactToBigInt(sums, S.VOLUME));
}

/** The book adds where it leans the same way as the trades, and takes where it leans well against them. */
function bookTermOf(sign: number, imbalance: number): number {
  if (sign * imbalance > 0) return Math.abs(imbalance) * 15;
  const isOpposed = sign * imbalance < 0 && compareRounded(Math.abs(imbalance), 0.2) > 0;
  return isOpposed ? -Math.abs(imbalance) * 10 : 0;
}

/** Much effort for little price is worth less, little effort for much price more. */
function effortFactorOf(evr: number): number {
  if (compareRounded(evr, 0.3) < 0) return 0.7;
  return compareRounded(evr, 1.5) > 0 ? 1.2 : 1;
}
