import { setTimeout as sleep } from "node:timers/promises";
import { orAborted } from "./abortable.ts";
import type { QualityRow } from "./intake-state.ts";

/** A row on its way to `quality_events`. */
export interface QualityEntry extends QualityRow {
  /** Which source it came from. */
  source: string;
  /** The same when a script is run again after a crash, null where nothing is run again. */
  key: string | null;
}

const MOST_WAITING = 10_000;
const MOST_AT_ONCE = 500;
const RETRY_MS = 1_000;

/** Writes quarantined input to the database beside the stream of messages, waiting where the database is away. */
export class QualityLog {
  readonly #insert: (entries: readonly QualityEntry[]) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #waiting: QualityEntry[] = [];
  #writing: Promise<void> | null = null;
  #dropped = 0;

  constructor(insert: (entries: readonly QualityEntry[]) => Promise<void>, onError: (error: unknown) => void) {
    this.#insert = insert;
    this.#onError = onError;
  }

  /** Rows of live sources that were given up because the database was away for too long. */
  get dropped(): number {
    return this.#dropped;
  }

  add(entry: QualityEntry): void {
    if (entry.key === null && this.#waiting.length >= MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(entry);
    this.#writing ??= this.#write();
  }

  /** Resolves when all rows so far are in the database, or at the signal. */
  async flushed(signal: AbortSignal): Promise<void> {
    while (this.#writing !== null && !signal.aborted) await orAborted(this.#writing, signal);
  }

  async #write(): Promise<void> {
    await null; // rows of one block go together
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.slice(0, MOST_AT_ONCE);
      try {
        await this.#insert(entries);
        this.#waiting.splice(0, entries.length);
      } catch (error) {
        this.#onError(error);
        await sleep(RETRY_MS);
      }
    }
    this.#writing = null;
  }
}
