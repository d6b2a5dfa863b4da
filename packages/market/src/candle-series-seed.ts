import { sessionAt } from "./calendar.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { rescaleSums, timesPowerOfTen } from "./candle-sums.ts";
import { openIntervalAt } from "./interval-context.ts";
import { foldRow, previousOf } from "./open-interval.ts";
import { copyRunning, refineRunning } from "./session-running.ts";
import { S } from "./sums-layout.ts";
import { FOLDED_TIMEFRAMES, type Timeframe } from "./timeframe.ts";

/** Closed candles before a floor that a series which begins there goes on from. */
export interface KeptCandles {
  /** On each timeframe the last 20 with trades that closed by the floor, and the last of all, ascending. */
  recent: readonly CandleRow[];
  /** The last minute with trades. */
  lastTraded: CandleRow | null;
  /** Minutes before the floor, ascending, at least those of the week around it. */
  minutes: readonly CandleRow[];
  /** Candles that opened before the floor and closed after it. */
  around: readonly Pick<CandleRow, "timeframe" | "openTime">[];
}

/**
 * Lets a new series begin at `floorMs`, the open of a scheduled minute, as if it had closed the candles before it itself.
 * Changes nothing where the series begins later anyway.
 * @returns keys (`leftAloneKey`) of candles around the floor that the series cannot make as they were: those that were kept closed,
 * whose revisions it does not know, and those of which no minute was kept
 */
export function seedSeries(series: CandleSeries, floorMs: number, kept: KeptCandles): ReadonlySet<string> {
  const leftAlone = new Set<string>();
  if (series.closedUntil > floorMs) return leftAlone;
  series.closedUntil = floorMs;
  for (const row of [...kept.recent, ...(kept.lastTraded === null ? [] : [kept.lastTraded])])
    series.refine(row.sums[S.PRICE_SCALE] as number, row.sums[S.SIZE_SCALE] as number);
  if (kept.lastTraded !== null) {
    const { sums } = kept.lastTraded;
    series.lastPrice = timesPowerOfTen(sums[S.CLOSE] as number, series.priceScale - (sums[S.PRICE_SCALE] as number));
  }
  for (const row of kept.recent) {
    rescaleSums(row.sums, series.priceScale, series.sizeScale);
    series.previous.set(row.timeframe, previousOf(row));
    series.windows.push(row);
  }
  const minute = kept.recent.findLast((row) => row.timeframe === "1m");
  if (minute !== undefined) {
    copyRunning(series.running, minute.sums);
    const prices = series.priceScale - (minute.sums[S.PRICE_SCALE] as number);
    refineRunning(series.running, prices, series.sizeScale - (minute.sums[S.SIZE_SCALE] as number));
    series.runningSession = sessionAt(series.calendar, series.key.session, minute.openTime)?.open ?? Number.NaN;
  }
  for (const timeframe of FOLDED_TIMEFRAMES) {
    const interval = series.intervalOf(timeframe, floorMs);
    if (interval.open === floorMs) continue;
    const inside = kept.minutes.filter((row) => row.openTime >= interval.open && row.openTime < floorMs);
    const folded = openIntervalAt(series, timeframe, floorMs);
    for (const row of inside) foldRow(folded, row);
    if (inside.length === 0) leftAlone.add(leftAloneKey({ timeframe, openTime: interval.open }));
    else series.intervals.set(timeframe, folded);
  }
  for (const row of kept.around) leftAlone.add(leftAloneKey(row));
  return leftAlone;
}

/** Names a candle of a series. */
export function leftAloneKey({ timeframe, openTime }: { timeframe: Timeframe; openTime: number }): string {
  return `${timeframe} ${openTime}`;
}
