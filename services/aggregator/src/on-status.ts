import type { status } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { keyOf, type LaneState } from "./lane-state.ts";

/** Takes in a connection's state and the instruments it lists. */
export function onStatus(state: LaneState, message: Payload<typeof status>): void {
  const key = keyOf(message.venue, message.connection);
  const known = state.connections.get(key);
  state.connectionsDirty = true;
  if (message.state === "live") {
    const instruments = message.instruments
      .filter((instrument) => state.list(instrument, message.time))
      .map((instrument) => instrument.instrument);
    const timeUs = known === undefined ? message.time : Math.max(known.timeUs, message.time);
    state.connections.set(key, { venue: message.venue, connection: message.connection, state: "live", timeUs, instruments });
    return;
  }
  if (known === undefined) return;
  known.state = message.state;
  if (message.state !== "ended") return;
  for (const instrument of known.instruments) {
    const entry = state.find(message.venue, instrument);
    if (entry) Object.assign(entry, { storeForming: true, changed: true, dirty: true });
  }
}
