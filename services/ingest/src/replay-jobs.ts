import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { REPLAY_HEADER, type replayCommand } from "@tickfleet/contracts/control-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { Logger } from "@tickfleet/runtime/logger";
import { openFileSource } from "@tickfleet/venues/file-source";
import type { ScriptedSource } from "@tickfleet/venues/source";
import type { IntakeCounts } from "./intake-state.ts";
import type { Publisher } from "./publisher.ts";
import type { QualityLog } from "./quality-log.ts";
import type { ReplayStore } from "./replay-store.ts";
import { runScript, type ScriptResult } from "./script-run.ts";
import type { Spool } from "./spool.ts";

/** A job as it is kept. */
export interface ReplayRequest extends Payload<typeof replayCommand> {
  /** When it came, epoch milliseconds: what is a day later than that is no time of a recorded file. */
  submittedMs?: number;
}

export interface ReplayJobsOptions {
  store: ReplayStore;
  spool: Spool;
  publisher: Publisher;
  quality: QualityLog;
  logger: Logger;
  signal: AbortSignal;
}

const CONNECTION = "replay";
const KEY_PREFIX = "replay:";
const PROGRESS_MS = 1_000;
const RETRY_MS = 1_000;
const LONGEST_PACE_MS = 1_000;
const DAY_MS = 86_400_000;

/** Replay jobs, one after another, in the order in which they came. What a crash cut off goes on. */
export class ReplayJobs {
  readonly #options: ReplayJobsOptions;
  readonly #queue: ReplayRequest[] = [];
  /** Jobs that were in the table at the start. */
  readonly #left = new Set<string>();
  #wake: (() => void) | null = null;

  constructor(options: ReplayJobsOptions) {
    this.#options = options;
  }

  /** Accepts a job; the same id again is the job that is there. @throws SourceFileError, RangeError where its files cannot be replayed */
  async submit(command: Payload<typeof replayCommand>): Promise<void> {
    const request: ReplayRequest = { ...command, submittedMs: Date.now() };
    await openSource(request);
    if (!(await this.#options.store.insertReplay(request))) return;
    // its row may be read before its own answer comes
    if (this.#left.has(request.id)) return;
    this.#queue.push(request);
    this.#wake?.();
  }

  /** Runs jobs until the signal, those first that an earlier process left. */
  async run(): Promise<void> {
    const { signal, store, spool } = this.#options;
    const left = (await this.#persist(() => store.runningReplays())) ?? [];
    for (const { id } of left) this.#left.add(id);
    // one that came before the table was read is in both
    const came = this.#queue.splice(0).filter(({ id }) => !this.#left.has(id));
    this.#queue.push(...left, ...came);
    const running = new Set(this.#queue.map((request) => KEY_PREFIX + request.id));
    for (const source of spool.sources()) if (source.startsWith(KEY_PREFIX) && !running.has(source)) spool.forget(source);
    signal.addEventListener("abort", () => this.#wake?.());
    while (!signal.aborted) {
      const request = this.#queue.shift();
      if (request !== undefined) await this.#runJob(request);
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #runJob(request: ReplayRequest): Promise<void> {
    const { logger, store } = this.#options;
    logger.info({ replay: request.id, files: request.files }, "replay begins");
    try {
      await this.#replay(request);
    } catch (error) {
      logger.error({ replay: request.id, err: error }, "replay failed");
      await this.#persist(() => store.failReplay(request.id, (error as Error).message));
      this.#options.spool.forget(KEY_PREFIX + request.id);
    }
  }

  async #replay(request: ReplayRequest): Promise<void> {
    const { store, spool, quality, publisher, signal, logger } = this.#options;
    const key = KEY_PREFIX + request.id;
    const { source, instruments } = await nameConnection(await openSource(request));
    await this.#persist(() => store.describeReplay(request.id, source.venue, instruments));
    const initial =
      spool.sourceState(key) === null ? await this.#persist(() => store.connectionState(source.venue, source.connection)) : null;
    if (signal.aborted) return;
    let toldMs = 0;
    const onProgress = (position: number, counts: Readonly<IntakeCounts>): void => {
      if (performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      store
        .updateProgress(request.id, position, counts)
        .catch((error: unknown) => logger.warn({ err: error }, "progress of the replay not stored"));
    };
    const pace = request.speed === "max" ? null : createPace(request.speed, signal);
    const headers = { [REPLAY_HEADER]: request.id };
    const result = await runScript({ source, key, spool, quality, initial: initial ?? null, pace, signal, headers, onProgress });
    const end = result.ended ? await publisher.settled(result.lastN, signal) : null;
    if (end !== null) await this.#finish(request.id, source.venue, source.connection, result, end);
  }

  async #finish(id: string, venue: string, connection: string, result: ScriptResult, end: { seq: number; created: string }): Promise<void> {
    const { store, spool, logger } = this.#options;
    await this.#persist(() => store.finishReplay(id, venue, connection, result, end.seq, end.created));
    spool.forget(KEY_PREFIX + id);
    logger.info({ replay: id, counts: result.state.counts, lastSeq: end.seq, fault: result.fault }, "replay ended");
  }

  /** Does something in the database, however long it is away; undefined where the process ends meanwhile. */
  async #persist<T>(act: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (this.#options.signal.aborted) return undefined;
        this.#options.logger.warn({ err: error }, "the database does not take the state of a replay; trying again");
        await sleep(RETRY_MS);
      }
    }
  }
}

function openSource({ submittedMs, ...request }: ReplayRequest): Promise<ScriptedSource> {
  const { files, format, venue, instrument, calendar, columns } = request;
  const latestUs = submittedMs === undefined ? undefined : (submittedMs + DAY_MS) * 1000;
  return openFileSource({ files, format, venue, instrument, calendar, columns, latestUs, connection: CONNECTION });
}

/**
 * The source with a connection for its instruments alone, whose clock goes on from file to file: another instrument's
 * file of the same day must not come late, nor a file of the past be at the time of a later one.
 */
async function nameConnection(source: ScriptedSource): Promise<{ source: ScriptedSource; instruments: readonly string[] }> {
  const instruments = (await source.instruments?.()) ?? [];
  const isOne = instruments.length === 1;
  const mark = isOne ? instruments[0] : createHash("sha256").update(instruments.join("\n")).digest("hex").slice(0, 8);
  return { source: instruments.length === 0 ? source : { ...source, connection: `${CONNECTION}-${mark}` }, instruments };
}

/** Lets a script go on so many times as fast as it happened, from the first time that it tells. */
function createPace(speed: number, signal: AbortSignal): (timeUs: number) => Promise<void> {
  let startUs: number | null = null;
  let startMs = 0;
  return async (timeUs) => {
    if (startUs === null) {
      startUs = timeUs;
      startMs = performance.now();
    }
    const dueMs = startMs + (timeUs - startUs) / 1000 / speed;
    await waitUntil(() => dueMs - performance.now(), signal);
  };
}

/** Waits while `remainingMs` is above zero, or until the signal. */
export async function waitUntil(remainingMs: () => number, signal: AbortSignal): Promise<void> {
  for (let waitMs = remainingMs(); waitMs > 0 && !signal.aborted; waitMs = remainingMs()) {
    await sleep(Math.min(waitMs, LONGEST_PACE_MS), undefined, { signal }).catch(() => undefined);
  }
}
