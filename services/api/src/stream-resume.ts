import { setTimeout as sleep } from "node:timers/promises";
import type { StreamPlace } from "./live-feed.ts";
import type { LiveMessage } from "./live-message.ts";
import type { CursorPlace } from "./stream-cursor.ts";

/** The connection that takes up a stream again. */
export interface ResumeHost {
  isOpen(): boolean;
  /** The reader is too far behind for more than it must have. */
  isBehind(): boolean;
  /** Where the gateway has the stream. */
  place(): StreamPlace | null;
  /** What was missed, up to and with `until`; null where it cannot be had. */
  read(after: number, until: number): Promise<LiveMessage[] | null>;
  /** Returns whether the message was the client's to get. */
  send(message: LiveMessage): boolean;
  /** Everything up to here has been sent. */
  reached(seq: number): void;
}

const POLL_MS = 10;
const RETRY_MS = 1_000;
/** A client may come from a gateway that is a little ahead of this one. */
const AHEAD_MS = 3_000;

/**
 * Sends what a client missed of a stream until it has all that the gateway has. Between the last look at the
 * gateway's place and the answer nothing can come, so the caller goes on live from `at`.
 * @returns `count` of messages sent; null where they cannot be had
 */
export async function resumeStream(host: ResumeHost, after: CursorPlace): Promise<{ at: number; count: number | null }> {
  for (let waited = 0; waited < AHEAD_MS && (host.place()?.seq ?? -1) < after.seq; waited += POLL_MS) await sleep(POLL_MS);
  let at = after.seq;
  let count = 0;
  for (let place = host.place(); host.isOpen(); place = host.place()) {
    if (place === null) return { at: 0, count: null };
    const isAnother = place.seq < at || (after.generation !== null && after.generation !== place.generation);
    if (isAnother) return { at: place.seq, count: null };
    if (place.seq === at) break;
    const messages = await host.read(at, place.seq).catch(() => sleep(RETRY_MS, undefined));
    if (messages === undefined) continue;
    if (messages === null) return { at: host.place()?.seq ?? 0, count: null };
    for (const message of messages) {
      while (host.isOpen() && host.isBehind()) await sleep(POLL_MS);
      host.reached(message.seq ?? at);
      if (host.send(message)) count += 1;
    }
    at = place.seq;
    host.reached(at);
  }
  return { at, count };
}
