/** How the side was found: the venue's flag, the quote rule, the tick rule, or not at all. */
export type SideMethod = "flag" | "quote" | "tick" | "none";

/** Which clock chose the quote that a trade carries: the venue's, or the order of arrival. */
export type QuoteMethod = "venue" | "arrival";

/**
 * Trades of one instrument and one epoch, column by column. The arrays are scratch space that a
 * reader reuses: only the first `count` entries hold, and only until the next batch is read.
 */
export interface TradeColumns {
  venue: string;
  instrument: string;
  epoch: string;
  count: number;
  priceScale: number;
  sizeScale: number;
  eventTimeUs: Float64Array;
  eventTimeNsRest: Uint16Array;
  receivedTimeUs: Float64Array;
  sourceSeq: Float64Array;
  price: Float64Array;
  size: Float64Array;
  /** 1 buy, -1 sell, 0 unknown. */
  side: Int8Array;
  /** How the side was found: 0 the venue's flag, 1 the quote rule, 2 the tick rule, 3 not at all. */
  sideMethod: Uint8Array;
  bid: Float64Array;
  ask: Float64Array;
  bidSize: Float64Array;
  askSize: Float64Array;
  /** -1 where the trade carries no quote. */
  quoteAgeUs: Float64Array;
  quoteMethod: QuoteMethod | null;
  /** null where every id is `String(sourceSeq)`; entries are null where the venue gives none. */
  tradeId: readonly (string | null)[] | null;
  /** The gap that these trades fill, null for live trades. */
  fill: string | null;
}

/** Scratch columns for batches of up to `capacity` trades. */
export function createTradeColumns(capacity: number): TradeColumns {
  return {
    venue: "",
    instrument: "",
    epoch: "",
    count: 0,
    priceScale: 0,
    sizeScale: 0,
    eventTimeUs: new Float64Array(capacity),
    eventTimeNsRest: new Uint16Array(capacity),
    receivedTimeUs: new Float64Array(capacity),
    sourceSeq: new Float64Array(capacity),
    price: new Float64Array(capacity),
    size: new Float64Array(capacity),
    side: new Int8Array(capacity),
    sideMethod: new Uint8Array(capacity),
    bid: new Float64Array(capacity),
    ask: new Float64Array(capacity),
    bidSize: new Float64Array(capacity),
    askSize: new Float64Array(capacity),
    quoteAgeUs: new Float64Array(capacity),
    quoteMethod: null,
    tradeId: null,
    fill: null,
  };
}
