import {
  type CandlestickRule,
  gapsDown,
  gapsUp,
  hasLower,
  hasNoLower,
  hasNoUpper,
  hasUpper,
  isDoji,
  isLong,
  isMarubozu,
  isShort,
  isWhite,
  signed,
} from "./candle-terms.ts";

/** Patterns of one candle; four of them also compare it with the one before. */
export const SINGLE_CANDLE_RULES = {
  CDLBELTHOLD: (s, i) => (isLong(s, i) && (isWhite(s, i) ? hasNoLower(s, i) : hasNoUpper(s, i)) ? signed(s, i, 100) : 0),

  CDLCLOSINGMARUBOZU: (s, i) => (isLong(s, i) && (isWhite(s, i) ? hasNoUpper(s, i) : hasNoLower(s, i)) ? signed(s, i, 100) : 0),

  CDLDOJI: (s, i) => (isDoji(s, i) ? 100 : 0),

  CDLDRAGONFLYDOJI: (s, i) => (isDoji(s, i) && hasNoUpper(s, i) && hasLower(s, i) ? 100 : 0),

  CDLGRAVESTONEDOJI: (s, i) => (isDoji(s, i) && hasNoLower(s, i) && hasUpper(s, i) ? 100 : 0),

  /** Small body near the low of the candle before, long lower shadow. */
  CDLHAMMER: (s, i) =>
    isShort(s, i) && s.lower[i] > s.body[i] && hasNoUpper(s, i) && s.bottom[i] - s.low[i - 1] <= s.near[i - 1] ? 100 : 0,

  /** The same candle near the high of the one before. */
  CDLHANGINGMAN: (s, i) =>
    isShort(s, i) && s.lower[i] > s.body[i] && hasNoUpper(s, i) && s.high[i - 1] - s.bottom[i] <= s.near[i - 1] ? -100 : 0,

  CDLHIGHWAVE: (s, i) => (isShort(s, i) && s.upper[i] > 2 * s.body[i] && s.lower[i] > 2 * s.body[i] ? signed(s, i, 100) : 0),

  CDLINVERTEDHAMMER: (s, i) => (isShort(s, i) && s.upper[i] > s.body[i] && hasNoLower(s, i) && gapsDown(s, i, i - 1) ? 100 : 0),

  CDLLONGLEGGEDDOJI: (s, i) => (isDoji(s, i) && (s.lower[i] > s.body[i] || s.upper[i] > s.body[i]) ? 100 : 0),

  CDLLONGLINE: (s, i) => (isLong(s, i) && s.upper[i] < s.shortShadow[i] && s.lower[i] < s.shortShadow[i] ? signed(s, i, 100) : 0),

  CDLMARUBOZU: (s, i) => (isMarubozu(s, i) ? signed(s, i, 100) : 0),

  /** Doji with two shadows and the body near the middle of the range. */
  CDLRICKSHAWMAN: (s, i) => {
    const middle = s.low[i] + (s.high[i] - s.low[i]) / 2;
    const isDojiWithShadows = isDoji(s, i) && s.lower[i] > s.body[i] && s.upper[i] > s.body[i];
    return isDojiWithShadows && s.bottom[i] - middle <= s.near[i] && middle - s.top[i] <= s.near[i] ? 100 : 0;
  },

  CDLSHOOTINGSTAR: (s, i) => (isShort(s, i) && s.upper[i] > s.body[i] && hasNoLower(s, i) && gapsUp(s, i, i - 1) ? -100 : 0),

  CDLSHORTLINE: (s, i) => (isShort(s, i) && s.upper[i] < s.shortShadow[i] && s.lower[i] < s.shortShadow[i] ? signed(s, i, 100) : 0),

  CDLSPINNINGTOP: (s, i) => (isShort(s, i) && s.upper[i] > s.body[i] && s.lower[i] > s.body[i] ? signed(s, i, 100) : 0),

  CDLTAKURI: (s, i) => (isDoji(s, i) && hasNoUpper(s, i) && s.lower[i] > 2 * s.body[i] ? 100 : 0),
} as const satisfies Record<string, CandlestickRule>;
