import { FLAG_AFTER_GAP } from "./candle.ts";
import type { CandleRow } from "./candle-row.ts";
import { createSums, foldSums, rescaleSums, settleWindow, setWindow } from "./candle-sums.ts";
import { foldedCompleteness, isBad } from "./completeness.ts";
import type { Interval } from "./interval.ts";
import { S } from "./sums-layout.ts";
import type { FoldedTimeframe } from "./timeframe.ts";

/** A candle above 1m that is still open: the fold of its closed minutes. */
export interface OpenInterval {
  timeframe: FoldedTimeframe;
  open: number;
  close: number;
  sums: Float64Array;
  firstTradeId: string | null;
  lastTradeId: string | null;
}

/** The candle of a timeframe that closed last. */
export interface PreviousCandle {
  close: number;
  bad: boolean;
}

/** An empty interval. @param window what it takes from the candles before it, at the size scale */
export function createOpenInterval(
  timeframe: FoldedTimeframe,
  interval: Interval,
  { priceScale, sizeScale }: { priceScale: number; sizeScale: number },
  window: Float64Array,
): OpenInterval {
  const sums = createSums(priceScale, sizeScale);
  setWindow(sums, window);
  return {
    timeframe,
    open: interval.open,
    close: interval.close,
    sums,
    firstTradeId: null,
    lastTradeId: null,
  };
}

export function copyOpenInterval(from: OpenInterval): OpenInterval {
  return { ...from, sums: from.sums.slice() };
}

/** Folds the next closed candle in. */
export function foldRow(into: OpenInterval, row: Pick<CandleRow, "sums" | "firstTradeId" | "lastTradeId">): void {
  if (row.sums[S.TRADES] !== 0) {
    if (into.sums[S.TRADES] === 0) into.firstTradeId = row.firstTradeId;
    into.lastTradeId = row.lastTradeId;
  }
  foldSums(into.sums, row.sums);
}

/** What stands around an interval when its row is made. */
export interface IntervalContext {
  /** Scheduled minutes of the interval, up to now where it is still open. */
  scheduled: number;
  /** Scales of the series; the row's sums are brought to them. */
  priceScale: number;
  sizeScale: number;
  /** The last price before, where there is one, at `priceScale`. */
  lastPrice: number | null;
  afterGap: boolean;
}

/** The row of an interval as it stands. */
export function rowOf(from: OpenInterval, state: CandleRow["state"], revision: number, context: IntervalContext): CandleRow {
  const sums = from.sums.slice();
  rescaleSums(sums, context.priceScale, context.sizeScale);
  settleWindow(sums);
  const completeness = foldedCompleteness(sums, context.scheduled);
  if (context.afterGap) sums[S.FLAGS] = (sums[S.FLAGS] as number) | FLAG_AFTER_GAP;
  setLastClose(sums, completeness === "no-trades" ? context.lastPrice : null);
  return {
    timeframe: from.timeframe,
    openTime: from.open,
    closeTime: from.close,
    state,
    completeness,
    revision,
    firstTradeId: from.firstTradeId,
    lastTradeId: from.lastTradeId,
    absentMinutes: context.scheduled - (sums[S.MINUTES] as number),
    sums,
  };
}

export function setLastClose(sums: Float64Array, price: number | null): void {
  sums[S.HAS_LAST_CLOSE] = price === null ? 0 : 1;
  sums[S.LAST_CLOSE] = price ?? 0;
}

export function previousOf(row: CandleRow): PreviousCandle {
  return { close: row.closeTime, bad: isBad(row.completeness) };
}
