import {
  avgTradeSizeOf,
  bookImbalanceOf,
  closeAboveVwap,
  distanceBps,
  effortVersusResult,
  liquidityRatioOf,
  priceChangeBpsOf,
  spreadBpsOf,
  vdRatioOf,
  vdStrengthOf,
  vwapBelow,
} from "./running-metrics.ts";
import { bigShareOf, weighPressure } from "./smart-money-pressure.ts";
import { S, SAMPLED, type SampledMetric } from "./sums-layout.ts";

/** Place of a metric's open; its high and low follow. */
const AT = Object.fromEntries(SAMPLED.map((name, i) => [name, S.SAMPLES + 3 * i])) as Readonly<Record<SampledMetric, number>>;
const { vdRatio, bookImbalance, liquidityRatio, vwap, avgTradeSize, spreadBps, priceChangeBps, vwapDistanceBps, evr, vdStrength, smp } = AT;

/** Place of the open of a metric; its high and low follow. */
export function sampleAt(metric: SampledMetric): number {
  return AT[metric];
}

/**
 * Takes the metrics' present values into their open, high and low: in a minute after each trade, above it at the close of each minute
 * with trades.
 * @param first whether nothing was sampled before
 */
export function sampleMetrics(sums: Float64Array, first: boolean): void {
  const ratio = vdRatioOf(sums);
  const distance = closeAboveVwap(sums);
  const mean = vwapBelow(sums, distance);
  const change = priceChangeBpsOf(sums);
  const effort = effortVersusResult(ratio, change);
  const strength = vdStrengthOf(sums);
  const hasQuotes = sums[S.QUOTES] !== 0;
  const imbalance = hasQuotes ? bookImbalanceOf(sums) : Number.NaN;
  const spread = hasQuotes ? spreadBpsOf(sums) : Number.NaN;
  sample(sums, vdRatio, ratio, first);
  sample(sums, vwap, mean, first);
  sample(sums, avgTradeSize, avgTradeSizeOf(sums), first);
  sample(sums, priceChangeBps, change, first);
  sample(sums, vwapDistanceBps, distanceBps(distance, mean), first);
  sample(sums, evr, effort, first);
  sample(sums, vdStrength, strength, first);
  sample(sums, smp, weighPressure(ratio, bigShareOf(sums), strength, imbalance, 0, effort, spread), first);
  if (!first && !hasQuotes) return;
  sample(sums, bookImbalance, imbalance, first);
  sample(sums, liquidityRatio, hasQuotes ? liquidityRatioOf(sums) : Number.NaN, first);
  sample(sums, spreadBps, spread, first);
}

/** The open is the first value, defined or not; high and low skip what is undefined. */
function sample(sums: Float64Array, at: number, value: number, first: boolean): void {
  if (first) {
    sums[at] = value;
    sums[at + 1] = value;
    sums[at + 2] = value;
    return;
  }
  const high = sums[at + 1] as number;
  if (value > high || Number.isNaN(high)) sums[at + 1] = value;
  const low = sums[at + 2] as number;
  if (value < low || Number.isNaN(low)) sums[at + 2] = value;
}
