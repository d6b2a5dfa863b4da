import { CalendarRangeError } from "@tickfleet/market/calendar";
import { reviseSeries } from "@tickfleet/market/candle-revision";
import { minuteOf } from "@tickfleet/market/candle-series";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { TradeColumns } from "@tickfleet/market/trade";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import type { LaneSeries, LaneState } from "./lane-state.ts";
import type { InputPlace, LaneWriter } from "./lane-writer.ts";
import type { LoadedRevision } from "./late-rows.ts";

/** The series of a batch; throws InvalidMessageError where no connection ever listed its instrument, or its calendar does not know the time. */
export function seriesOfBatch(state: LaneState, batch: TradeColumns): LaneSeries {
  const entry = state.find(batch.venue, batch.instrument);
  if (!entry) throw new InvalidMessageError(`trades of ${batch.venue} ${batch.instrument}, which no status message listed`);
  const { fromMinute, toMinute } = minutesOfBatch(batch);
  try {
    entry.series.isScheduled(fromMinute);
    entry.series.isScheduled(toMinute);
  } catch (cause) {
    if (cause instanceof CalendarRangeError)
      throw new InvalidMessageError(`trades of ${batch.venue} ${batch.instrument}: ${cause.message}`, { cause });
    throw cause;
  }
  return entry;
}

/** Adds trades to the open minutes; those that come too late for theirs revise closed candles. */
export function onTrade(
  entry: LaneSeries,
  batch: TradeColumns,
  stamps: Readonly<Record<string, number>>,
  place: InputPlace,
  loaded: LoadedRevision | null,
  writer: LaneWriter,
  emit: EmitOutput,
): void {
  const { series } = entry;
  entry.dirty = true;
  entry.changed = true;
  entry.basedOnSeq = place.inputSeq;
  entry.stamps = stamps;
  const late = series.addBatch(batch);
  if (late === null) return;
  if (loaded === null) throw new Error(`${batch.instrument}: rows of late trades were not loaded`);
  for (const [minute, indices] of late) {
    for (const i of indices) loaded.addLate(minute, series, batch, i);
  }
  const minutes = loaded.minutesWithLate();
  if (minutes.size === 0) return;
  const result = reviseSeries(series, loaded.rows, { minutes, around: loaded.minutesAround(), recheck: null });
  const cause = loaded.beyondADay ? "history" : batch.fill === null ? "late-trade" : "gap-fill";
  writer.putRevision(place, entry, result, cause, emit);
}

/** First and last minute of a batch, epoch milliseconds. */
export function minutesOfBatch(batch: TradeColumns): { fromMinute: number; toMinute: number } {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < batch.count; i++) {
    const time = batch.eventTimeUs[i] as number;
    if (time < least) least = time;
    if (time > greatest) greatest = time;
  }
  return { fromMinute: minuteOf(least), toMinute: minuteOf(greatest) };
}
