/** Metrics whose running value is sampled, in the order of their places from S.SAMPLES on. */
export const SAMPLED = [
  "vdRatio",
  "bookImbalance",
  "liquidityRatio",
  "vwap",
  "avgTradeSize",
  "spreadBps",
  "priceChangeBps",
  "vwapDistanceBps",
  "evr",
  "vdStrength",
  "smp",
] as const;

export type SampledMetric = (typeof SAMPLED)[number];

const SAMPLES_AT = 66;
const WINDOW_AT = SAMPLES_AT + 3 * SAMPLED.length;

/**
 * What a candle is made of, as exact integers in one Float64Array: it folds, copies and travels to
 * the database as it is. Prices are scaled by PRICE_SCALE, sizes by SIZE_SCALE; entries that take
 * two places are two-limb values (`exact.ts`). Undefined where TRADES is 0: times, prices, MAX_SIZE, samples, VD_* and CVD_* but the closes.
 */
export const S = {
  TRADES: 0,
  BUYS: 1,
  SELLS: 2,
  FIRST_TIME: 3,
  FIRST_SEQ: 4,
  LAST_TIME: 5,
  LAST_SEQ: 6,
  OPEN: 7,
  HIGH: 8,
  LOW: 9,
  CLOSE: 10,
  MAX_SIZE: 11,
  VOLUME: 12,
  BUY_VOLUME: 14,
  SELL_VOLUME: 16,
  PRICE_SIZE: 18,
  BID_DEPTH: 20,
  ASK_DEPTH: 22,
  SPREAD: 24,
  QUOTES: 25,
  CROSSED: 26,
  VD_OPEN: 27,
  VD_HIGH: 29,
  VD_LOW: 31,
  VD: 33,
  CVD_OPEN: 35,
  CVD_HIGH: 37,
  CVD_LOW: 39,
  CVD: 41,
  CVD_BASE: 43,
  PRICE_SCALE: 45,
  SIZE_SCALE: 46,
  FLAGS: 47,
  /** Minutes folded in, those of them that are partial or venue-down, and those that are backfilled. */
  MINUTES: 48,
  BAD_MINUTES: 49,
  BACKFILLED_MINUTES: 50,
  /** 1 where LAST_CLOSE holds the last price before a candle without trades. */
  HAS_LAST_CLOSE: 51,
  LAST_CLOSE: 52,
  /** Sum of (close - price) x size over all trades: close x volume - PRICE_SIZE. */
  CLOSE_EXCESS: 53,
  /** Trades at or above the fixed threshold of the instrument (`big-trade.ts`); 0 where it has none. */
  BIG_TRADES: 55,
  BIG_VOLUME: 56,
  BIG_BUY_VOLUME: 58,
  BIG_SELL_VOLUME: 60,
  /** PRICE_SIZE and VOLUME since the session's open, up to the close. */
  SESSION_PRICE_SIZE: 62,
  SESSION_VOLUME: 64,
  /** Open, high and low of the running value of each metric of `sampled-metrics.ts`; NaN where undefined. */
  SAMPLES: SAMPLES_AT,
  /** What it takes from the candles before it (`candle-window.ts`), from here on; one without trades keeps what it serves of it. */
  WINDOW: WINDOW_AT,
  /** Sum of |VD| of up to 5 candles, and their number. */
  WINDOW_ABS_VD: WINDOW_AT,
  WINDOW_ABS_VD_COUNT: WINDOW_AT + 2,
  /** Sum of the volumes of up to 20 candles, and their number. */
  WINDOW_VOLUME: WINDOW_AT + 3,
  WINDOW_VOLUME_COUNT: WINDOW_AT + 5,
  /** Sum of VD of up to 4 candles, and their number as far as no candle is absent among them and this one. */
  WINDOW_VD: WINDOW_AT + 6,
  WINDOW_VD_COUNT: WINDOW_AT + 8,
  /** vd_ratio of the candle before; NaN without one, or after a gap. */
  WINDOW_RATIO: WINDOW_AT + 9,
  /** Imbalance streak that this candle may go on with; the only one of these that is running. */
  STREAK_BEFORE: WINDOW_AT + 10,
  /** Most absent candles in a row since the last one with trades, and whether one was absent or venue-down since then (1). */
  HOLE_BEFORE: WINDOW_AT + 11,
  GAP_BEFORE: WINDOW_AT + 12,
} as const;

/** Places of the first rows that were ever stored. */
export const FIRST_LENGTH = 53;
export const WINDOW_LENGTH = 13;
export const SUMS_LENGTH = S.WINDOW + WINDOW_LENGTH;
