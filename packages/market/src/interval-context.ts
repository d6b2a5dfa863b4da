import { scheduledMinutesBetween } from "./calendar.ts";
import type { CandleSeries } from "./candle-series.ts";
import { createOpenInterval, type IntervalContext, type OpenInterval, type PreviousCandle } from "./open-interval.ts";
import type { FoldedTimeframe, Timeframe } from "./timeframe.ts";

/** What a row of an interval from `open` to `until` needs besides its fold. */
export function contextOf(series: CandleSeries, timeframe: Timeframe, open: number, until: number): IntervalContext {
  return {
    priceScale: series.priceScale,
    sizeScale: series.sizeScale,
    scheduled: scheduledMinutesBetween(series.calendar, series.key.session, open, until),
    lastPrice: series.lastPrice,
    afterGap: isAfterGap(series, series.previous.get(timeframe), open),
  };
}

export function isAfterGap(series: CandleSeries, previous: PreviousCandle | undefined, open: number): boolean {
  if (previous === undefined) return false;
  return previous.bad || (previous.close < open && scheduledMinutesBetween(series.calendar, series.key.session, previous.close, open) > 0);
}

/** An empty interval around a minute. @param window what it takes from the candles before it; absent: those that closed last */
export function openIntervalAt(series: CandleSeries, timeframe: FoldedTimeframe, minute: number, window?: Float64Array): OpenInterval {
  const interval = series.intervalOf(timeframe, minute);
  return createOpenInterval(timeframe, interval, series, window ?? series.windows.before(timeframe, interval.open));
}
