import type { LaneStore, OwnedLane } from "@tickfleet/database/checkpoint";
import type { Logger } from "pino";

const RENEW_EVERY_MS = 3_000;
/** A lease is renewed so often while it lasts. */
const RENEWALS_PER_LEASE = 4;

/** A lane as it was leased. */
type Lease = Pick<OwnedLane, "lane" | "epoch">;

/**
 * Prolongs this process's membership and leases beside its loop, which may restore, rebuild or commit for
 * longer than a lease lasts, and gives them back at its end. Whether a lane was lost the loop finds out by itself.
 */
export class LeaseKeeper {
  readonly everyMs: number;
  readonly #store: LaneStore;
  readonly #logger: Logger;
  readonly #held: () => readonly Lease[];
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | null = null;

  /** @param held the lanes that are leased at present */
  constructor(store: LaneStore, logger: Logger, held: () => readonly Lease[]) {
    this.#store = store;
    this.#logger = logger;
    this.#held = held;
    this.everyMs = Math.min(RENEW_EVERY_MS, store.ttlMs / RENEWALS_PER_LEASE);
  }

  begin(): void {
    this.#timer = setInterval(() => {
      this.#renewing ??= this.#renew();
    }, this.everyMs);
  }

  /** Ends it, after the renewal that is under way, which must not come behind the leave; `leave`: this process takes no share any more. */
  async end(leave: boolean): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    try {
      await this.#store.release(this.#held());
      if (leave) await this.#store.leave();
    } catch (error) {
      this.#logger.warn({ err: error }, "the lanes could not be given back: others take them when their leases end");
    }
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
