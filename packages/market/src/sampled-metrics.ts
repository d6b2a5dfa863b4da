import {
  avgTradeSizeOf,
  bookImbalanceOf,
  evrOf,
  liquidityRatioOf,
  priceChangeBpsOf,
  spreadBpsOf,
  vdRatioOf,
  vdStrengthOf,
  vwapDistanceBpsOf,
  vwapOf,
} from "./running-metrics.ts";
import { smpOf } from "./smart-money-pressure.ts";
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
  sample(sums, vdRatio, vdRatioOf(sums), first);
  sample(sums, vwap, vwapOf(sums), first);
  sample(sums, avgTradeSize, avgTradeSizeOf(sums), first);
  sample(sums, priceChangeBps, priceChangeBpsOf(sums), first);
  sample(sums, vwapDistanceBps, vwapDistanceBpsOf(sums), first);
  sample(sums, evr, evrOf(sums), first);
  sample(sums, vdStrength, vdStrengthOf(sums), first);
  sample(sums, smp, smpOf(sums, 0), first);
  if (!first && sums[S.QUOTES] === 0) return;
  sample(sums, bookImbalance, bookImbalanceOf(sums), first);
  sample(sums, liquidityRatio, liquidityRatioOf(sums), first);
  sample(sums, spreadBps, spreadBpsOf(sums), first);
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
