import type { gap } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { calendarOf, scheduledMs } from "@tickfleet/market/calendar";
import type { CalendarName } from "@tickfleet/market/instrument";
import type { RawTrade, Refill } from "@tickfleet/venues/source";

export type GapMessage = Payload<typeof gap>;

/** Trades that may be had again over REST. */
export interface RefillRequest {
  gapId: string;
  instrument: string;
  /** First id that may be missing, null where no id is known. */
  firstId: number | null;
  /** Last id that is missing, null where it is not known yet. */
  lastId: number | null;
  fromUs: number;
  toUs: number;
}

/** Ids that did not come in their turn. */
export interface Hole {
  gapId: string;
  /** Whether a gap message has told of it. */
  told: boolean;
  fromUs: number;
  toUs: number;
  /** First, last, first, last ... of the ids that are still missing; null where the end is not known yet. */
  ranges: number[] | null;
  firstId: number | null;
  /** Connection time at which it was noticed. */
  sinceUs: number;
  /** Trades of it that came. */
  filled: number;
  reason: string;
}

export interface GapTrackerState {
  lastId: number | null;
  lastTimeUs: number;
  holes: Hole[];
}

export interface GapSink {
  gap(message: GapMessage): void;
  refill(request: RefillRequest): void;
}

/** Ids out of their turn are waited for this long, on the connection's clock. */
const PATIENCE_US = 1_000_000;
/** A gap that nobody has answered after this long stays as it is. */
const LONGEST_WAIT_US = 600_000_000;
/** A source without ids may pause this long in trading hours without a gap. */
const UNNOTICED_MS = 60_000;

/** Finds gaps in the consecutive ids of one instrument, and follows them until they are closed. */
export class GapTracker {
  readonly #venue: string;
  readonly #instrument: string;
  readonly #prefix: string;
  readonly #sink: GapSink;
  #lastId: number | null = null;
  #lastTimeUs = 0;
  #holes: Hole[] = [];

  constructor(venue: string, connection: string, instrument: string, sink: GapSink) {
    this.#venue = venue;
    this.#instrument = instrument;
    this.#prefix = `${venue}:${connection}:${instrument}`;
    this.#sink = sink;
  }

  /** Whether trades may be missing: the instrument's candles wait. */
  get held(): boolean {
    return this.#holes.length > 0;
  }

  /** A trade came by itself. */
  seen(id: number, eventTimeUs: number, nowUs: number): void {
    const last = this.#lastId;
    if (last !== null && id <= last) {
      if (this.held) this.#arrived(id);
      return;
    }
    const open = this.#holes.find((hole) => hole.ranges === null && hole.firstId !== null);
    if (open !== undefined) this.#bound(open, id);
    else if (last !== null && id > last + 1) this.#note(last + 1, id - 1, eventTimeUs, nowUs);
    this.#lastId = id;
    if (eventTimeUs > this.#lastTimeUs) this.#lastTimeUs = eventTimeUs;
  }

  /** Tells of holes that were waited for long enough. */
  expire(nowUs: number, refill: Refill): void {
    for (const hole of [...this.#holes]) {
      if (!hole.told && nowUs - hole.sinceUs >= PATIENCE_US) this.#open(hole, refill);
      else if (hole.told && nowUs - hole.sinceUs >= LONGEST_WAIT_US) this.#close(hole, false);
    }
  }

  /** Anything may be missing since the connection was lost. */
  reconnected(fromUs: number, toUs: number, refill: Refill): void {
    for (const hole of this.#holes) if (hole.told && refill === "rest") this.#ask(hole);
    if (this.#holes.some((hole) => hole.ranges === null)) return;
    const hole: Hole = {
      gapId: `${this.#prefix}:t${toUs}`,
      told: false,
      fromUs,
      toUs: Math.max(fromUs, toUs),
      ranges: null,
      firstId: this.#lastId === null ? null : this.#lastId + 1,
      sinceUs: toUs,
      filled: 0,
      reason: "reconnect",
    };
    this.#holes.push(hole);
    this.#open(hole, refill);
  }

  /** A stretch of time in which the source delivered nothing, and nobody can tell what is missing. */
  uncovered(fromUs: number, toUs: number, reason: string): void {
    const gapId = `${this.#prefix}:t${toUs}`;
    const hole: Hole = { gapId, told: false, fromUs, toUs, ranges: null, firstId: null, sinceUs: toUs, filled: 0, reason };
    this.#holes.push(hole);
    this.#open(hole, "none");
  }

  /**
   * Takes the trades of an answer that are missing.
   * @param gapId the gap that was asked for, null where the source does not say
   * @param publish called with each missing trade and the id of its gap, before the gap is closed
   * @returns how many trades of the answer were not missing
   */
  fill(
    gapId: string | null,
    trades: readonly RawTrade[],
    complete: boolean,
    refill: Refill,
    publish: (trade: RawTrade, gapId: string) => void,
  ): number {
    const touched = new Set<Hole>();
    let surplus = 0;
    for (const trade of trades) {
      const hole = this.#holes.find((candidate) => (gapId === null || candidate.gapId === gapId) && isMissing(candidate, trade));
      if (hole === undefined) {
        surplus += 1;
        continue;
      }
      if (!hole.told) this.#open(hole, refill === "none" ? "scripted" : refill);
      touched.add(hole);
      publish(trade, hole.gapId);
      remove(hole, trade.sourceSeq);
      hole.filled += 1;
      if (this.#lastId === null || trade.sourceSeq > this.#lastId) this.#lastId = trade.sourceSeq;
    }
    const named = gapId === null ? this.#greatest() : this.#holes.find((hole) => hole.gapId === gapId);
    if (touched.size === 0 && named !== undefined) touched.add(named);
    for (const hole of touched) {
      if (!hole.told) this.#open(hole, "scripted");
      this.#close(hole, complete);
    }
    return surplus;
  }

  snapshot(): GapTrackerState {
    return { lastId: this.#lastId, lastTimeUs: this.#lastTimeUs, holes: structuredClone(this.#holes) };
  }

  restore(state: GapTrackerState): void {
    this.#lastId = state.lastId;
    this.#lastTimeUs = state.lastTimeUs;
    this.#holes = structuredClone(state.holes);
  }

  /** The hole that an answer without trades speaks of: of those told, the one with the most missing. */
  #greatest(): Hole | undefined {
    const missing = (hole: Hole): number => (hole.told ? 1e12 : 0) + (hole.ranges === null ? 1e9 : missingIn(hole.ranges));
    return this.#holes.toSorted((a, b) => missing(b) - missing(a))[0];
  }

  #note(firstId: number, lastId: number, eventTimeUs: number, nowUs: number): void {
    this.#holes.push({
      gapId: `${this.#prefix}:${firstId}`,
      told: false,
      fromUs: this.#lastTimeUs,
      toUs: Math.max(this.#lastTimeUs, eventTimeUs),
      ranges: [firstId, lastId],
      firstId,
      sinceUs: nowUs,
      filled: 0,
      reason: "ids missing",
    });
  }

  /** The first trade after a reconnect tells how many are missing. */
  #bound(hole: Hole, id: number): void {
    const firstId = hole.firstId as number;
    hole.ranges = id > firstId ? [firstId, id - 1] : [];
    if (hole.ranges.length === 0) this.#close(hole, true);
  }

  /** An id out of its turn came after all. */
  #arrived(id: number): void {
    const hole = this.#holes.find((candidate) => candidate.ranges !== null && remove(candidate, id));
    if (hole === undefined) return;
    hole.filled += 1;
    if (hole.ranges?.length !== 0) return;
    if (hole.told) this.#close(hole, true);
    else this.#holes.splice(this.#holes.indexOf(hole), 1);
  }

  #open(hole: Hole, refill: Refill): void {
    hole.told = true;
    this.#tell(hole, "open");
    if (refill === "rest") this.#ask(hole);
    if (refill === "none") this.#close(hole, false);
  }

