import type { LanePlace, LaneStore, OwnedLane } from "@tickfleet/database/checkpoint";
import type { Logger } from "pino";

const RENEW_EVERY_MS = 3_000;
/** A lease is renewed so often while it lasts. */
const RENEWALS_PER_LEASE = 4;

/** A message of a version that this process does not know, and the lane that it is in. */
interface RefusedMessage extends LanePlace {
  subject: string;
}

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
  /** Messages that this process cannot read, by the lane that stops before them. */
  readonly #refused = new Map<number, RefusedMessage>();

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

  /**
   * Lanes that this process may hold of `total`. One that has refused a lane is no member, so that others, who may be able to
   * read it, take all that is free.
   */
  async share(total: number): Promise<number> {
    if (this.#refused.size === 0) return Math.ceil(total / (await this.#store.join()));
    await this.#store.leave();
    return Math.ceil(total / ((await this.#store.others()) + 1));
  }

  /** Takes up to `most` free lanes, but none that it refused. */
  take(most: number): Promise<OwnedLane[]> {
    return this.#store.acquire(most, [...this.#refused.keys()]);
  }

  /**
   * Gives lanes up before a message that this process cannot read: it does not take them again before another has gone
   * beyond. Returns what `standstill` does.
   */
  async refuse(
    lanes: readonly (Lease & { streamCreated: string })[],
    { seq, subject }: { seq: number; subject: string },
  ): Promise<string | null> {
    for (const { lane, streamCreated } of lanes) this.#refused.set(lane, { lane, streamCreated, seq, subject });
    await this.#store.release(lanes);
    const standstill = await this.standstill();
    this.#logger.error({ seq, subject, standstill }, "a message is of a version that is unknown here");
    return standstill;
  }

  /** Why lanes stand still, null where none does: others hold those that were refused, or have gone beyond what was. */
  async standstill(): Promise<string | null> {
    if (this.#refused.size === 0) return null;
    const behind = new Map((await this.#store.behind([...this.#refused.values()])).map(({ lane, held }) => [lane, held]));
    for (const lane of this.#refused.keys()) if (!behind.has(lane)) this.#refused.delete(lane);
    const free = [...this.#refused.values()].filter(({ lane }) => behind.get(lane) === false);
    return free[0] === undefined ? null : standstillText(free);
  }

  async #renew(): Promise<void> {
    try {
      if (this.#refused.size === 0) await this.#store.join();
      await this.#store.renew(this.#held());
    } catch {
      // a database that is away stops the loop, which says so
    } finally {
      this.#renewing = null;
    }
  }
}

function standstillText(refused: readonly RefusedMessage[]): string {
  const [{ seq, subject }] = refused as [RefusedMessage];
  const lanes = refused.map(({ lane }) => lane).join(", ");
  return `lane ${lanes} stands before message ${seq}, ${subject}: its version is unknown here, a newer process has to take it over`;
}
