import { randomUUID } from "node:crypto";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { releaseLease, renewLease, takeLease } from "@tickfleet/database/lease";
import { describeDatabaseError, type Pool } from "@tickfleet/database/pool";
import { findLease } from "./store.ts";

/** Another process writes the stream; this one must not. */
export class LeaseLostError extends Error {
  override name = "LeaseLostError";
}

const SCHEMA = "ingest";
const RETRY_MS = 500;
/** Where process ids mean the same: the host, and on Linux the space of process ids. */
const PLACE = `${hostname()}:${pidNamespace()}`;

/** The right to write a stream, held in the database by one process at a time. */
export class WriterLease {
  readonly owner = `${PLACE}:${process.pid}:${randomUUID().slice(0, 8)}`;
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
        if (this.#epoch === null) {
          onWait(`another process holds the lease ${this.#name}`);
          await this.#freeDead();
        }
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

  /** Frees a lease whose holder was a process of this machine that is no more: nobody waits for its end in vain. */
  async #freeDead(): Promise<void> {
    const held = await findLease(this.#pool, this.#name);
    const [place, pid] = /^(.*):(\d+):[^:]+$/.exec(held?.owner ?? "")?.slice(1) ?? [];
    if (held === null || place !== PLACE || isAlive(Number(pid))) return;
    await releaseLease(this.#pool, SCHEMA, this.#name, held.owner, held.epoch);
  }

  async release(): Promise<void> {
    if (this.#epoch === null || this.#lost) return;
    const epoch = this.#epoch;
    this.#epoch = null;
    await releaseLease(this.#pool, SCHEMA, this.#name, this.owner, epoch);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** A name that no other place has where the system does not tell. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return randomUUID();
  }
}
