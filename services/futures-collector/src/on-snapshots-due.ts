import { futures } from "@tickfleet/contracts/context-messages";
import { CONTEXT_LEAD_MS } from "@tickfleet/market/context-validity";
import type { Bus } from "@tickfleet/runtime/bus";
import type { PollTurn } from "@tickfleet/runtime/poll";
import { publishOnce } from "@tickfleet/runtime/publish-once";
import { ALGO } from "./leverage.ts";
import type { FuturesStore } from "./store.ts";

/** How long a snapshot counts. */
const TTL_MS = 300_000;

/**
 * Publishes what is stored and not yet published, as it is stored: after a crash the same content, under the same id. What has
 * become too late to be published a minute before it counts stays unpublished.
 * @returns how many were published
 */
export async function onSnapshotsDue(bus: Bus, store: FuturesStore, turn: PollTurn): Promise<number> {
  const due = await store.listUnpublished(Date.now() + CONTEXT_LEAD_MS);
  for (const snapshot of due) {
    turn.signal.throwIfAborted();
    const { venue, instrument, validFrom } = snapshot;
    const id = `futures:${venue}:${instrument}:${validFrom}`;
    await publishOnce(bus, futures, { venue, instrument }, id, { ...snapshot, ttlMs: TTL_MS, algo: ALGO });
    await store.markPublished(snapshot);
  }
  return due.length;
}
