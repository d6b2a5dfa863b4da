import type { CalendarName } from "./instrument.ts";
import type { Timeframe } from "./timeframe.ts";

export type CandleState = "forming" | "closed" | "revised";

/** How much of the interval was seen; travels with everything derived. */
export type Completeness = "full" | "backfilled" | "partial" | "no-trades" | "venue-down";

export type SessionName = "regular" | "extended" | "all";

/** Bits of `flags`. */
export const FLAG_AFTER_GAP = 1;
export const FLAG_QUOTE_ARRIVAL = 32;

/**
 * A candle as it is served, stored and published: the wire names and units of the metrics book.
 * Exact sums are the doubles nearest to their values, derived values have 12 significant digits,
 * what is undefined is null.
 */
export interface Candle {
  venue: string;
  instrument: string;
  timeframe: Timeframe;
  /** `UTC` or an IANA zone. */
  anchor: string;
  session: SessionName;
  /** Trading hours that its interval follows. */
  calendar: CalendarName;
  /** Epoch milliseconds; the interval is [openTime, closeTime). */
  openTime: number;
  closeTime: number;
  state: CandleState;
  completeness: Completeness;
  origin: "trades" | "venue";
  /** Scheduled minutes that are partial, venue-down or absent. */
  badMinutes: number;
  flags: number;
  revision: number;
  firstTradeId: string | null;
  lastTradeId: string | null;
  algo: string;
  open: number | null;
  high: number | null;
  low: number | null;
  close: number | null;
  volumeBase: number;
  volumeBuy: number;
  volumeSell: number;
  volumeUnknown: number;
  volumeQuote: number;
  sumPriceSize: number;
  trades: number;
  tradesBuy: number;
  tradesSell: number;
  maxTradeSize: number | null;
  avgTradeSize: number | null;
  sumBidDepth: number;
  sumAskDepth: number;
  /** Sum of every trade's spread, integer units of 1e-6 basis points. */
  sumSpreadBps: number;
  quoteTrades: number;
  crossedQuotes: number;
  spreadBps: number | null;
  vdOpen: number | null;
  vdHigh: number | null;
  vdLow: number | null;
  vd: number;
  vdRatio: number | null;
  cvdOpen: number | null;
  cvdHigh: number | null;
  cvdLow: number | null;
  cvd: number;
  cvdBase: number;
  vwap: number | null;
  priceChangeBps: number | null;
  priceRangeBps: number | null;
  buyPressure: number | null;
  sellPressure: number | null;
  /** The last price before a candle without trades, else null. */
  lastClose: number | null;
}
