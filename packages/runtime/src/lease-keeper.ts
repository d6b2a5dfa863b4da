import type { LaneStore, OwnedLane } from "@tickfleet/database/checkpoint";

const RENEW_EVERY_MS = 3_000;
/** A lease is renewed so often while it lasts. */
const RENEWALS_PER_LEASE = 4;

/** A lane as it was leased. */
export type Lease = Pick<OwnedLane, "lane" | "epoch">;

/**
 * Prolongs this process's membership and leases beside its loop, which may restore, rebuild or commit for
 * longer than a lease lasts. Whether a lane was lost the loop finds out by itself.
 */
export class LeaseKeeper {
  readonly everyMs: number;
  readonly #store: LaneStore;
  readonly #held: () => readonly Lease[];
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | null = null;

  /** @param held the lanes that are leased at present */
  constructor(store: LaneStore, held: () => readonly Lease[]) {
    this.#store = store;
    this.#held = held;
    this.everyMs = Math.min(RENEW_EVERY_MS, store.ttlMs / RENEWALS_PER_LEASE);
  }

  begin(): void {
    this.#timer = setInterval(() => {
      this.#renewing ??= this.#renew();
    }, this.everyMs);
  }

  /** Ends it, after the renewal that is under way: it must not come behind the process's leave. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
  }

  async #renew(): Promise<void> {
    try {
      await this.#store.join();
      await this.#store.renew(this.#held());
    } catch {
      // a database that is away stops the loop, which says so
    } finally {
      this.#renewing = null;
    }
  }
}
