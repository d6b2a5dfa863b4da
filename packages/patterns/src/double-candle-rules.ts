import type { CandleShapes } from "./candle-shapes.ts";
import {
  beyond,
  type CandlestickRule,
  gaps,
  gapsWhole,
  hasNoLower,
  hasNoUpper,
  isBlack,
  isDoji,
  isLong,
  isMarubozu,
  isNotLong,
  isWhite,
  signed,
  within,
} from "./candle-terms.ts";

/** Patterns of two candles: `i - 1` is the first, `i` the second. */
export const DOUBLE_CANDLE_RULES = {
  /** Two long candles of opposite colors with the same close. */
  CDLCOUNTERATTACK: (s, i) =>
    isOpposite(s, i) && isLong(s, i - 1) && isLong(s, i) && within(s.close[i], s.close[i - 1], s.equal[i - 1]) ? signed(s, i, 100) : 0,

  /** Opens above the high of a long white candle and closes deep in its body. */
  CDLDARKCLOUDCOVER: (s, i, penetration) => {
    const first = i - 1;
    const opensAbove = isWhite(s, first) && isLong(s, first) && isBlack(s, i) && s.open[i] > s.high[first];
    return opensAbove && s.close[i] > s.open[first] && s.close[first] - s.close[i] > s.body[first] * penetration ? -100 : 0;
  },

  /** A doji that gaps away in the direction of a long candle. */
  CDLDOJISTAR: (s, i) => (isLong(s, i - 1) && isDoji(s, i) && gaps(s, i, i - 1, s.color[i - 1]) ? signed(s, i - 1, -100) : 0),

  /** The body takes in the body before; 80 where one end is the same. */
  CDLENGULFING: (s, i) => {
    const first = i - 1;
    const isAround = s.top[i] >= s.top[first] && s.bottom[i] <= s.bottom[first];
    if (!isOpposite(s, i) || !isAround) return 0;
    const sameEnds = Number(s.open[i] === s.close[first]) + Number(s.close[i] === s.open[first]);
    return sameEnds === 2 ? 0 : signed(s, i, sameEnds === 0 ? 100 : 80);
  },

  CDLHARAMI: (s, i) => (isLong(s, i - 1) && isNotLong(s, i) ? containment(s, i) : 0),

  CDLHARAMICROSS: (s, i) => (isLong(s, i - 1) && isDoji(s, i) ? containment(s, i) : 0),

  /** A short black candle inside a long black one. */
  CDLHOMINGPIGEON: (s, i) => {
    const areBlack = isBlack(s, i - 1) && isBlack(s, i) && isLong(s, i - 1) && isNotLong(s, i);
    return areBlack && s.open[i] < s.open[i - 1] && s.close[i] > s.close[i - 1] ? 100 : 0;
  },

  /** Opens below a long black candle and closes at its close or just above. */
  CDLINNECK: (s, i) => {
    const above = s.close[i] - s.close[i - 1];
    return opensBelowLongBlack(s, i) && above >= 0 && above <= s.equal[i - 1] ? -100 : 0;
  },

  /** Two marubozu of opposite colors, the second gapping its own way. */
  CDLKICKING: (s, i) => (isKicking(s, i) ? signed(s, i, 100) : 0),

  /** The same, with the sign of the longer one. */
  CDLKICKINGBYLENGTH: (s, i) => (isKicking(s, i) ? signed(s, s.body[i] > s.body[i - 1] ? i : i - 1, 100) : 0),

  /** Two black candles with the same close. */
  CDLMATCHINGLOW: (s, i) => (isBlack(s, i - 1) && isBlack(s, i) && within(s.close[i], s.close[i - 1], s.equal[i - 1]) ? 100 : 0),

  /** Opens below a long black candle and closes at its low. */
  CDLONNECK: (s, i) => (opensBelowLongBlack(s, i) && within(s.close[i], s.low[i - 1], s.equal[i - 1]) ? -100 : 0),

  /** Opens below a long black candle and closes in the upper half of its body. */
  CDLPIERCING: (s, i) => {
    const first = i - 1;
    const closesInside = opensBelowLongBlack(s, i) && isLong(s, i) && s.close[i] < s.open[first];
    return closesInside && s.close[i] - s.close[first] > s.body[first] * 0.5 ? 100 : 0;
  },

  /** Opposite colors, the same open, the second a long candle with no shadow at its open. */
  CDLSEPARATINGLINES: (s, i) => {
    const sameOpen = isOpposite(s, i) && within(s.open[i], s.open[i - 1], s.equal[i - 1]);
    return sameOpen && isLong(s, i) && (isWhite(s, i) ? hasNoLower(s, i) : hasNoUpper(s, i)) ? signed(s, i, 100) : 0;
  },

  /** Opens below a long black candle and closes in the lower half of its body. */
  CDLTHRUSTING: (s, i) => {
    const into = s.close[i] - s.close[i - 1];
    return opensBelowLongBlack(s, i) && into > s.equal[i - 1] && into <= s.body[i - 1] * 0.5 ? -100 : 0;
  },
} as const satisfies Record<string, CandlestickRule>;

function isOpposite(s: CandleShapes, i: number): boolean {
  return s.color[i] === -s.color[i - 1];
}

/** The second body inside the first: 100 strictly, 80 where ends are the same, signed against the first. */
function containment(s: CandleShapes, i: number): number {
  const first = i - 1;
  if (s.top[i] < s.top[first] && s.bottom[i] > s.bottom[first]) return signed(s, first, -100);
  return s.top[i] <= s.top[first] && s.bottom[i] >= s.bottom[first] ? signed(s, first, -80) : 0;
}

function opensBelowLongBlack(s: CandleShapes, i: number): boolean {
  return isBlack(s, i - 1) && isLong(s, i - 1) && isWhite(s, i) && beyond(s.open[i], s.low[i - 1], -1);
}

function isKicking(s: CandleShapes, i: number): boolean {
  return isOpposite(s, i) && isMarubozu(s, i - 1) && isMarubozu(s, i) && gapsWhole(s, i, i - 1, s.color[i]);
}
