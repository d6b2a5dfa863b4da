import { previousSession } from "./calendar.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { S } from "./candle-sums.ts";
import { reviseIntervals } from "./interval-revision.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { reviseMinutes } from "./minute-revision.ts";
import { RevisedRows } from "./revised-rows.ts";
import { FOLDED_TIMEFRAMES, MINUTE_MS, type Timeframe } from "./timeframe.ts";

/** Rows of one series, by timeframe and open time; a revision changes them in place. */
export type LoadedRows = Map<Timeframe, Map<number, CandleRow>>;

export interface RevisionRequest {
  /** Minutes with late trades: all of their trades, the late ones included. */
  minutes: ReadonlyMap<number, MinuteBuilder>;
  /** Minutes whose completeness may have changed, epoch microseconds. */
  recheck: { fromUs: number; toUs: number } | null;
}

export interface RevisionResult {
  /** Rows whose own or window values changed, shortest timeframe first, then in time: one new revision each. */
  revised: CandleRow[];
  /** Rows of which only running values changed (CVD, last close): no new revision. */
  rewritten: CandleRow[];
  /** One notice per timeframe with rewritten rows; epoch milliseconds. */
  recomputed: { timeframe: Timeframe; from: number; to: number }[];
}

/**
 * First open times whose closed rows a revision of `minute` needs, up to the head: all timeframes from `dayFrom` on, 1d and 1w
 * from `weekFrom` on. Beside the day and the week of the minute these hold the candle before them on every timeframe.
 */
export function rowsNeededFor(series: CandleSeries, minute: number): { dayFrom: number; weekFrom: number } {
  const before = (open: number): number => previousSession(series.calendar, series.key.session, open).close - MINUTE_MS;
  const day = series.intervalOf("1d", minute).open;
  const week = series.intervalOf("1w", minute).open;
  return { dayFrom: series.intervalOf("4h", before(day)).open, weekFrom: series.intervalOf("1w", before(week)).open };
}

/**
 * Applies late trades or a gap's end to closed candles. Own values of the minutes concerned and of every longer candle
 * around them are made again from their parts; the CVD of what follows in the session is shifted, the last price is
 * carried on, `after_gap` of the next candle is judged again. The series' head follows.
 */
export function reviseSeries(series: CandleSeries, loaded: LoadedRows, request: RevisionRequest): RevisionResult {
  for (const builder of request.minutes.values()) {
    const sums = builder.sums();
    series.refine(sums[S.PRICE_SCALE] as number, sums[S.SIZE_SCALE] as number);
  }
  const rows = new RevisedRows(series, loaded);
  const walk = reviseMinutes(series, rows, request);
  if (walk !== null && walk.changed.length > 0) {
    for (const timeframe of FOLDED_TIMEFRAMES) reviseIntervals(series, rows, walk, timeframe);
  }
  rows.judgeAfterGap();
  rows.updatePrevious();
  return rows.result();
}
