import { CandleSeries } from "./candle-series.ts";
import type { CandleWindow } from "./candle-window.ts";
import type { Gap } from "./completeness.ts";
import type { Instrument } from "./instrument.ts";
import { IntervalSet } from "./interval-set.ts";
import type { OpenInterval, PreviousCandle } from "./open-interval.ts";
import type { Timeframe } from "./timeframe.ts";

/**
 * State of a series as plain JSON, in which NaN is null, without the trades of its open minutes: those
 * are put back by `restoreBatch` from the messages that brought them.
 */
export interface SeriesSnapshot {
  instrument: Instrument;
  watermarkUs: number | null;
  closedUntil: number;
  coveredFromUs: number;
  heldSinceUs: number | null;
  gaps: Gap[];
  spoiled: number[];
  seen: [string, number[]][];
  /** NaN is written as null, here and in windows. */
  intervals: (Omit<OpenInterval, "sums"> & { sums: (number | null)[] })[];
  previous: [Timeframe, PreviousCandle][];
  windows: [Timeframe, Omit<CandleWindow, "candles"> & { candles: (number | null)[][] }][];
  running: (number | null)[];
  runningSession: number | null;
  priceScale: number;
  sizeScale: number;
  lastPrice: number | null;
}

export function snapshotSeries(series: CandleSeries): SeriesSnapshot {
  return {
    instrument: series.instrument,
    watermarkUs: Number.isFinite(series.watermarkUs) ? series.watermarkUs : null,
    closedUntil: series.closedUntil,
    coveredFromUs: series.coveredFromUs,
    heldSinceUs: series.heldSinceUs,
    gaps: series.gaps,
    spoiled: [...series.spoiled],
    seen: [...series.seen].map(([epoch, ids]) => [epoch, ids.toBounds()]),
    intervals: [...series.intervals.values()].map((interval) => ({
      ...interval,
      sums: plain(interval.sums),
    })),
    previous: [...series.previous],
    windows: [...series.windows].map(([timeframe, window]) => [timeframe, { ...window, candles: window.candles.map(plain) }]),
    running: plain(series.running),
    runningSession: Number.isFinite(series.runningSession) ? series.runningSession : null,
    priceScale: series.priceScale,
    sizeScale: series.sizeScale,
    lastPrice: series.lastPrice,
  };
}

export function restoreSeries(snapshot: SeriesSnapshot): CandleSeries {
  const series = new CandleSeries(snapshot.instrument, snapshot.coveredFromUs);
  series.watermarkUs = snapshot.watermarkUs ?? Number.NEGATIVE_INFINITY;
  series.closedUntil = snapshot.closedUntil;
  series.heldSinceUs = snapshot.heldSinceUs;
  series.gaps = snapshot.gaps;
  series.spoiled = new Set(snapshot.spoiled);
  series.seen = new Map(snapshot.seen.map(([epoch, bounds]) => [epoch, new IntervalSet(bounds)]));
  for (const interval of snapshot.intervals) series.intervals.set(interval.timeframe, { ...interval, sums: fromPlain(interval.sums) });
  for (const [timeframe, previous] of snapshot.previous) series.previous.set(timeframe, previous);
  for (const [timeframe, window] of snapshot.windows) series.windows.set(timeframe, { ...window, candles: window.candles.map(fromPlain) });
  series.running.set(fromPlain(snapshot.running));
  series.runningSession = snapshot.runningSession ?? Number.NaN;
  series.priceScale = snapshot.priceScale;
  series.sizeScale = snapshot.sizeScale;
  series.lastPrice = snapshot.lastPrice;
  return series;
}

function plain(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}

function fromPlain(values: readonly (number | null)[]): Float64Array {
  return Float64Array.from(values, (value) => value ?? Number.NaN);
}
