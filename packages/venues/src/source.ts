import type { Instrument } from "@tickfleet/market/instrument";

/** An exact decimal: `value` is a safe integer in units of 10^-`scale`. */
export interface Scaled {
  value: number;
  scale: number;
}

/** One trade as its venue reported it, before a side and a quote are given to it. */
export interface RawTrade {
  /** Canonical name, such as `BTC-USDT`. */
  instrument: string;
  /** Id space of `sourceSeq`: "" for the venue's own numeric ids, else the file or the connection. */
  epoch: string;
  sourceSeq: number;
  /** The venue's own id as text, null where it has none. */
  tradeId: string | null;
  /** Venue time, epoch microseconds. */
  eventTimeUs: number;
  /** Nanoseconds beyond the microsecond, 0..999. */
  eventTimeNsRest: number;
  /** Our time of receipt, epoch microseconds. */
  receivedTimeUs: number;
  price: Scaled;
  size: Scaled;
  /** The taker's side as the venue flags it, null where it does not. */
  flag: "buy" | "sell" | null;
  /** True where the row stands for several trades. */
  aggregate?: boolean;
}

/** Best bid and offer as a venue reported them. */
export interface RawQuote {
  instrument: string;
  bid: Scaled;
  ask: Scaled;
  bidSize: Scaled;
  askSize: Scaled;
  /** Epoch microseconds, null where the venue gives no time. */
  venueTimeUs: number | null;
  receivedTimeUs: number;
}

/** An id that no trade has: it is no hole among those that do. */
export interface TakenId {
  instrument: string;
  sourceSeq: number;
  /** Venue time, epoch microseconds; null where there is none. */
  timeUs: number | null;
}

/** How trades that did not come can be had later: asked over REST, told by the source itself, or not at all. */
export type Refill = "rest" | "scripted" | "none";

/** What a source says, in order. Times are epoch microseconds of the venue unless named otherwise. */
export type SourceEvent =
  /** A connection (or file) starts to deliver, or its list of instruments changes. */
  | {
      kind: "open";
      connection: string;
      venue: string;
      timeUs: number;
      instruments: Instrument[];
      reason: string;
      /** True where a missing `sourceSeq` means a missing trade. */
      consecutiveIds: boolean;
      refill: Refill;
    }
  | { kind: "trade"; trade: RawTrade }
  | { kind: "quote"; quote: RawQuote }
  /** The greatest venue time so far: moves the connection's clock. */
  | { kind: "time"; timeUs: number }
  /** The instrument's quote stream is alive, though its quote did not change. */
  | { kind: "confirm"; instrument: string; receivedTimeUs: number }
  /** Answer to a gap: the trades that were missing; `complete` is false where some stay missing. */
  | { kind: "fill"; instrument: string; trades: RawTrade[]; complete: boolean }
  /** Something that cannot be read: kept as it came, with the reason. */
  | { kind: "invalid"; raw: string; reason: string; instrument: string | null; taken?: TakenId }
  /** Something readable that is no trade and no quote; `what` names its kind, `taken` the id that it took among an instrument's trades. */
  | { kind: "ignored"; what: string; taken?: TakenId }
  | { kind: "down"; timeUs: number; reason: string }
  /** A source that came to its end, such as a file. */
  | { kind: "end"; timeUs: number; reason: string };

/** Events that belong together; a source can be resumed at any block's position. */
export interface SourceBlock {
  /** Grows from block to block; the next block begins at a greater one. */
  position: number;
  events: SourceEvent[];
}

/** A source whose events are a function of its input alone: a file, or a seeded script. */
export interface ScriptedSource {
  id: string;
  venue: string;
  connection: string;
  /**
   * Yields the events in blocks. `from` is 0 or the position of a block yielded by an earlier run:
   * that block and all later ones are then yielded again, equal to the first time.
   */
  events(from: number): AsyncIterable<SourceBlock>;
  /** Canonical names of all instruments in it, sorted, where they are known before its first event; it may read all of it for that. */
  instruments?(): Promise<readonly string[]>;
}

/**
 * A file that cannot be read, or not to its end. A source throws it after it has yielded all that could be read,
 * its `end` event included.
 */
export class SourceFileError extends Error {
  override name = "SourceFileError";
}
