import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { releaseLease, renewLease, takeLease } from "@tickfleet/database/lease";
import { describeDatabaseError, type Pool } from "@tickfleet/database/pool";

/** Another process writes the stream; this one must not. */
export class LeaseLostError extends Error {
  override name = "LeaseLostError";
}

const SCHEMA = "ingest";
const RETRY_MS = 500;

/** The right to write a stream, held in the database by one process at a time. */
export class WriterLease {
  readonly owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  readonly #pool: Pool;
  readonly #name: string;
  readonly #ttlMs: number;
  #epoch: number | null = null;
  #renewedMs = 0;
  #lost = false;

  constructor(pool: Pool, name: string, ttlMs: number) {
    this.#pool = pool;
    this.#name = name;
    this.#ttlMs = ttlMs;
  }

  /** Whether this process may write now. */
  get held(): boolean {
    return this.#epoch !== null && !this.#lost && performance.now() - this.#renewedMs < this.#ttlMs;
  }

  /** Waits until the lease is this process's. @param onWait what it waits for, in words */
  async acquire(signal: AbortSignal, onWait: (reason: string) => void): Promise<void> {
    while (this.#epoch === null) {
      signal.throwIfAborted();
      const askedMs = performance.now();
      try {
        this.#epoch = await takeLease(this.#pool, SCHEMA, this.#name, this.owner, this.#ttlMs);
        this.#renewedMs = askedMs;
        if (this.#epoch === null) onWait(`another process holds the lease ${this.#name}`);
      } catch (error) {
        onWait(describeDatabaseError(error));
      }
      if (this.#epoch === null) await sleep(RETRY_MS, undefined, { signal });
    }
  }

  /** Prolongs the lease. @throws LeaseLostError where another process has it; errors of a database that is away pass */
  async renew(): Promise<void> {
    if (this.#epoch === null || this.#lost) throw new LeaseLostError(`the lease ${this.#name} is not held`);
    const askedMs = performance.now();
    if (!(await renewLease(this.#pool, SCHEMA, this.#name, this.owner, this.#epoch, this.#ttlMs))) {
      this.#lost = true;
      throw new LeaseLostError(`another process took the lease ${this.#name}: this one must not write any more`);
    }
    this.#renewedMs = askedMs;
  }

  async release(): Promise<void> {
    if (this.#epoch === null || this.#lost) return;
    const epoch = this.#epoch;
    this.#epoch = null;
    await releaseLease(this.#pool, SCHEMA, this.#name, this.owner, epoch);
  }
}
