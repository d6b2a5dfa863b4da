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
const BAR_LENGTH = 8;

/** The longest window. */
export const MOST_BARS = 20;
const ABS_VD_BARS = 5;
const VD_BARS = 4;
/** A hole of more candles ends every window: counting goes no further. */
export const LONGEST_HOLE = MOST_BARS + 1;

/** The last closed candles with trades of a series and timeframe, and what came after them. */
export interface BarWindow {
  /** At most 20, the newest last, at the size scale of the series. */
  bars: Float64Array[];
  /** Close of the last candle, with or without trades; null before the first. */
  close: number | null;
  /** Most absent candles in a row since the last one with trades. */
  hole: number;
  /** Whether one was absent or venue-down since then. */
  isAfterGap: boolean;
}

/** Where a candle stands. */
export interface BarPlace {
  timeframe: Timeframe;
  /** Open of the session that it opens in, epoch milliseconds. */
  session: number;
  /** Scheduled candles of its timeframe that are absent right before it, counted up to LONGEST_HOLE. */
  absentBefore: number;
}

export function createBarWindow(): BarWindow {
  return { bars: [], close: null, hole: 0, isAfterGap: false };
}

/** What a candle takes from those before it: WINDOW_LENGTH places as from S.WINDOW on, at the size scale of the window. */
export function windowBefore(window: BarWindow, place: BarPlace): Float64Array {
  const sums = new Float64Array(WINDOW_LENGTH);
  const hole = Math.max(window.hole, place.absentBefore);
  const isAfterGap = window.isAfterGap || place.absentBefore > 0;
  const session = hasSessionWindows(place.timeframe) ? place.session : null;
  sums[S.WINDOW_ABS_VD_BARS - S.WINDOW] = walkBack(window, hole, ABS_VD_BARS, ABS_VD_BARS, session, (bar) =>
    addMagnitude(sums, S.WINDOW_ABS_VD - S.WINDOW, bar, VD),
  );
  sums[S.WINDOW_VOLUME_BARS - S.WINDOW] = walkBack(window, hole, MOST_BARS, MOST_BARS, null, (bar) =>
    addExact(sums, S.WINDOW_VOLUME - S.WINDOW, bar, VOLUME),
  );
  sums[S.WINDOW_VD_BARS - S.WINDOW] = walkBack(window, hole, VD_BARS, 0, null, (bar) => addExact(sums, S.WINDOW_VD - S.WINDOW, bar, VD));
  const last = window.bars.at(-1);
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
  for (const at of [S.WINDOW_VOLUME_BARS, S.HOLE_BEFORE, S.GAP_BEFORE]) quiet[at - S.WINDOW] = window[at - S.WINDOW] as number;
  if (!isZero(window, S.WINDOW_VOLUME - S.WINDOW)) quiet[S.WINDOW_VOLUME + 1 - S.WINDOW] = 1;
  quiet[S.WINDOW_RATIO - S.WINDOW] = Number.NaN;
  return quiet;
}

/** Takes a closed candle in. @param session open of the session that it opens in */
export function pushBar(window: BarWindow, row: CandleRow, session: number): void {
  const hole = row.sums[S.HOLE_BEFORE] as number;
  window.close = row.closeTime;
  if (row.sums[S.TRADES] === 0) {
    window.hole = hole;
    window.isAfterGap = row.sums[S.GAP_BEFORE] === 1 || row.completeness === "venue-down";
    return;
  }
  const bar = new Float64Array(BAR_LENGTH);
  bar[SESSION] = session;
  copyExact(bar, VD, row.sums, S.VD);
  copyExact(bar, VOLUME, row.sums, S.VOLUME);
  bar[RATIO] = vdRatioOf(row.sums);
  bar[STREAK] = imbalanceStreakOf(row.sums);
  bar[HOLE] = hole;
  window.bars = [...window.bars.slice(1 - MOST_BARS), bar];
  window.hole = 0;
  window.isAfterGap = false;
}

/** Brings the window to a finer size scale. */
export function refineBarWindow(window: BarWindow, sizes: number): void {
  if (sizes <= 0) return;
  window.bars = window.bars.map((bar) => {
    const finer = bar.slice();
    multiplyByPowerOfTen(finer, VD, sizes);
    multiplyByPowerOfTen(finer, VOLUME, sizes);
    return finer;
  });
}

/** Visits the newest candles, `count` at most, until a hole is longer than `longestHole` or another session; returns how many. */
function walkBack(
  window: BarWindow,
  hole: number,
  count: number,
  longestHole: number,
  session: number | null,
  visit: (bar: Float64Array) => void,
): number {
  let found = 0;
  let between = hole;
  for (let i = window.bars.length - 1; i >= 0 && found < count; i--) {
    const bar = window.bars[i] as Float64Array;
    if (between > longestHole || (session !== null && bar[SESSION] !== session)) break;
    visit(bar);
    found += 1;
    between = bar[HOLE] as number;
  }
  return found;
}

/** Below 1d strength and streak begin anew with each session. */
function hasSessionWindows(timeframe: Timeframe): boolean {
  return timeframe !== "1d" && timeframe !== "1w";
}
