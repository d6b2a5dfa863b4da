import { addExact, copyExact, multiplyByPowerOfTen, subtractExact } from "./exact.ts";
import { S } from "./sums-layout.ts";

/** What runs on from candle to candle in a session, as three two-limb values: its CVD, the sum of price x size, the volume. */
export const RUNNING = { CVD: 0, PRICE_SIZE: 2, VOLUME: 4 } as const;
export const RUNNING_LENGTH = 6;

/** Of each: its place here, in a candle's sums as it stands at the close, and in a minute's sums what that adds. */
const PLACES: readonly { here: number; atClose: number; ofMinute: number }[] = [
  { here: RUNNING.CVD, atClose: S.CVD, ofMinute: S.VD },
  { here: RUNNING.PRICE_SIZE, atClose: S.SESSION_PRICE_SIZE, ofMinute: S.PRICE_SIZE },
  { here: RUNNING.VOLUME, atClose: S.SESSION_VOLUME, ofMinute: S.VOLUME },
];

/** Sets what runs on from the sums of a minute, once its trades are in, and from how it stood before. */
export function setRunning(sums: Float64Array, before: Float64Array): void {
  for (const { here, atClose, ofMinute } of PLACES) {
    copyExact(sums, atClose, before, here);
    addExact(sums, atClose, sums, ofMinute);
  }
  copyExact(sums, S.CVD_BASE, before, RUNNING.CVD);
  if (sums[S.TRADES] === 0) return;
  for (const [cvd, vd] of CVD_SAMPLES) {
    copyExact(sums, cvd, before, RUNNING.CVD);
    addExact(sums, cvd, sums, vd);
  }
}

const CVD_SAMPLES: readonly (readonly [cvd: number, vd: number])[] = [
  [S.CVD_OPEN, S.VD_OPEN],
  [S.CVD_HIGH, S.VD_HIGH],
  [S.CVD_LOW, S.VD_LOW],
];

/** Copies how it stands after a candle. */
export function copyRunning(into: Float64Array, sums: Float64Array): void {
  for (const { here, atClose } of PLACES) copyExact(into, here, sums, atClose);
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

/** Adds what a minute adds to it. */
export function addMinuteTo(running: Float64Array, sums: Float64Array): void {
  for (const { here, ofMinute } of PLACES) addExact(running, here, sums, ofMinute);
}

/** Takes that back. */
export function subtractMinuteFrom(running: Float64Array, sums: Float64Array): void {
  for (const { here, ofMinute } of PLACES) subtractExact(running, here, sums, ofMinute);
}

/** Adds `shift`, at the sums' own scales, to what runs on: a trade before it in its session came late. */
export function shiftRunning(sums: Float64Array, shift: Float64Array): void {
  for (const { here, atClose } of PLACES) addExact(sums, atClose, shift, here);
  addExact(sums, S.CVD_BASE, shift, RUNNING.CVD);
  if (sums[S.TRADES] !== 0) for (const [cvd] of CVD_SAMPLES) addExact(sums, cvd, shift, RUNNING.CVD);
}
