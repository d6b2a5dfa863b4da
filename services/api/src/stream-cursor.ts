import type { StreamName } from "@tickfleet/contracts/message";
import { streams } from "@tickfleet/contracts/registry";
import type { StreamPlace } from "./live-feed.ts";

/** Up to where a client has a stream; without a generation it is taken to be the present one. */
export type CursorPlace = Omit<StreamPlace, "generation"> & { generation: string | null };
export type StreamCursor = ReadonlyMap<StreamName, CursorPlace>;

const ENTRY = /^([A-Z]+):(\d{1,15})(?::([0-9a-z]{1,12}))?$/;

/** `CANDLES:41:sv3k2a,SIGNALS:7:sv3k2a`: the last sequence of each stream, and which incarnation of the stream it counts in. */
export function formatStreamCursor(places: Iterable<readonly [StreamName, StreamPlace]>): string {
  return [...places].map(([stream, { seq, generation }]) => `${stream}:${seq}:${generation}`).join(",");
}

/** Reads what a client says it has; `CANDLES:41` will do. Null where it cannot be read. */
export function parseStreamCursor(text: string): StreamCursor | null {
  const found = new Map<StreamName, CursorPlace>();
  for (const part of text.split(",").map((entry) => entry.trim())) {
    if (part === "") continue;
    const [, name, seq, generation = null] = ENTRY.exec(part) ?? [];
    const stream = streams.find((candidate) => candidate.name === name && candidate.republish !== null);
    if (stream === undefined) return null;
    found.set(stream.name, { seq: Number(seq), generation });
  }
  return found;
}
