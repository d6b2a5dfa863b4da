import type { gap } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { reviseSeries } from "@tickfleet/market/candle-revision";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import type { LaneSeries } from "./lane-state.ts";
import type { InputPlace, LaneWriter } from "./lane-writer.ts";
import type { LoadedRevision } from "./late-rows.ts";

/** Whether a gap reaches into minutes that are closed. */
export function reachesClosed(entry: LaneSeries, message: Payload<typeof gap>): boolean {
  return message.from < entry.series.closedUntil * 1000;
}

/** Takes in what became of a gap; closed candles that it touches are judged again. */
export function onGap(
  entry: LaneSeries,
  message: Payload<typeof gap>,
  place: InputPlace,
  loaded: LoadedRevision | null,
  writer: LaneWriter,
  emit: EmitOutput,
): void {
  const { series } = entry;
  entry.dirty = true;
  const { id, from, to, state, missing } = message;
  series.setGap(state === "none" ? { id, state } : { id, fromUs: from, toUs: to, state, missing });
  if (!reachesClosed(entry, message)) return;
  if (loaded === null) throw new Error(`${message.instrument}: rows around gap ${id} were not loaded`);
  const result = reviseSeries(series, loaded.rows, { minutes: new Map(), recheck: { fromUs: from, toUs: to } });
  writer.putRevision(place, series, result, "gap-fill", emit);
}
