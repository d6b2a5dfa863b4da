import type { LaneState } from "./lane-state.ts";
import type { CandleStore } from "./store.ts";

const PRUNE_EVERY_MS = 60_000;
/** Rounds that a cut waits: longer than the kept checkpoints reach back. */
const CUTS_KEPT = 8;
/** Late trades revise for a day; an hour more is kept. */
const KEEP_BATCHES_MS = 25 * 3_600_000;

interface Cut {
  lane: number;
  venue: string;
  instrument: string;
  /** Messages that end before this minute (epoch milliseconds) may go. */
  minute: number;
}

/** Drops, once a minute, what neither a late trade nor a step back to a kept checkpoint can ask for. */
export class BatchPruning {
  readonly #store: CandleStore;
  #last = Date.now();
  /** What may be dropped, as found by the last rounds: a kept checkpoint may stand where the cut was some minutes ago. */
  #cuts: Cut[][] = [];

  constructor(store: CandleStore) {
    this.#store = store;
  }

  /** Forgets the cuts of a lane that is no longer where it was when they were found: it was let go, stepped back or is rebuilt. */
  forget(lane: number): void {
    this.#cuts = this.#cuts.map((round) => round.filter((cut) => cut.lane !== lane));
  }

  async run(lanes: Iterable<LaneState>): Promise<void> {
    if (Date.now() - this.#last < PRUNE_EVERY_MS) return;
    this.#last = Date.now();
    const cuts: Cut[] = [];
    for (const { lane, instruments } of lanes) {
      for (const { series } of instruments.values()) {
        const { venue, instrument } = series.key;
        cuts.push({ lane, venue, instrument, minute: series.closedUntil - KEEP_BATCHES_MS });
      }
    }
    this.#cuts.push(cuts);
    if (this.#cuts.length > CUTS_KEPT) await this.#store.prune(this.#cuts.shift() ?? []);
  }
}
