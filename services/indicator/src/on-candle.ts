import type { Candle } from "@tickfleet/market/candle";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import type { LaneState } from "./lane-state.ts";
import type { LaneWriter } from "./lane-writer.ts";
import { type LoadedRows, reviseSeries } from "./revise.ts";

/** Whether a candle is of the past of its series, so that its rows are needed. */
export function isRevision(state: LaneState, candle: Candle): boolean {
  const last = state.find(candle)?.last ?? null;
  return last !== null && candle.openTime <= last.openTime;
}

/** A closed candle goes on with its series; one of the past changes what came after it. */
export function onCandle(
  state: LaneState,
  candle: Candle,
  stamps: Readonly<Record<string, number>>,
  inputSeq: number,
  loaded: LoadedRows | null,
  writer: LaneWriter,
  emit: EmitOutput,
): void {
  const { lane } = state;
  const series = state.find(candle);
  if (series === null) throw new Error(`the series of ${candle.instrument} ${candle.timeframe} is not loaded`);
  const firstRevision = state.firstRevision(candle, candle.openTime);
  if (!isRevision(state, candle)) {
    writer.putEnriched(lane, { candle, revision: firstRevision, ...series.advance(candle) }, stamps, emit);
    return;
  }
  if (loaded === null) throw new Error(`the rows of ${candle.instrument} ${candle.timeframe} from ${candle.openTime} are not loaded`);
  const revision = reviseSeries(loaded, candle, firstRevision);
  if (revision === null) return;
  state.put(candle, revision.series);
  for (const row of revision.revised) writer.putEnriched(lane, row, row.candle === candle ? stamps : {}, emit);
  for (const row of revision.rewritten) writer.put(lane, row);
  if (revision.recomputed !== null) writer.putNotice(candle, { ...revision.recomputed, cause: "candle-revised", inputSeq }, emit);
}
