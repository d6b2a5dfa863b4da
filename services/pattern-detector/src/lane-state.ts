import type { JudgementKey } from "@tickfleet/patterns/judgement-inputs";
import { type InstrumentKey, InstrumentState } from "./instrument-state.ts";

/** State of one partition: nothing in it that its rows do not tell. */
export class LaneState {
  readonly lane: number;
  /** Instruments that are loaded. */
  readonly #instruments = new Map<string, InstrumentState>();
  /** Nothing of this lane is in the tables but what this process wrote: what is not loaded is empty. */
  readonly #isWhole: boolean;
  /** Revisions that keys had reached before the lane was rebuilt, by `messageKeyOf`. */
  readonly #former: ReadonlyMap<string, number>;
  /** Instruments whose messages go to the dead letters. */
  readonly parked: Set<string>;

  constructor(lane: number, isWhole: boolean, former: ReadonlyMap<string, number>, parked: Iterable<string>) {
    this.lane = lane;
    this.#isWhole = isWhole;
    this.#former = former;
    this.parked = new Set(parked);
  }

  /** null where its rows have to be loaded first. */
  find(key: InstrumentKey): InstrumentState | null {
    const found = this.#instruments.get(instrumentKeyOf(key));
    if (found !== undefined) return found;
    return this.#isWhole ? this.create(key) : null;
  }

  create({ venue, instrument, anchor, session, calendar }: InstrumentKey): InstrumentState {
    const key = { venue, instrument, anchor, session, calendar };
    const state = new InstrumentState(key);
    this.#instruments.set(instrumentKeyOf(key), state);
    return state;
  }

  /** The revision of a key's first message: what readers may hold of it from before a rebuild is not above it. */
  firstRevision(key: JudgementKey, openTime: number, kind: string): number {
    return this.#former.size === 0 ? 0 : (this.#former.get(messageKeyOf(key, openTime, kind)) ?? 0);
  }
}

export type SeriesKey = Omit<JudgementKey, "calendar">;

export function barKeyOf({ venue, instrument, timeframe, anchor, session }: SeriesKey, openTime: number): string {
  return [venue, instrument, timeframe, anchor, session, openTime].join("\0");
}

export function messageKeyOf(key: SeriesKey, openTime: number, kind: string): string {
  return `${barKeyOf(key, openTime)}\0${kind}`;
}

export function parkedKeyOf(venue: string, instrument: string): string {
  return `${venue}\0${instrument}`;
}

function instrumentKeyOf({ venue, instrument, anchor, session }: InstrumentKey): string {
  return [venue, instrument, anchor, session].join("\0");
}
