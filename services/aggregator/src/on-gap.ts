import type { gap } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { reviseSeries } from "@tickfleet/market/candle-revision";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import type { LaneSeries } from "./lane-state.ts";
import type { InputPlace, LaneWriter } from "./lane-writer.ts";
import type { LoadedRevision } from "./late-rows.ts";

/** Settled gaps of an instrument that are remembered. */
const SETTLED_KEPT = 200;
/** What is said later of a gap counts if it ranks higher, or reaches further. */
const RANKS = { open: 0, unfilled: 1, none: 2, filled: 2 } as const;

/**
 * From when on (epoch microseconds) closed candles that a gap touches are judged again: a rebuild leaves those before its
 * floor as they are. null: none is.
 */
export function judgedFrom(entry: LaneSeries, message: Payload<typeof gap>, fromHistory: boolean): number | null {
  if (isSettled(entry, message) || message.from >= entry.series.closedUntil * 1000) return null;
  if (!fromHistory || message.from >= entry.floorUs) return message.from;
  return message.to > entry.floorUs && entry.floorUs < entry.series.closedUntil * 1000 ? entry.floorUs : null;
}

/** Whether this was said before: by a message that is published again, after the log was lost. */
function isSettled(entry: LaneSeries, message: Payload<typeof gap>): boolean {
  const known = entry.settledGaps.find((settled) => settled.id === message.id);
  return known !== undefined && message.to <= known.to && RANKS[message.state] <= known.rank;
}

/**
 * Takes in what became of a gap; closed candles that it touches are judged again. A gap that stayed unfilled may be taken
 * up again, with the same id and a later end, and be filled after all.
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
  if (isSettled(entry, message)) return;
  const fromUs = judgedFrom(entry, message, place.fromHistory);
  entry.dirty = true;
  if (state !== "open") {
    const others = entry.settledGaps.filter((settled) => settled.id !== id);
    entry.settledGaps = [...others.slice(1 - SETTLED_KEPT), { id, to, rank: RANKS[state] }];
  }
  series.setGap(state === "none" ? { id, state } : { id, fromUs: from, toUs: to, state, missing });
  if (fromUs === null) return;
  if (loaded === null) throw new Error(`${message.instrument}: rows around gap ${id} were not loaded`);
  const result = reviseSeries(series, loaded.rows, { minutes: new Map(), around: loaded.minutesAround(), recheck: { fromUs, toUs: to } });
  writer.putRevision(place, entry, result, "gap-fill", emit);
}