  #ask(hole: Hole): void {
    const { gapId, ranges, firstId, fromUs, toUs } = hole;
    this.#sink.refill({
      gapId,
      instrument: this.#instrument,
      firstId: ranges?.[0] ?? firstId,
      lastId: ranges?.at(-1) ?? null,
      fromUs,
      toUs,
    });
  }

  #close(hole: Hole, complete: boolean): void {
    this.#holes.splice(this.#holes.indexOf(hole), 1);
    const whole = hole.ranges === null ? complete : hole.ranges.length === 0;
    this.#tell(hole, whole ? (hole.filled > 0 ? "filled" : "none") : "unfilled");
  }

  #tell(hole: Hole, state: GapMessage["state"]): void {
    const { gapId: id, fromUs: from, toUs: to, ranges, filled, reason } = hole;
    const missing = ranges === null ? null : missingIn(ranges) + filled;
    this.#sink.gap({ id, venue: this.#venue, instrument: this.#instrument, from, to, state, missing, filled, reason });
  }
}

/** Why a stretch without data is a gap for a source without ids; null where it is too short to matter in trading hours. */
export function uncoveredReason(calendar: CalendarName, fromUs: number, toUs: number): string | null {
  const missedMs = scheduledMs(calendarOf(calendar), "all", fromUs / 1000, toUs / 1000);
  if (missedMs <= UNNOTICED_MS) return null;
  return `no data for ${Math.round(missedMs / 1000)} s of trading hours, and no ids to tell what is missing`;
}

function isMissing(hole: Hole, trade: RawTrade): boolean {
  if (hole.ranges !== null) return indexOfRange(hole.ranges, trade.sourceSeq) >= 0;
  if (hole.firstId !== null) return trade.sourceSeq >= hole.firstId;
  return trade.eventTimeUs > hole.fromUs && trade.eventTimeUs <= hole.toUs;
}

/** Takes an id out of a hole; false where it was not missing. */
function remove(hole: Hole, id: number): boolean {
  const { ranges } = hole;
  if (ranges === null) {
    if (hole.firstId !== null && id >= hole.firstId) hole.firstId = id + 1;
    return true;
  }
  const at = indexOfRange(ranges, id);
  if (at < 0) return false;
  const first = ranges[at] as number;
  const last = ranges[at + 1] as number;
  const rest = [...(first < id ? [first, id - 1] : []), ...(id < last ? [id + 1, last] : [])];
  ranges.splice(at, 2, ...rest);
  return true;
}

function indexOfRange(ranges: readonly number[], id: number): number {
  for (let i = 0; i < ranges.length; i += 2) if (id >= (ranges[i] as number) && id <= (ranges[i + 1] as number)) return i;
  return -1;
}

function missingIn(ranges: readonly number[]): number {
  let missing = 0;
  for (let i = 0; i < ranges.length; i += 2) missing += (ranges[i + 1] as number) - (ranges[i] as number) + 1;
  return missing;
}
