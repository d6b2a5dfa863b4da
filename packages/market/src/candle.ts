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
 * what is undefined is null. A metric with Open, High and Low runs over the
 * candle: its own name is the value at the close.
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
  /** Trades at or above the fixed threshold of the instrument; null where it has none, as the three after it. */
  bigTrades: number | null;
  bigVolume: number | null;
  bigVolumeBuy: number | null;
  bigVolumeSell: number | null;
  avgTradeSizeOpen: number | null;
  avgTradeSizeHigh: number | null;
  avgTradeSizeLow: number | null;
  avgTradeSize: number | null;
  sumBidDepth: number;
  sumAskDepth: number;
  /** Sum of every trade's spread, integer units of 1e-6 basis points. */
  sumSpreadBps: number;
  quoteTrades: number;
  crossedQuotes: number;
  spreadBpsOpen: number | null;
  spreadBpsHigh: number | null;
  spreadBpsLow: number | null;
  spreadBps: number | null;
  vdOpen: number | null;
  vdHigh: number | null;
  vdLow: number | null;
  vd: number;
  vdRatioOpen: number | null;
  vdRatioHigh: number | null;
  vdRatioLow: number | null;
  vdRatio: number | null;
  bookImbalanceOpen: number | null;
  bookImbalanceHigh: number | null;
  bookImbalanceLow: number | null;
  bookImbalance: number | null;
  liquidityRatioOpen: number | null;
  liquidityRatioHigh: number | null;
  liquidityRatioLow: number | null;
  liquidityRatio: number | null;
  cvdOpen: number | null;
  cvdHigh: number | null;
  cvdLow: number | null;
  cvd: number;
  cvdBase: number;
  vwapOpen: number | null;
  vwapHigh: number | null;
  vwapLow: number | null;
  vwap: number | null;
  /** Volume-weighted mean price since the session's open; runs on without trades. */
  vwapSession: number | null;
  priceChangeBpsOpen: number | null;
  priceChangeBpsHigh: number | null;
  priceChangeBpsLow: number | null;
  priceChangeBps: number | null;
  priceRangeBps: number | null;
  vwapDistanceBpsOpen: number | null;
  vwapDistanceBpsHigh: number | null;
  vwapDistanceBpsLow: number | null;
  vwapDistanceBps: number | null;
  evrOpen: number | null;
  evrHigh: number | null;
  evrLow: number | null;
  evr: number | null;
  /** 1, -1 or 0. Null while the candle is open, as smpFinal and what stands after it here. */
  divergence: number | null;
  vdStrengthOpen: number | null;
  vdStrengthHigh: number | null;
  vdStrengthLow: number | null;
  vdStrength: number | null;
  /** Smart money pressure, -100..100: while the candle runs without divergence, in smpFinal with it. */
  smpOpen: number | null;
  smpHigh: number | null;
  smpLow: number | null;
  smp: number | null;
  smpFinal: number | null;
  deltaExhaustion: number | null;
  imbalanceStreak: number | null;
  volumeSpike: number | null;
  cvdSlope: number | null;
  momentumScore: number | null;
  absorptionIntensity: number | null;
  buyPressure: number | null;
  sellPressure: number | null;
  /** The last price before a candle without trades, else null. */
  lastClose: number | null;
}
