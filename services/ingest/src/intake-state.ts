import type { Refill } from "@tickfleet/venues/source";
import type { ConnectionLife } from "./connection-clock.ts";
import type { RefillRequest } from "./gap-tracker.ts";
import type { IntakeInstrumentState } from "./intake-instrument.ts";

/** A message of MARKET as the intake makes it. */
export interface OutboundMessage {
  subject: string;
  data: Uint8Array;
}

/** Something that did not become a message, for `quality_events`. */
export interface QualityRow {
  timeUs: number;
  venue: string;
  instrument: string | null;
  reason: string;
  raw: string;
}

export interface IntakeSink {
  message(message: OutboundMessage): void;
  quality(row: QualityRow): void;
  refill(request: RefillRequest): void;
}

export interface IntakeOptions {
  venue: string;
  connection: string;
  sink: IntakeSink;
  /** Live connections have a clock of their own, and their messages are stamped; null for scripts. */
  nowUs: (() => number) | null;
  /** Venue time as well as it is known, epoch microseconds: the clock may stand while the connection is silent. */
  venueNowUs?: () => number;
}

/** What went through, for a job's summary. */
export interface IntakeCounts {
  trades: number;
  quarantined: number;
  ignored: number;
  /** Trades outside the calendar's hours: on record, in no candle. */
  outsideSession: number;
  firstTimeUs: number | null;
  lastTimeUs: number | null;
}

/** An intake as plain JSON. */
export interface IntakeState {
  clockUs: number;
  toldSecond: number;
  life: ConnectionLife;
  version: number;
  listed: string[];
  consecutiveIds: boolean;
  refill: Refill;
  instruments: IntakeInstrumentState[];
  counts: IntakeCounts;
}

export function emptyCounts(): IntakeCounts {
  return { trades: 0, quarantined: 0, ignored: 0, outsideSession: 0, firstTimeUs: null, lastTimeUs: null };
}

/** Counts a trade that became a message. */
export function countTrade(counts: IntakeCounts, eventTimeUs: number): void {
  counts.trades += 1;
  if (counts.firstTimeUs === null || eventTimeUs < counts.firstTimeUs) counts.firstTimeUs = eventTimeUs;
  if (counts.lastTimeUs === null || eventTimeUs > counts.lastTimeUs) counts.lastTimeUs = eventTimeUs;
}
