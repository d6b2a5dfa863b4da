import { setTimeout as sleep } from "node:timers/promises";
import { REPLAY_HEADER, type replayCommand } from "@tickfleet/contracts/control-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { Logger } from "@tickfleet/runtime/logger";
import { openFileSource } from "@tickfleet/venues/file-source";
import type { ScriptedSource, SourceBlock } from "@tickfleet/venues/source";
import type { IntakeCounts } from "./intake-state.ts";
import type { Publisher } from "./publisher.ts";
import type { QualityLog } from "./quality-log.ts";
import type { ReplayStore } from "./replay-store.ts";
import { runScript, type ScriptResult } from "./script-run.ts";
import type { Spool } from "./spool.ts";

export type ReplayRequest = Payload<typeof replayCommand>;

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

/** Replay jobs, one after another, in the order in which they came. What a crash cut off goes on. */
export class ReplayJobs {
  readonly #options: ReplayJobsOptions;
  readonly #queue: ReplayRequest[] = [];
  #wake: (() => void) | null = null;

  constructor(options: ReplayJobsOptions) {
    this.#options = options;
  }

  /** Accepts a job; the same id again is the job that is there. @throws SourceFileError, RangeError where its files cannot be replayed */
  async submit(request: ReplayRequest): Promise<void> {
    await openSource(request);
    if (!(await this.#options.store.insertReplay(request))) return;
    this.#queue.push(request);
    this.#wake?.();
  }

  /** Runs jobs until the signal, those first that an earlier process left. */
  async run(): Promise<void> {
    const { signal, store, spool } = this.#options;
    const left = await this.#persist(() => store.runningReplays());
    this.#queue.unshift(...(left ?? []));
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
    const source = await nameConnection(await openSource(request));
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

function openSource(request: ReplayRequest): Promise<ScriptedSource> {
  const { files, format, venue, instrument } = request;
  return openFileSource({ files, format, venue, instrument, connection: CONNECTION });
}

/**
 * The source with a connection for its instrument alone, whose clock goes on from file to file: another
 * instrument's file of the same day must not come late. What is read for that is not read again.
 */
async function nameConnection(source: ScriptedSource): Promise<ScriptedSource> {
  const blocks = source.events(0)[Symbol.asyncIterator]();
  const seen: SourceBlock[] = [];
  let connection = CONNECTION;
  for (;;) {
    const next = await blocks.next();
    if (next.done) break;
    seen.push(next.value);
    const opening = next.value.events.find((event) => event.kind === "open");
    if (opening === undefined) continue;
    if (opening.instruments.length === 1) connection = `${CONNECTION}-${opening.instruments[0]?.instrument}`;
    break;
  }
  return { ...source, connection, events: (from) => (from === 0 ? goOn(seen, blocks) : source.events(from)) };
}

async function* goOn(seen: readonly SourceBlock[], rest: AsyncIterator<SourceBlock>): AsyncGenerator<SourceBlock> {
  yield* seen;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
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
