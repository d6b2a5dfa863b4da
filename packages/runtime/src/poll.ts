import { setTimeout as sleep } from "node:timers/promises";
import type { LaneStore, OwnedLane } from "@tickfleet/database/checkpoint";
import { describeDatabaseError } from "@tickfleet/database/pool";
import { Cron } from "croner";
import { isMistake, LanesLostError } from "./failures.ts";
import type { Logger } from "./logger.ts";

/** One round of polling. */
export interface PollTurn {
  /** The time of the schedule that it is of, epoch milliseconds: whoever polls, and however late, has the same. */
  dueMs: number;
  /** The right to work, to be checked where rows are written. */
  lease: Pick<OwnedLane, "lane" | "epoch"> & { owner: string };
  /** Aborted at the shutdown, and when another process took over. */
  signal: AbortSignal;
}

export interface PollOptions {
  /** Leases of one lane: whoever holds it polls, the others wait. */
  lanes: LaneStore;
  /** Cron pattern in UTC, seconds allowed. The first round of a holder begins at once and is of the schedule's last time, done or not. */
  schedule: string;
  logger: Logger;
  signal: AbortSignal;
  onReady(ok: boolean, detail: string): void;
  /** Gives the milliseconds after which it wants to be called before the schedule says so, or null. */
  poll(turn: PollTurn): Promise<number | null>;
}

const ACQUIRE_EVERY_MS = 500;
const RENEWALS_PER_LEASE = 4;
const LONGEST_BACKOFF_MS = 5_000;

/**
 * Polls by a schedule until the signal, one process at a time: a lease in the database says which. Rounds never overlap. A
 * round that throws is tried again with backoff, after the lease was taken anew.
 * @throws what a mistake in the code throws
 */
export async function runPolls(options: PollOptions): Promise<void> {
  const rounds = createRounds(options.schedule);
  for (let attempt = 0; !options.signal.aborted; attempt++) {
    const doneBefore = rounds.done;
    try {
      await holdAndPoll(options, rounds);
    } catch (error) {
      if (options.signal.aborted) break;
      if (isMistake(error)) throw error;
      if (rounds.done !== doneBefore) attempt = 0;
      options.onReady(false, describeDatabaseError(error));
      options.logger.warn({ err: error }, "polling stopped; it begins again");
      await sleep(Math.min(LONGEST_BACKOFF_MS, 100 * 2 ** attempt) * (0.5 + Math.random() / 2), undefined, {
        signal: options.signal,
      }).catch(() => undefined);
    }
  }
}

interface Rounds {
  /** Rounds that were gone through. */
  done: number;
  /** The schedule's last time up to a time, that included, and its next one after it. */
  lastOf(ms: number): number;
  nextOf(ms: number): number;
}

function createRounds(pattern: string): Rounds {
  const schedule = new Cron(pattern, { timezone: "UTC", paused: true });
  return {
    done: 0,
    lastOf: (ms) => schedule.previousRuns(1, new Date(ms + 1))[0]?.getTime() ?? ms,
    nextOf: (ms) => schedule.nextRun(new Date(ms))?.getTime() ?? ms + 60_000,
  };
}

async function holdAndPoll(options: PollOptions, rounds: Rounds): Promise<void> {
  const { lanes, signal } = options;
  const lane = await acquire(options);
  if (lane === null) return;
  const lost = new AbortController();
  const held = AbortSignal.any([signal, lost.signal]);
  const heartbeat = keepLease(lanes, lane, lost);
  try {
    let dueMs = rounds.lastOf(Date.now());
    const lease = { lane: lane.lane, epoch: lane.epoch, owner: lanes.owner };
    while (!held.aborted) {
      const again = await options.poll({ dueMs, lease, signal: held });
      options.onReady(true, "");
      rounds.done += 1;
      const now = Date.now();
      // a timer may come a little early
      const next = rounds.nextOf(Math.max(now, dueMs));
      const isEarly = again !== null && now + again < next;
      await sleep(isEarly ? again : next - now, undefined, { signal: held }).catch(() => undefined);
      if (!isEarly) dueMs = Math.max(next, rounds.lastOf(Date.now()));
    }
    if (lost.signal.aborted) throw lost.signal.reason;
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearInterval(heartbeat);
    await lanes.release([lane]).catch(() => undefined);
  }
}

/** The lane as soon as it is free; null at the shutdown. A process that waits for another's end is ready. */
async function acquire({ lanes, signal, onReady, logger }: PollOptions): Promise<OwnedLane | null> {
  for (let told = false; !signal.aborted; ) {
    const [lane] = await lanes.acquire(1);
    if (lane !== undefined) return lane;
    if (!told) logger.info("another process polls; this one waits");
    told = true;
    onReady(true, "another process polls; this one waits");
    await sleep(ACQUIRE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

/** Prolongs the lease; gives up where another has it, or where it may have ended because the database does not answer. */
function keepLease(lanes: LaneStore, lane: OwnedLane, lost: AbortController): NodeJS.Timeout {
  let renewedMs = performance.now();
  let renewing = false;
  return setInterval(() => {
    if (renewing || lost.signal.aborted) return;
    if (performance.now() - renewedMs > lanes.ttlMs) {
      lost.abort(new LanesLostError("the lease could not be renewed in its time"));
      return;
    }
    renewing = true;
    const askedMs = performance.now();
    lanes
      .renew([lane])
      .then((held) => {
        if (held.length > 0) renewedMs = askedMs;
        else lost.abort(new LanesLostError("another process took over"));
      })
      .catch(() => undefined) // tried again; the time of the lease decides
      .finally(() => {
        renewing = false;
      });
  }, lanes.ttlMs / RENEWALS_PER_LEASE);
}

/** Whether a text is a schedule that `runPolls` takes. */
export function isSchedule(text: string): boolean {
  try {
    return new Cron(text, { timezone: "UTC", paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}
