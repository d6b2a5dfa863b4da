import type { gap } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { calendarOf, scheduledMs, sessionAt } from "@tickfleet/market/calendar";
import type { CalendarName } from "@tickfleet/market/instrument";
import type { RawTrade, Refill } from "@tickfleet/venues/source";
import { countIds, type IdRanges, indexOfRange, removeId } from "./id-ranges.ts";

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
  /** Whether an answer would still be taken. */
  isAwaited(): boolean;
}

/** Ids that did not come in their turn. */
export interface Hole {
  gapId: string;
  /** Whether a gap message has told of it. */
  told: boolean;
  fromUs: number;
  toUs: number;
  /** The ids that are still missing; null where the end is not known yet. */
  ranges: IdRanges | null;
  firstId: number | null;
  /** Connection time at which it was noticed. */
  sinceUs: number;
  /** Trades of it that came. */
  filled: number;
  reason: string;
  /** Nobody can give these trades; it is kept only until the next id tells how many are missing, if any. */
  isGivenUp: boolean;
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
/** Candles wait so long for a fill; a gap may stay open longer, and its fill revises them. */
const HELD_US = 10_000_000;
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

  /** Whether trades may still come that are missing: the instrument's candles wait. */
  heldAt(nowUs: number): boolean {
    return this.#holes.some((hole) => !hole.isGivenUp && nowUs - hole.sinceUs <= HELD_US);
  }

  /** A trade came by itself. */
  seen(id: number, eventTimeUs: number, nowUs: number): void {
    const last = this.#lastId;
    if (last !== null && id <= last) {
      if (this.#holes.length > 0) this.#arrived(id);
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
      else if (hole.told && !hole.isGivenUp && nowUs - hole.sinceUs >= LONGEST_WAIT_US) this.#close(hole, false);
    }
  }

  /** Tells of every hole at once: the clock is about to leap so far that its minutes would close before its turn. */
  hurry(nowUs: number, refill: Refill): void {
    this.expire(nowUs + PATIENCE_US, refill);
  }

  /** Anything may be missing since the connection was lost. */
  reconnected(fromUs: number, toUs: number, refill: Refill): void {
    for (const hole of this.#holes) if (hole.told && hole.ranges !== null && refill === "rest") this.#ask(hole);
    const unbounded = this.#holes.find((hole) => hole.ranges === null && hole.reason === "reconnect");
    if (unbounded !== undefined) {
      Object.assign(unbounded, { toUs: Math.max(unbounded.toUs, toUs), sinceUs: toUs, isGivenUp: false });
      this.#open(unbounded, refill);
      return;
    }
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
      isGivenUp: false,
    };
    this.#holes.push(hole);
    this.#open(hole, refill);
  }

  /** A stretch of time in which the source delivered nothing, and nobody can tell what is missing. */
  uncovered(fromUs: number, toUs: number, reason: string): void {
    const gapId = `${this.#prefix}:t${toUs}`;
    const asked = { told: false, fromUs, toUs, ranges: null, firstId: null, sinceUs: toUs, filled: 0, isGivenUp: false };
    const hole: Hole = { gapId, ...asked, reason };
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
      // An answer up to the newest trade may end before the first one that came by itself.
      if (complete && refill === "rest" && hole.ranges !== null && hole.ranges.length > 0) this.#ask(hole);
      else this.#close(hole, complete);
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
    const missing = (hole: Hole): number => (hole.told ? 1e12 : 0) + (hole.ranges === null ? 1e9 : countIds(hole.ranges));
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
      isGivenUp: false,
    });
  }

  /** The first trade after a reconnect tells how many are missing. */
  #bound(hole: Hole, id: number): void {
    const firstId = hole.firstId as number;
    hole.ranges = id > firstId ? [firstId, id - 1] : [];
    if (hole.ranges.length === 0) this.#close(hole, true);
    else if (hole.isGivenUp) this.#close(hole, false);
    else this.#tell(hole, "open");
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
      isAwaited: () => this.#holes.includes(hole) && !hole.isGivenUp,
    });
  }

  #close(hole: Hole, complete: boolean): void {
    // Whether anything is missing at all, the next id tells.
    hole.isGivenUp = !complete && hole.ranges === null && hole.firstId !== null && hole.filled === 0;
    if (!hole.isGivenUp) this.#holes.splice(this.#holes.indexOf(hole), 1);
    const whole = hole.ranges === null ? complete : hole.ranges.length === 0;
    this.#tell(hole, whole ? (hole.filled > 0 ? "filled" : "none") : "unfilled");
  }

  #tell(hole: Hole, state: GapMessage["state"]): void {
    const { gapId: id, fromUs: from, toUs: to, ranges, filled, reason } = hole;
    const missing = ranges === null ? null : countIds(ranges) + filled;
    this.#sink.gap({ id, venue: this.#venue, instrument: this.#instrument, from, to, state, missing, filled, reason });
  }
}

/** Why a stretch without data is a gap for a source without ids; null where it is too short to matter in trading hours. */
export function uncoveredReason(calendar: CalendarName, fromUs: number, toUs: number): string | null {
  const missedMs = scheduledMs(calendarOf(calendar), "all", fromUs / 1000, toUs / 1000);
  if (missedMs <= UNNOTICED_MS) return null;
  return `no data for ${Math.round(missedMs / 1000)} s of trading hours, and no ids to tell what is missing`;
}

/** Whether an instrument's market is closed at that time. @throws CalendarRangeError on a day that its calendar does not know */
export function isOutsideSession(name: CalendarName, timeUs: number): boolean {
  const calendar = calendarOf(name);
  return !calendar.continuous && sessionAt(calendar, "all", timeUs / 1000) === null;
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
  return removeId(ranges, id);
}
