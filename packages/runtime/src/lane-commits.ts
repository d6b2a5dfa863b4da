import { LanesLostError } from "./failures.ts";
import type { LaneHandler } from "./lane-handler.ts";
import { type Lane, updateOf } from "./lane-resume.ts";

export interface CommitOptions {
  handler: LaneHandler;
  /** Time between two checkpoints that are kept to step back to, milliseconds. */
  keepEveryMs: number;
  /** Told how long a commit took, seconds. */
  onCommitted: (seconds: number) => void;
}

/** Commits of lanes, one after the other, beside the reading: what is folded while one runs belongs to the next. */
export class LaneCommits {
  readonly #options: CommitOptions;
  #running: Promise<void> | null = null;
  #failure: { reason: unknown } | null = null;
  /** When rows were last committed, epoch milliseconds. */
  last = 0;

  constructor(options: CommitOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /**
   * Begins to commit the lanes that moved. None may run meanwhile, and everything that was folded must be published: the
   * checkpoint says so.
   */
  begin(lanes: readonly Lane[]): void {
    if (this.#running !== null) throw new Error("a commit runs already");
    this.#running = this.#commit(lanes.filter((lane) => lane.dirty))
      .catch((reason: unknown) => {
        this.#failure = { reason };
      })
      .finally(() => {
        this.#running = null;
      });
  }

  /** Throws what the last commit failed with. */
  check(): void {
    if (this.#failure === null) return;
    const { reason } = this.#failure;
    this.#failure = null;
    throw reason;
  }

  /** Waits for the commit that runs. @throws what it failed with */
  async settle(): Promise<void> {
    await this.#running;
    this.check();
  }

  async #commit(moved: readonly Lane[]): Promise<void> {
    const time = Date.now();
    const keepBefore = time - this.#options.keepEveryMs;
    const updates = moved.map((lane) => updateOf(lane, lane.keptAt <= keepBefore));
    for (const lane of moved) lane.dirty = false;
    if (moved.length > 0 && !(await this.#options.handler.commit(updates))) {
      throw new LanesLostError("the commit was refused: a lane is another process's now, or the tables are not those of the last commit");
    }
    for (const [i, lane] of moved.entries()) {
      const { seq, keep } = updates[i] as (typeof updates)[number];
      lane.committedSeq = seq;
      if (keep) lane.keptAt = time;
    }
    this.last = Date.now();
    if (moved.length > 0) this.#options.onCommitted((this.last - time) / 1_000);
  }
}
