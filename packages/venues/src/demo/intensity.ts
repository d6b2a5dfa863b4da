import { chance } from "./hash.ts";
import type { DemoInstrument } from "./instruments.ts";

/** 2010-01-01T00:00Z in minutes since the epoch: here ids begin. */
export const FIRST_MINUTE = 21_038_400;

/** Waves of activity: period in minutes and height against the mean; heights sum to less than 1, so that ids never go back. */
const WAVES: readonly (readonly [number, number])[] = [
  [1440, 0.36],
  [10_080, 0.1],
  [661, 0.12],
  [223, 0.12],
  [71, 0.1],
  [19, 0.08],
  [7, 0.06],
];
/** Share of an hour's trades that falls into its bursts. */
const BURST_SHARE = 0.42;
const PHASE_LANE = 400;
const BURST_LANE = 500;

/**
 * Id of the first trade of a minute (minutes since the epoch): the number of trades before it, in closed form, so that
 * ids are consecutive over minutes and known from any minute on.
 */
export function firstIdOf(seed: number, demo: DemoInstrument, minute: number): number {
  const t = minute - FIRST_MINUTE;
  let steady = t;
  for (let i = 0; i < WAVES.length; i++) {
    const [period, height] = WAVES[i] as readonly [number, number];
    const w = (2 * Math.PI) / period;
    // The day's wave is common: high in the afternoon, low at night; the others differ by instrument.
    const phase = i === 0 ? Math.PI : 2 * Math.PI * chance(seed, PHASE_LANE, demo.index, i);
    steady += (height / w) * (Math.sin(w * t + phase) - Math.sin(phase));
  }
  const hour = Math.floor(t / 60);
  const burst = 60 * (hour + burstsBefore(seed, demo, hour, t - hour * 60));
  return 1 + Math.floor(demo.tradesPerMinute * ((1 - BURST_SHARE) * steady + BURST_SHARE * burst));
}

/** Share of the hour's bursts that lies before its minute `until`: heavy-tailed weights. */
function burstsBefore(seed: number, demo: DemoInstrument, hour: number, until: number): number {
  if (until === 0) return 0;
  let before = 0;
  let total = 0;
  for (let minute = 0; minute < 60; minute++) {
    const weight = 1 / (0.02 + chance(seed, BURST_LANE + demo.index, hour, minute));
    total += weight;
    if (minute < until) before += weight;
  }
  return before / total;
}
