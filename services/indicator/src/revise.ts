import type { Candle } from "@tickfleet/market/candle";
import { type EnrichedRow, runningDiffers, valuesDiffer, windowsDiffer } from "./enriched-row.ts";
import { IndicatorSeries, type SeriesContext } from "./indicator-series.ts";

/** What a revision starts from: the series before the candle, and the rows from it to the head, oldest first. */
export interface LoadedRows {
  context: SeriesContext;
  rows: readonly EnrichedRow[];
}

/** What a revised candle changes. */
export interface Revision {
  /** Rows that are sent again, oldest first: the candle's own, and those with it in a window. */
  revised: EnrichedRow[];
  /** Rows of which only running values or the state changed. */
  rewritten: EnrichedRow[];
  /** First open and last close of rewritten rows whose values changed. */
  recomputed: { from: number; to: number } | null;
  /** The series at the head. */
  series: IndicatorSeries;
}

/**
 * Recomputes from a candle to the head. null: the row is of this revision of the candle or a later one.
 * @param firstRevision of the candle's row where there is none yet
 */
export function reviseSeries({ context, rows }: LoadedRows, candle: Candle, firstRevision: number): Revision | null {
  const present = rows.find((row) => row.candle.openTime === candle.openTime);
  if (present !== undefined && present.candle.revision >= candle.revision) return null;
  const later = rows.filter((row) => row.candle.openTime > candle.openTime);
  const series = IndicatorSeries.restore(context);
  const own = { candle, revision: present === undefined ? firstRevision : present.revision + 1, ...series.advance(candle) };
  const result: Revision = { revised: [own], rewritten: [], recomputed: null, series };
  for (const row of later) {
    const values = series.advance(row.candle);
    if (windowsDiffer(row, values)) {
      result.revised.push({ candle: row.candle, revision: row.revision + 1, ...values });
      continue;
    }
    const isSeen = valuesDiffer(row, values);
    if (!isSeen && !runningDiffers(row, values)) continue;
    result.rewritten.push({ candle: row.candle, revision: row.revision, ...values });
    if (isSeen) result.recomputed = { from: result.recomputed?.from ?? row.candle.openTime, to: row.candle.closeTime };
  }
  return result;
}
