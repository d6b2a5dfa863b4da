import type { CandleSeries } from "./candle-series.ts";
import { hasWindow, rescaleSums } from "./candle-sums.ts";
import type { CandleWindow } from "./candle-window.ts";
import { nextMinute } from "./interval.ts";
import { contextOf, openIntervalAt } from "./interval-context.ts";
import type { MinuteWalk } from "./minute-revision.ts";
import { foldRow, type OpenInterval, rowOf } from "./open-interval.ts";
import { hasAfterGap, lastPriceOf, needsSamples, type RevisedRows } from "./revised-rows.ts";
import { pushRow, windowAt } from "./series-windows.ts";
import { shiftRunning } from "./session-running.ts";
import type { FoldedTimeframe } from "./timeframe.ts";

/** Makes the intervals around changed minutes again, in time, and lets those that follow take up what changed before them. */
export function reviseIntervals(series: CandleSeries, rows: RevisedRows, walk: MinuteWalk, timeframe: FoldedTimeframe): void {
  const remade = new Set(walk.changed.map((minute) => series.intervalOf(timeframe, minute).open));
  const first = Math.min(...remade);
  const window = rows.windowBefore(timeframe, first);
  const closed = rows.of(timeframe);
  const opens = new Set([...remade, ...[...closed.keys()].filter((open) => open >= first)]);
  for (const open of [...opens].sort((a, b) => a - b)) {
    const lookedBack = windowAt(series.windows.hours, window, timeframe, open);
    if (isOpen(series, timeframe, open)) {
      series.intervals.set(timeframe, foldAgain(series, rows, timeframe, open, lookedBack));
      continue;
    }
    const old = closed.get(open);
    if (remade.has(open)) {
      putClosed(series, rows, walk, foldAgain(series, rows, timeframe, open, lookedBack));
    } else if (old !== undefined) {
      rows.follow(old, {
        shift: walk.shiftAt(open),
        lastPrice: walk.newPriceAt(open),
        window: lookedBack,
        samples: needsSamples(old, lookedBack) ? foldAgain(series, rows, timeframe, open, lookedBack).sums : null,
      });
    }
    const now = closed.get(open);
    if (now !== undefined) pushRow(series.windows.hours, window, now);
  }
  series.windows.set(timeframe, window);
  const open = series.intervals.get(timeframe);
  if (open !== undefined && open.open >= first && !remade.has(open.open)) followOpen(series, rows, walk, open, window);
}

/** The open interval takes up what changed before it. */
function followOpen(series: CandleSeries, rows: RevisedRows, walk: MinuteWalk, open: OpenInterval, window: CandleWindow): void {
  rescaleSums(open.sums, series.priceScale, series.sizeScale);
  const lookedBack = windowAt(series.windows.hours, window, open.timeframe, open.open);
  if (hasWindow(open.sums, lookedBack)) shiftRunning(open.sums, walk.shiftAt(open.open));
  else series.intervals.set(open.timeframe, foldAgain(series, rows, open.timeframe, open.open, lookedBack));
}

function isOpen(series: CandleSeries, timeframe: FoldedTimeframe, open: number): boolean {
  return series.intervalOf(timeframe, open).close > series.closedUntil;
}

function putClosed(series: CandleSeries, rows: RevisedRows, walk: MinuteWalk, folded: OpenInterval): void {
  const old = rows.of(folded.timeframe).get(folded.open);
  const context = {
    ...contextOf(series, folded.timeframe, folded.open, folded.close),
    lastPrice: walk.priceAt(folded.open) ?? (old ? lastPriceOf(old) : null),
    afterGap: hasAfterGap(old),
  };
  rows.put(rowOf(folded, "closed", 0, context), old);
}

/** The interval that opens here, of its closed minutes: what is sampled at the close of each minute is in no longer candle. */
function foldAgain(series: CandleSeries, rows: RevisedRows, timeframe: FoldedTimeframe, open: number, window: Float64Array): OpenInterval {
  const minutes = rows.of("1m");
  const folded = openIntervalAt(series, timeframe, open, window);
  const until = Math.min(folded.close, series.closedUntil);
  for (let time = open; time < until; time = nextMinute(series.calendar, series.key.session, time)) {
    const row = minutes.get(time);
    if (row !== undefined) foldRow(folded, row);
  }
  return folded;
}
