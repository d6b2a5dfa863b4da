import { formingCandle } from "@tickfleet/contracts/candle-messages";
import { type CandleRow, createCandle } from "@tickfleet/market/candle-row";
import type { Bus } from "@tickfleet/runtime/bus";
import type { LaneSeries, LaneState } from "./lane-state.ts";

/** Share of time that a round of updates may take: the pause is this many times the last round. */
const PAUSE_PER_ROUND = 4;
const IDLE_MS = 1_000;

/** Shortest times between two updates of a candle, milliseconds. */
export interface FormingPace {
  /** Of the candle of a minute. */
  minuteMs: number;
  /** Of the candles of the longer timeframes, of which a trade changes all. */
  longerMs: number;
}

/** Sends the open candles of every instrument that changed: those of a minute often, those of the longer timeframes less so. */
export class FormingUpdates {
  readonly #bus: Bus;
  readonly #minutes: Rounds;
  readonly #longer: Rounds;
  #update = 0;

  constructor(bus: Bus, { minuteMs, longerMs }: FormingPace) {
    this.#bus = bus;
    this.#minutes = new Rounds(minuteMs);
    this.#longer = new Rounds(longerMs);
  }

  /** Sends what is due; returns in how many milliseconds there may be more to send. */
  send(lanes: Iterable<LaneState>): number {
    const held = [...lanes];
    const minutesIn = this.#minutes.run(
      held,
      ({ changed }) => changed,
      (entry) => this.#sendMinutes(entry),
    );
    const longerIn = this.#longer.run(
      held,
      ({ longerChanged }) => longerChanged,
      (entry) => this.#sendLonger(entry),
    );
    return Math.min(minutesIn, longerIn);
  }

  #sendMinutes(entry: LaneSeries): void {
    entry.changed = false;
    entry.longerChanged = true;
    this.#send(entry, entry.series.formingMinutes());
  }

  #sendLonger(entry: LaneSeries): void {
    entry.longerChanged = false;
    const rows = entry.series.forming();
    this.#send(
      entry,
      rows.filter(({ timeframe }) => timeframe !== "1m"),
    );
  }

  #send(entry: LaneSeries, rows: readonly CandleRow[]): void {
    const { series, basedOnSeq } = entry;
    const { venue, instrument } = series.key;
    const stamps = { ...entry.stamps, aggregated: Math.round((performance.timeOrigin + performance.now()) * 1000) };
    for (const row of rows) {
      this.#update += 1;
      this.#bus.publishCore(
        formingCandle,
        { venue, instrument, timeframe: row.timeframe },
        {
          ...createCandle(series, row),
          stamps,
          update: this.#update,
          basedOnSeq,
        },
      );
    }
  }
}

/** Rounds of updates, each as long after the one before as its own cost asks for. */
class Rounds {
  readonly #everyMs: number;
  #last = 0;
  #roundMs = 0;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Sends all that waits where a round is due; returns in how many milliseconds the next one is. */
  run(lanes: readonly LaneState[], isWaiting: (entry: LaneSeries) => boolean, send: (entry: LaneSeries) => void): number {
    const now = performance.now();
    const due = this.#last + Math.max(this.#everyMs, this.#roundMs * PAUSE_PER_ROUND);
    let sent = false;
    for (const { instruments } of lanes) {
      for (const entry of instruments.values()) {
        if (!isWaiting(entry)) continue;
        if (now < due) return Math.max(1, due - now);
        send(entry);
        sent = true;
      }
    }
    if (sent) {
      this.#last = now;
      this.#roundMs = performance.now() - now;
    }
    return IDLE_MS;
  }
}
