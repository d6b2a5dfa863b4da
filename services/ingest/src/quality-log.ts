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

/** Rows of live sources that wait for the database; what comes beyond them is counted and not kept. */
export const MOST_WAITING = 10_000;
const MOST_AT_ONCE = 500;
const RETRY_MS = 1_000;

export interface QualityLogOptions {
  insert: (entries: readonly QualityEntry[]) => Promise<void>;
  onError: (error: unknown) => void;
  /** Called for every input that comes, kept or not. */
  onAdded?: () => void;
  /** Called for every input that is given up, because too many wait; `first` since the database took some. */
  onDropped?: (first: boolean) => void;
}

/** Writes quarantined input to the database beside the stream of messages, waiting where the database is away. */
export class QualityLog {
  readonly #options: QualityLogOptions;
  #waiting: QualityEntry[] = [];
  #writing: Promise<void> | null = null;
  #dropping = false;

  constructor(options: QualityLogOptions) {
    this.#options = options;
  }

  add(entry: QualityEntry): void {
    this.#options.onAdded?.();
    if (entry.key === null && this.#waiting.length >= MOST_WAITING) {
      this.#options.onDropped?.(!this.#dropping);
      this.#dropping = true;
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
        await this.#options.insert(entries);
        this.#waiting.splice(0, entries.length);
        this.#dropping = false;
      } catch (error) {
        this.#options.onError(error);
        await sleep(RETRY_MS);
      }
    }
    this.#writing = null;
  }
}
