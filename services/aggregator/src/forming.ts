import { formingCandle } from "@tickfleet/contracts/candle-messages";
import { createCandle } from "@tickfleet/market/candle-row";
import type { Bus } from "@tickfleet/runtime/bus";
import type { LaneState } from "./lane-state.ts";

/** Share of time that forming updates may take: the pause is this many times the last round. */
const PAUSE_PER_ROUND = 4;
const IDLE_MS = 1_000;

/** Sends the open candles of every instrument that changed, at most every so often. */
export class FormingUpdates {
  readonly #bus: Bus;
  readonly #everyMs: number;
  #update = 0;
  #last = 0;
  #roundMs = 0;

  constructor(bus: Bus, everyMs: number) {
    this.#bus = bus;
    this.#everyMs = everyMs;
  }

  /** Sends what is due; returns in how many milliseconds there may be more to send. */
  send(lanes: Iterable<LaneState>): number {
    const now = performance.now();
    const due = this.#last + Math.max(this.#everyMs, this.#roundMs * PAUSE_PER_ROUND);
    let waiting = false;
    for (const lane of lanes) {
      for (const entry of lane.instruments.values()) {
        if (!entry.changed) continue;
        if (now < due) {
          waiting = true;
          break;
        }
        entry.changed = false;
        this.#sendSeries(entry);
      }
      if (waiting) break;
    }
    if (waiting) return Math.max(1, due - now);
    if (now >= due) {
      this.#last = now;
      this.#roundMs = performance.now() - now;
    }
    return IDLE_MS;
  }

  #sendSeries(entry: LaneState["instruments"] extends Map<string, infer Entry> ? Entry : never): void {
    const { series } = entry;
    const stamps = { ...entry.stamps, aggregated: Math.round((performance.timeOrigin + performance.now()) * 1000) };
    for (const row of series.forming()) {
      this.#update += 1;
      const { venue, instrument } = series.key;
      this.#bus.publishCore(
        formingCandle,
        { venue, instrument, timeframe: row.timeframe },
        {
          ...createCandle(series.key, row, series.instrument.kind, series.instrument.contractSize),
          stamps,
          update: this.#update,
          basedOnSeq: entry.basedOnSeq,
        },
      );
    }
  }
}
