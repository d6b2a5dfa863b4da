import type { clock } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import { keyOf, type LaneState } from "./lane-state.ts";
import type { InputPlace, LaneWriter } from "./lane-writer.ts";

/** Moves the connection's clock: closes every candle of its instruments that is due. */
export function onClock(state: LaneState, message: Payload<typeof clock>, place: InputPlace, writer: LaneWriter, emit: EmitOutput): void {
  const connection = state.connections.get(keyOf(message.venue, message.connection));
  if (connection === undefined || message.state === "down") return;
  // a message that was published again, after the log was lost: what it says of `held` is long settled
  if (message.time < connection.timeUs) return;
  if (message.time > connection.timeUs) {
    connection.timeUs = message.time;
    state.connectionsDirty = true;
  }
  for (const instrument of connection.instruments) {
    const entry = state.find(message.venue, instrument);
    const time = state.clockOf(message.venue, instrument);
    if (entry === undefined || time === null) continue;
    const { series } = entry;
    const held = message.held.includes(instrument);
    if (time <= series.watermarkUs && held === (series.heldSinceUs !== null)) continue;
    entry.dirty = true;
    series.advanceTo(time, held, (row) => {
      writer.putCandle(place, entry, row, emit);
      entry.changed = true;
    });
  }
}
