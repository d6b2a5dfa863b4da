import { addExact, copyExact, multiplyByPowerOfTen, subtractExact } from "./exact.ts";
import { S } from "./sums-layout.ts";

/**
 * What runs on from candle to candle in a session, as three two-limb values: its CVD, the sum of price x size, the volume.
 */
export const RUNNING = { CVD: 0, PRICE_SIZE: 2, VOLUME: 4 } as const;
export const RUNNING_LENGTH = 6;

/** Sets what runs on from the sums of a minute, once its trades are in, and from how it stood before. */
export function setRunning(sums: Float64Array, before: Float64Array): void {
  setCvd(sums, before, RUNNING.CVD);
  copyExact(sums, S.SESSION_PRICE_SIZE, before, RUNNING.PRICE_SIZE);
  addExact(sums, S.SESSION_PRICE_SIZE, sums, S.PRICE_SIZE);
  copyExact(sums, S.SESSION_VOLUME, before, RUNNING.VOLUME);
  addExact(sums, S.SESSION_VOLUME, sums, S.VOLUME);
}

/** Copies how it stands after a candle. */
export function copyRunning(into: Float64Array, sums: Float64Array): void {
  copyExact(into, RUNNING.CVD, sums, S.CVD);
  copyExact(into, RUNNING.PRICE_SIZE, sums, S.SESSION_PRICE_SIZE);
  copyExact(into, RUNNING.VOLUME, sums, S.SESSION_VOLUME);
}

/** Adds one to another. */
export function addRunning(into: Float64Array, shift: Float64Array): void {
  for (let at = 0; at < RUNNING_LENGTH; at += 2) addExact(into, at, shift, at);
}

/** Brings it to finer scales: so many more decimals of prices and sizes. */
export function refineRunning(running: Float64Array, prices: number, sizes: number): void {
  multiplyByPowerOfTen(running, RUNNING.CVD, sizes);
  multiplyByPowerOfTen(running, RUNNING.PRICE_SIZE, prices + sizes);
  multiplyByPowerOfTen(running, RUNNING.VOLUME, sizes);
}

/** Adds what a minute adds to it, or takes that back. */
export function addMinuteTo(running: Float64Array, sums: Float64Array): void {
  addExact(running, RUNNING.CVD, sums, S.VD);
  addExact(running, RUNNING.PRICE_SIZE, sums, S.PRICE_SIZE);
  addExact(running, RUNNING.VOLUME, sums, S.VOLUME);
}

export function subtractMinuteFrom(running: Float64Array, sums: Float64Array): void {
  subtractExact(running, RUNNING.CVD, sums, S.VD);
  subtractExact(running, RUNNING.PRICE_SIZE, sums, S.PRICE_SIZE);
  subtractExact(running, RUNNING.VOLUME, sums, S.VOLUME);
}

/** Sets CVD from VD and the CVD before the first trade. */
function setCvd(sums: Float64Array, base: Float64Array, at: number): void {
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

/** Adds `shift`, at the sums' own scales, to what runs on: a trade before it in its session came late. */
export function shiftRunning(sums: Float64Array, shift: Float64Array): void {
  for (const at of [S.CVD_BASE, S.CVD]) addExact(sums, at, shift, RUNNING.CVD);
  if (sums[S.TRADES] !== 0) for (const at of [S.CVD_OPEN, S.CVD_HIGH, S.CVD_LOW]) addExact(sums, at, shift, RUNNING.CVD);
  addExact(sums, S.SESSION_PRICE_SIZE, shift, RUNNING.PRICE_SIZE);
  addExact(sums, S.SESSION_VOLUME, shift, RUNNING.VOLUME);
}
