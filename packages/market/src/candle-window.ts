import type { CandleRow } from "./candle-row.ts";
import { addExact, addMagnitude, copyExact, isZero, multiplyByPowerOfTen } from "./exact.ts";
import { imbalanceStreakOf, vdRatioOf } from "./running-metrics.ts";
import { S, WINDOW_LENGTH } from "./sums-layout.ts";
import type { Timeframe } from "./timeframe.ts";

/** Places of a candle with trades, as the candles after it look back at it. */
const SESSION = 0;
const VD = 1;
const VOLUME = 3;
const RATIO = 5;
const STREAK = 6;
/** Most absent candles in a row between the candle with trades before it and it. */
const HOLE = 7;
const LENGTH = 8;

/** The longest window. */
export const LONGEST_WINDOW = 20;
const STRENGTH_CANDLES = 5;
const SLOPE_BEFORE = 4;
/** A hole of so many candles ends every window: counting goes no further. */
export const LONGEST_HOLE = LONGEST_WINDOW + 1;

/** The last closed candles with trades of a series and timeframe, and what came after them. */
export interface CandleWindow {
  /** At most 20, the newest last, at the size scale of the series. */
  candles: Float64Array[];
  /** Close of the last candle, with or without trades; null before the first. */
  close: number | null;
  /** Most absent candles in a row since the last one with trades. */
  hole: number;
  /** Whether one was absent or venue-down since then. */
  isAfterGap: boolean;
}

/** Where a candle stands. */
export interface CandlePlace {
  timeframe: Timeframe;
  /** Open of the session that it opens in, epoch milliseconds. */
  session: number;
  /** Scheduled candles of its timeframe that are absent right before it, counted up to LONGEST_HOLE. */
  absentBefore: number;
}

export function createCandleWindow(): CandleWindow {
  return { candles: [], close: null, hole: 0, isAfterGap: false };
}

/** What a candle takes from those before it: WINDOW_LENGTH places as from S.WINDOW on, at the size scale of the window. */
export function windowBefore(window: CandleWindow, place: CandlePlace): Float64Array {
  const sums = new Float64Array(WINDOW_LENGTH);
  const hole = Math.max(window.hole, place.absentBefore);
  const isAfterGap = window.isAfterGap || place.absentBefore > 0;
  const session = hasSessionWindows(place.timeframe) ? place.session : null;
  sums[S.WINDOW_ABS_VD_COUNT - S.WINDOW] = walkBack(window, hole, STRENGTH_CANDLES, STRENGTH_CANDLES, session, (candle) =>
    addMagnitude(sums, S.WINDOW_ABS_VD - S.WINDOW, candle, VD),
  );
  sums[S.WINDOW_VOLUME_COUNT - S.WINDOW] = walkBack(window, hole, LONGEST_WINDOW, LONGEST_WINDOW, null, (candle) =>
    addExact(sums, S.WINDOW_VOLUME - S.WINDOW, candle, VOLUME),
  );
  sums[S.WINDOW_VD_COUNT - S.WINDOW] = walkBack(window, hole, SLOPE_BEFORE, 0, null, (candle) =>
    addExact(sums, S.WINDOW_VD - S.WINDOW, candle, VD),
  );
  const last = window.candles.at(-1);
  sums[S.WINDOW_RATIO - S.WINDOW] = last === undefined || isAfterGap ? Number.NaN : (last[RATIO] as number);
  const goesOn = last !== undefined && !isAfterGap && (session === null || last[SESSION] === session);
  sums[S.STREAK_BEFORE - S.WINDOW] = goesOn ? (last[STREAK] as number) : 0;
  sums[S.HOLE_BEFORE - S.WINDOW] = hole;
  sums[S.GAP_BEFORE - S.WINDOW] = isAfterGap ? 1 : 0;
  return sums;
}

/** What a candle without trades keeps of its window: what it serves, and what lies between it and the last one with trades. */
export function quietWindow(window: Float64Array): Float64Array {
  const quiet = new Float64Array(WINDOW_LENGTH);
  for (const at of [S.HOLE_BEFORE, S.GAP_BEFORE]) quiet[at - S.WINDOW] = window[at - S.WINDOW] as number;
  const isWhole = window[S.WINDOW_VOLUME_COUNT - S.WINDOW] === LONGEST_WINDOW;
  if (isWhole && !isZero(window, S.WINDOW_VOLUME - S.WINDOW)) quiet[S.WINDOW_VOLUME_COUNT - S.WINDOW] = LONGEST_WINDOW;
  quiet[S.WINDOW_RATIO - S.WINDOW] = Number.NaN;
  return quiet;
}

/** Takes a closed candle in. @param session open of the session that it opens in */
export function pushCandle(window: CandleWindow, row: CandleRow, session: number): void {
  // of candles that were made before windows were kept no hole is known
  const hole = Number.isNaN(row.sums[S.HOLE_BEFORE]) ? 0 : (row.sums[S.HOLE_BEFORE] as number);
  window.close = row.closeTime;
  if (row.sums[S.TRADES] === 0) {
    window.hole = hole;
    window.isAfterGap = row.sums[S.GAP_BEFORE] === 1 || row.completeness === "venue-down";
    return;
  }
  const candle = new Float64Array(LENGTH);
  candle[SESSION] = session;
  copyExact(candle, VD, row.sums, S.VD);
  copyExact(candle, VOLUME, row.sums, S.VOLUME);
  candle[RATIO] = vdRatioOf(row.sums);
  candle[STREAK] = imbalanceStreakOf(row.sums);
  candle[HOLE] = hole;
  window.candles = [...window.candles.slice(1 - LONGEST_WINDOW), candle];
  window.hole = 0;
  window.isAfterGap = false;
}

/** Brings the window to a finer size scale. */
export function refineCandleWindow(window: CandleWindow, sizes: number): void {
  if (sizes <= 0) return;
  window.candles = window.candles.map((candle) => {
    const finer = candle.slice();
    multiplyByPowerOfTen(finer, VD, sizes);
    multiplyByPowerOfTen(finer, VOLUME, sizes);
    return finer;
  });
}

/** Visits the newest candles, `count` at most, until a hole is longer than `longestHole` or another session; returns how many. */
function walkBack(
  window: CandleWindow,
  hole: number,
  count: number,
  longestHole: number,
  session: number | null,
  visit: (candle: Float64Array) => void,
): number {
  let found = 0;
  let between = hole;
  for (let i = window.candles.length - 1; i >= 0 && found < count; i--) {
    const candle = window.candles[i] as Float64Array;
    if (between > longestHole || (session !== null && candle[SESSION] !== session)) break;
    visit(candle);
    found += 1;
    between = candle[HOLE] as number;
  }
  return found;
}

/** Below 1d strength and streak begin anew with each session. */
function hasSessionWindows(timeframe: Timeframe): boolean {
  return timeframe !== "1d" && timeframe !== "1w";
}
