import { scheduledMinutesBetween, sessionAt } from "./calendar.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { rescaleSums, timesPowerOfTen } from "./candle-sums.ts";
import { isBad } from "./completeness.ts";
import { isAfterGap, openIntervalAt } from "./interval-context.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { createMinuteRow } from "./minute-row.ts";
import { copyOpenInterval, foldRow, type IntervalContext, type OpenInterval, rowOf } from "./open-interval.ts";
import { copyRunning, refineRunning } from "./session-running.ts";
import { S } from "./sums-layout.ts";
import { FOLDED_TIMEFRAMES, type FoldedTimeframe } from "./timeframe.ts";

/** Where the walk over the open minutes stands: what the series would be, had they closed. */
interface Head {
  running: Float64Array;
  session: number;
  priceScale: number;
  sizeScale: number;
  lastPrice: number | null;
}

/** An interval with the open minutes folded into it. */
interface FormingInterval {
  interval: OpenInterval;
  openMinutes: number;
}

/** The rows of a series' open minutes, ascending. */
export function formingMinuteRows(series: CandleSeries): CandleRow[] {
  return walkMinutes(series, headOf(series));
}

/** The rows of a series' open candles that have something in them, shortest timeframe first. */
export function formingRows(series: CandleSeries): CandleRow[] {
  const head = headOf(series);
  const minutes = walkMinutes(series, head);
  const rows = [...minutes];
  for (const timeframe of FOLDED_TIMEFRAMES) {
    let before: CandleRow | undefined;
    for (const { interval, openMinutes } of formingIntervals(series, timeframe, minutes)) {
      const afterGap = isFormingAfterGap(series, timeframe, interval.open, before);
      before = rowOf(interval, "forming", 0, contextOf(series, head, interval, openMinutes, afterGap));
      rows.push(before);
    }
  }
  return rows;
}

function headOf({ running, runningSession, priceScale, sizeScale, lastPrice }: CandleSeries): Head {
  return { running: running.slice(), session: runningSession, priceScale, sizeScale, lastPrice };
}

function walkMinutes(series: CandleSeries, head: Head): CandleRow[] {
  const rows: CandleRow[] = [];
  for (const [minute, builder] of [...series.openMinutes].sort(([a], [b]) => a - b)) {
    rows.push(formingMinute(series, head, minute, builder, rows.at(-1)));
  }
  return rows;
}

function formingMinute(series: CandleSeries, head: Head, minute: number, builder: MinuteBuilder, before: CandleRow | undefined): CandleRow {
  const session = sessionAt(series.calendar, series.key.session, minute)?.open ?? Number.NaN;
  if (session !== head.session) head.running.fill(0);
  head.session = session;
  const sums = builder.sums().slice();
  rescaleSums(sums, head.priceScale, head.sizeScale);
  const prices = (sums[S.PRICE_SCALE] as number) - head.priceScale;
  if (head.lastPrice !== null) head.lastPrice = timesPowerOfTen(head.lastPrice, prices);
  refineRunning(head.running, prices, (sums[S.SIZE_SCALE] as number) - head.sizeScale);
  head.priceScale = sums[S.PRICE_SCALE] as number;
  head.sizeScale = sums[S.SIZE_SCALE] as number;
  const row = createMinuteRow({
    openTime: minute,
    sums,
    running: head.running,
    state: "forming",
    completeness: series.completenessOf(minute, builder.count) ?? "partial",
    revision: 0,
    firstTradeId: builder.firstTradeId,
    lastTradeId: builder.lastTradeId,
    afterGap: isFormingAfterGap(series, "1m", minute, before),
    lastPrice: null,
  });
  copyRunning(head.running, row.sums);
  return row;
}

/** The open intervals of a timeframe in time: the one that has closed minutes, and those of the open minutes. */
function formingIntervals(series: CandleSeries, timeframe: FoldedTimeframe, minutes: readonly CandleRow[]): FormingInterval[] {
  const known = series.intervals.get(timeframe);
  const forming: FormingInterval[] = known ? [{ interval: copyOpenInterval(known), openMinutes: 0 }] : [];
  for (const row of minutes) {
    let last = forming.at(-1);
    if (last === undefined || row.openTime >= last.interval.close) {
      last = { interval: openIntervalAt(series, timeframe, row.openTime), openMinutes: 0 };
      forming.push(last);
    }
    foldRow(last.interval, row);
    last.openMinutes += 1;
  }
  return forming;
}

/** Open minutes without trades so far are not held against the interval. */
function contextOf(series: CandleSeries, head: Head, interval: OpenInterval, openMinutes: number, afterGap: boolean): IntervalContext {
  const closedUntil = Math.min(interval.close, series.closedUntil);
  return {
    priceScale: head.priceScale,
    sizeScale: head.sizeScale,
    scheduled: scheduledMinutesBetween(series.calendar, series.key.session, interval.open, closedUntil) + openMinutes,
    lastPrice: head.lastPrice,
    afterGap,
  };
}

/** The first open candle follows the last closed one, a later one the open candle right before it. */
function isFormingAfterGap(series: CandleSeries, timeframe: "1m" | FoldedTimeframe, open: number, before: CandleRow | undefined): boolean {
  if (open <= series.closedUntil) return isAfterGap(series, series.previous.get(timeframe), open);
  if (before === undefined || !isBad(before.completeness)) return false;
  return scheduledMinutesBetween(series.calendar, series.key.session, before.closeTime, open) === 0;
}
