import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { rescaleSums, shiftCvd } from "./candle-sums.ts";
import { nextMinute } from "./interval.ts";
import type { MinuteWalk } from "./minute-revision.ts";
import { createOpenInterval, foldRow, type OpenInterval, rowOf } from "./open-interval.ts";
import { hasAfterGap, lastPriceOf, type RevisedRows } from "./revised-rows.ts";
import { type FoldedTimeframe, MINUTE_MS, TIMEFRAMES } from "./timeframe.ts";

/** Makes the intervals around changed minutes again, and shifts those that follow; shorter timeframes come first. */
export function reviseIntervals(series: CandleSeries, rows: RevisedRows, walk: MinuteWalk, timeframe: FoldedTimeframe): void {
  const remade = new Set<number>();
  for (const minute of walk.changed) {
    const interval = series.intervalOf(timeframe, minute);
    if (remade.has(interval.open)) continue;
    remade.add(interval.open);
    const folded = createOpenInterval(timeframe, interval);
    if (interval.close > series.closedUntil) {
      foldCover(series, rows, folded, series.closedUntil);
      series.intervals.set(timeframe, folded);
    } else {
      foldCover(series, rows, folded, interval.close);
      putClosed(series, rows, walk, folded);
    }
  }
  const first = walk.changed[0] as number;
  for (const row of rows.of(timeframe).values()) {
    if (row.openTime < first || remade.has(row.openTime)) continue;
    rows.rewrite(row, walk.shiftAt(row.openTime), walk.newPriceAt(row.openTime));
  }
  const open = series.intervals.get(timeframe);
  if (open === undefined || open.open < first || remade.has(open.open)) return;
  rescaleSums(open.sums, series.priceScale, series.sizeScale);
  shiftCvd(open.sums, walk.shiftAt(open.open));
}

function putClosed(series: CandleSeries, rows: RevisedRows, walk: MinuteWalk, folded: OpenInterval): void {
  const old = rows.of(folded.timeframe).get(folded.open);
  const context = {
    ...series.contextOf(folded.timeframe, folded.open, folded.close),
    lastPrice: walk.priceAt(folded.open) ?? (old ? lastPriceOf(old) : null),
    afterGap: hasAfterGap(old),
  };
  rows.put(rowOf(folded, "closed", 0, context), old);
}

/** Folds the closed candles that tile [into.open, until), the longest that fits first. */
function foldCover(series: CandleSeries, rows: RevisedRows, into: OpenInterval, until: number): void {
  const shorter = TIMEFRAMES.slice(0, TIMEFRAMES.indexOf(into.timeframe))
    .reverse()
    .map((timeframe) => rows.of(timeframe));
  let time = into.open;
  while (time < until) {
    const row = longestAt(shorter, time, until);
    if (row !== undefined) foldRow(into, row);
    const end = row?.closeTime ?? time + MINUTE_MS;
    time = series.isScheduled(end) ? end : nextMinute(series.calendar, series.key.session, end - MINUTE_MS);
  }
}

function longestAt(shorter: readonly ReadonlyMap<number, CandleRow>[], time: number, until: number): CandleRow | undefined {
  for (const rows of shorter) {
    const row = rows.get(time);
    if (row !== undefined && row.closeTime <= until) return row;
  }
  return undefined;
}
