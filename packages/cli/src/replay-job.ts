import { setTimeout as sleep } from "node:timers/promises";
import { ingestStatusCommand, ingestStatusReplySchema, replayCommand, replayReplySchema } from "@tickfleet/contracts/control-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { FleetStatusStore } from "@tickfleet/database/fleet-status";
import { describeDatabaseError } from "@tickfleet/database/pool";
import type { Bus } from "@tickfleet/runtime/bus";
import { NoAnswerError, request } from "@tickfleet/runtime/request";
import { CommandError } from "./command.ts";
import { findLaggards, type Laggards } from "./laggards.ts";
import { lettersOfJob, positionOfLetters } from "./letters.ts";
import type { Progress } from "./progress.ts";
import { watchLatency } from "./replay-latency.ts";
import { createSummary, type DerivedCounts, type ReplayJob, type ReplaySummary } from "./replay-summary.ts";

export type ReplayRequest = Payload<typeof replayCommand>;

const ANSWER_MS = 10_000;
/** Ingest may be restarting: how long a command waits for it. */
const INGEST_WAIT_MS = 10_000;
/** In the middle of a job services come back by themselves; after so long without them somebody should look. */
const PATIENCE_MS = 180_000;
/** Storing takes longer than it should: time to say what is waited for. */
const QUIET_MS = 20_000;
const NOTE_EVERY_MS = 30_000;
const RETRY_MS = 250;
const POLL_MS = 100;
const STORED_POLL_MS = 40;
const MOST_REASONS = 10;

/** Hands files to ingest and resolves when everything derived from them is stored. @throws CommandError */
export async function followReplay(bus: Bus, databaseUrl: string, order: ReplayRequest, progress: Progress): Promise<ReplaySummary> {
  const store = FleetStatusStore.open(databaseUrl);
  const latency = watchLatency(bus);
  const letters = await positionOfLetters(bus);
  const began = performance.now();
  try {
    await submit(bus, order, progress);
    const ended = await untilEnded(bus, order, progress);
    if (ended.lastSeq !== null) await untilStored(bus, store, ended, progress);
    const job = await patiently(progress, () => findJob(bus, order.id));
    const seconds = (performance.now() - began) / 1000;
    const counts = await patiently(progress, () => countDerived(store, job));
    const dead = await patiently(progress, () => lettersOfJob(bus, job, letters.lastSeq));
    return createSummary(job, counts, seconds, latency(), dead);
  } finally {
    await store.close();
  }
}

async function countDerived(store: FleetStatusStore, { id, quarantined, venue, instruments }: ReplayJob): Promise<DerivedCounts> {
  const quarantineReasons = quarantined === 0 ? [] : await store.quarantineReasons(id, MOST_REASONS);
  if (venue === null) return { quarantineReasons, candles: {}, indicators: 0, patterns: 0, signals: 0 };
  const names = [...new Set(instruments)];
  const [candles, indicators, judged] = await Promise.all([
    store.candleCounts(venue, names),
    store.indicatorCount(venue, names),
    store.patternCounts(venue, names),
  ]);
  return { quarantineReasons, candles, indicators, ...judged };
}

/** The same id may be sent again: it stays one job. */
async function submit(bus: Bus, order: ReplayRequest, progress: Progress): Promise<void> {
  const deadline = performance.now() + INGEST_WAIT_MS;
  for (;;) {
    try {
      const reply = await request(bus, replayCommand, order, replayReplySchema, ANSWER_MS);
      if ("error" in reply) throw new CommandError(reply.error);
      return;
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      if (performance.now() > deadline) {
        throw new CommandError(
          `ingest does not answer, so nothing was replayed (${error.message}). \`tickfleet status\` shows what runs; the logs are in the fleet's data folder.`,
          { cause: error },
        );
      }
      progress.show("waiting for ingest");
      await sleep(RETRY_MS);
    }
  }
}

async function untilEnded(bus: Bus, order: ReplayRequest, progress: Progress): Promise<ReplayJob> {
  for (;;) {
    const job = await patiently(progress, () => findJob(bus, order.id));
    if (job.state !== "running") return job;
    const at = job.lastTime === null ? "" : `, at ${new Date(job.lastTime).toISOString()}`;
    progress.show(`reading: ${job.trades.toLocaleString("en-US")} trades, ${job.recorded.toLocaleString("en-US")} recorded${at}`);
    await sleep(POLL_MS);
  }
}

async function findJob(bus: Bus, id: string): Promise<ReplayJob> {
  const reply = await request(bus, ingestStatusCommand, { id }, ingestStatusReplySchema, ANSWER_MS);
  if ("error" in reply) throw new Error(`ingest: ${reply.error}`);
  const job = reply.jobs[0];
  if (job === undefined) throw new CommandError(`ingest no longer knows replay ${id}: was its database replaced?`);
  return job;
}

/** Waits until the recorder, every lane, and those that read what the lanes write have committed all that follows from the job's last message. */
async function untilStored(bus: Bus, store: FleetStatusStore, job: ReplayJob, progress: Progress): Promise<void> {
  let noteAt = performance.now() + QUIET_MS;
  for (;;) {
    const behind = await patiently(progress, () => askLaggards(bus, store, job));
    if (behind === null) return;
    const text = `storing what was derived: ${behind.messages.toLocaleString("en-US")} messages left for ${behind.who}`;
    progress.show(text);
    if (performance.now() > noteAt) {
      progress.note(`${text}; \`tickfleet status\` shows what runs`);
      noteAt = performance.now() + NOTE_EVERY_MS;
    }
    await sleep(STORED_POLL_MS);
  }
}

async function askLaggards(bus: Bus, store: FleetStatusStore, job: ReplayJob): Promise<Laggards | null> {
  const market = await bus.streamPosition("MARKET");
  // a stream that was made anew counts from one again; its readers come to it only after their rebuild
  const target = market.created === job.streamCreated ? (job.lastSeq ?? 0) : 0;
  const [recorder, lanes] = await Promise.all([store.recorder(), store.lanes()]);
  const indicatorLanes = await store.indicatorLanes();
  const patternLanes = await store.patternLanes();
  return findLaggards(market.created, target, { recorder, lanes, indicatorLanes, patternLanes });
}

/** Does something again while a server or service is away, for minutes. */
async function patiently<T>(progress: Progress, act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  let told = "";
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof CommandError) throw error;
      const reason = describeDatabaseError(error);
      if (performance.now() > deadline) {
        throw new CommandError(`gave up waiting after ${PATIENCE_MS / 60_000} minutes: ${reason}. The job goes on when the fleet does.`, {
          cause: error,
        });
      }
      if (reason !== told) progress.note(`waiting: ${reason}`);
      told = reason;
      await sleep(RETRY_MS);
    }
  }
}
