import type { gap } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { reviseSeries } from "@tickfleet/market/candle-revision";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import type { LaneSeries } from "./lane-state.ts";
import type { InputPlace, LaneWriter } from "./lane-writer.ts";
import type { LoadedRevision } from "./late-rows.ts";

/** Settled gaps of an instrument that are remembered. */
const SETTLED_KEPT = 200;

/** Whether a gap reaches into minutes that are closed. */
export function reachesClosed(entry: LaneSeries, message: Payload<typeof gap>): boolean {
  return !entry.settledGaps.includes(message.id) && message.from < entry.series.closedUntil * 1000;
}

/**
 * Takes in what became of a gap; closed candles that it touches are judged again. A gap is settled once: what comes of
 * it after that was published again, after the log was lost.
 */
export function onGap(
  entry: LaneSeries,
  message: Payload<typeof gap>,
  place: InputPlace,
  loaded: LoadedRevision | null,
  writer: LaneWriter,
  emit: EmitOutput,
): void {
  const { series } = entry;
  const { id, from, to, state, missing } = message;
  if (entry.settledGaps.includes(id)) return;
  entry.dirty = true;
  if (state !== "open") entry.settledGaps = [...entry.settledGaps.slice(1 - SETTLED_KEPT), id];
  series.setGap(state === "none" ? { id, state } : { id, fromUs: from, toUs: to, state, missing });
  if (message.from >= series.closedUntil * 1000) return;
  if (loaded === null) throw new Error(`${message.instrument}: rows around gap ${id} were not loaded`);
  const result = reviseSeries(series, loaded.rows, { minutes: new Map(), recheck: { fromUs: from, toUs: to } });
  writer.putRevision(place, series, result, "gap-fill", emit);
}
