import { previousSession } from "./calendar.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { reviseIntervals } from "./interval-revision.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { reviseMinutes } from "./minute-revision.ts";
import { RevisedRows } from "./revised-rows.ts";
import { S } from "./sums-layout.ts";
import { FOLDED_TIMEFRAMES, MINUTE_MS, type Timeframe } from "./timeframe.ts";

/** Rows of one series, by timeframe and open time; a revision changes them in place. */
export type LoadedRows = Map<Timeframe, Map<number, CandleRow>>;

export interface RevisionRequest {
  /** Minutes with late trades: all of their trades, the late ones included. */
  minutes: ReadonlyMap<number, MinuteBuilder>;
  /** Trades of closed minutes that look back at those: `minutesLookingBack`. One that is absent keeps its running values as they are. */
  around: ReadonlyMap<number, MinuteBuilder>;
  /** Minutes whose completeness may have changed, epoch microseconds. */
  recheck: { fromUs: number; toUs: number } | null;
}

export interface RevisionResult {
  /** Rows whose own or window values changed, shortest timeframe first, then in time: one new revision each. */
  revised: CandleRow[];
  /** Rows of which only running values changed (CVD, streak, the session's vwap, last close), or nothing that is served: no new revision. */
  rewritten: CandleRow[];
  /** One notice per timeframe with rewritten rows; epoch milliseconds. */
  recomputed: { timeframe: Timeframe; from: number; to: number }[];
}

/** First open times of rows, epoch milliseconds; before them, on every timeframe, the last 20 with trades are needed, and the last of all. */
export interface NeededRows {
  /** Of minutes. */
  minuteFrom: number;
  /** Of 1d and 1w. */
  weekFrom: number;
  /** Of the timeframes between. */
  dayFrom: number;
}

/**
 * First open times whose closed rows a revision of `minute` needs, up to the head: the minutes of its week, of which all longer candles
 * are made again, and on every timeframe the candles since the one before the day or the week.
 */
export function rowsNeededFor(series: CandleSeries, minute: number): NeededRows {
  const before = (open: number): number => previousSession(series.calendar, series.key.session, open).close - MINUTE_MS;
  const day = series.intervalOf("1d", minute).open;
  const week = series.intervalOf("1w", minute).open;
  const dayFrom = series.intervalOf("4h", before(day)).open;
  return { minuteFrom: Math.min(week, dayFrom), dayFrom, weekFrom: series.intervalOf("1w", before(week)).open };
}

/** The open time from which the rows of a timeframe are needed. */
export function neededFrom({ minuteFrom, dayFrom, weekFrom }: NeededRows, timeframe: Timeframe): number {
  if (timeframe === "1m") return minuteFrom;
  return timeframe === "1d" || timeframe === "1w" ? weekFrom : dayFrom;
}

/** Candles with trades after a changed one whose running values look back at it: the 5 of vd_strength. */
const LOOKING_BACK = 5;

/**
 * Opens of the closed minutes whose trades a revision needs beside those that it is about, because their running values (vd_strength, smp)
 * look back at them.
 * @param rows the loaded ones
 * @param minutes those with late trades
 */
export function minutesLookingBack(rows: LoadedRows, minutes: readonly number[], recheck: RevisionRequest["recheck"]): number[] {
  const late = new Set(minutes);
  const known = rows.get("1m") ?? new Map<number, CandleRow>();
  const [fromMs, toMs] = recheck === null ? [0, 0] : [recheck.fromUs / 1000 - MINUTE_MS, recheck.toUs / 1000];
  const first = Math.min(...minutes, recheck === null ? Number.POSITIVE_INFINITY : fromMs);
  const found: number[] = [];
  let left = 0;
  let before = Number.NEGATIVE_INFINITY;
  for (const open of [...new Set([...known.keys(), ...minutes])].sort((a, b) => a - b)) {
    // an absent minute that the gap touches may come to have a candle
    if (before < open && before < toMs && open > fromMs) left = LOOKING_BACK;
    before = open + MINUTE_MS;
    if (open < first) continue;
    if (late.has(open)) left = LOOKING_BACK;
    else if (left > 0 && known.get(open)?.sums[S.TRADES] !== 0) {
      found.push(open);
      left -= 1;
    }
  }
  return found;
}

/**
 * Applies late trades or a gap's end to closed candles. Own values of the minutes concerned and of every longer candle
 * around them are made again from their parts; the CVD of what follows in the session is shifted, the last price is
 * carried on, `after_gap` of the next candle and the windows of those that look back are judged again. The series' head follows.
 */
export function reviseSeries(series: CandleSeries, loaded: LoadedRows, request: RevisionRequest): RevisionResult {
  for (const builder of [...request.minutes.values(), ...request.around.values()]) series.refine(builder.priceScale, builder.sizeScale);
  const rows = new RevisedRows(series, loaded);
  const walk = reviseMinutes(series, rows, request);
  if (walk !== null && walk.changed.length > 0) {
    for (const timeframe of FOLDED_TIMEFRAMES) reviseIntervals(series, rows, walk, timeframe);
  }
  rows.judgeAfterGap();
  rows.updatePrevious();
  return rows.result();
}
