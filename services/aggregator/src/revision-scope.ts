import type { RevisionRequest } from "@tickfleet/market/candle-revision";
import { type CandleSeries, minuteOf } from "@tickfleet/market/candle-series";
import type { TradeColumns } from "@tickfleet/market/trade";
import type { LaneSeries, LaneState } from "./lane-state.ts";
import type { MarketInput } from "./market-input.ts";
import { judgedFrom } from "./on-gap.ts";
import { seriesOfBatch } from "./on-trade.ts";

/** What a revision is about. */
export interface RevisionScope {
  /** Minutes with late trades, ascending; of a gap none. */
  minutes: readonly number[];
  recheck: RevisionRequest["recheck"];
  /** The first closed minute that it concerns. */
  first: number;
}

/** What a message revises, and of which series; null: nothing. */
export function scopeOf(state: LaneState, market: MarketInput, fromHistory: boolean): (RevisionScope & { series: CandleSeries }) | null {
  if (market.kind === "trade") {
    const { series } = seriesOfBatch(state, market.batch);
    return { series, ...scopeOfBatch(series, market.batch) };
  }
  if (market.kind !== "gap") return null;
  const entry = state.find(market.gap.venue, market.gap.instrument) as LaneSeries;
  const fromUs = judgedFrom(entry, market.gap, fromHistory);
  return fromUs === null ? null : { series: entry.series, ...scopeOfGap(entry.series, fromUs, market.gap.to) };
}

/** What the unseen trades of a batch revise. */
function scopeOfBatch(series: CandleSeries, batch: TradeColumns): RevisionScope {
  const minutes = lateMinutes(series, batch);
  return { minutes, recheck: null, first: minutes[0] as number };
}

/** What a gap revises, epoch microseconds: closed candles from its first scheduled minute on. */
function scopeOfGap(series: CandleSeries, fromUs: number, toUs: number): RevisionScope {
  return { minutes: [], recheck: { fromUs, toUs }, first: firstScheduled(series, minuteOf(fromUs)) };
}

/** Closed minutes that the unseen trades of a batch belong to. */
function lateMinutes(series: CandleSeries, batch: TradeColumns): number[] {
  const minutes = new Set<number>();
  const seen = series.seen.get(batch.epoch);
  for (let i = 0; i < batch.count; i++) {
    const minute = minuteOf(batch.eventTimeUs[i] as number);
    if (minute < series.closedUntil && !seen?.has(batch.sourceSeq[i] as number) && series.isScheduled(minute)) minutes.add(minute);
  }
  return [...minutes].sort((a, b) => a - b);
}

/** The minute itself, or the first scheduled one after it that is closed. */
function firstScheduled(series: CandleSeries, minute: number): number {
  return series.isScheduled(minute) ? minute : Math.min(series.closedUntil, nextScheduled(series, minute));
}

function nextScheduled(series: CandleSeries, minute: number): number {
  let next = minute;
  while (!series.isScheduled(next) && next < series.closedUntil) next += 60_000;
  return next;
}
