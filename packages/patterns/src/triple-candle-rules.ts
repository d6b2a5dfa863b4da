import type { CandleShapes } from "./candle-shapes.ts";
import {
  beyond,
  type CandlestickRule,
  closesRun,
  gaps,
  gapsDown,
  gapsUp,
  gapsWhole,
  hasLower,
  hasNoLower,
  hasNoUpper,
  isBlack,
  isDoji,
  isLong,
  isNotLong,
  isShort,
  isWhite,
  signed,
  within,
} from "./candle-terms.ts";

/** Patterns of three candles: `i - 2` is the first, `i` the third. */
export const TRIPLE_CANDLE_RULES = {
  /** A black candle gaps up from a long white one; the third opens in its body and closes in the first. */
  CDL2CROWS: (s, i) => {
    const gapped = isLongOf(s, i - 2, 1) && isBlack(s, i - 1) && gapsUp(s, i - 1, i - 2) && isBlack(s, i);
    const opensInside = s.open[i] < s.open[i - 1] && s.open[i] > s.close[i - 1];
    return gapped && opensInside && s.close[i] > s.open[i - 2] && s.close[i] < s.close[i - 2] ? -100 : 0;
  },

  /** After a white candle, three black ones without lower shadow, each opening in the body before. */
  CDL3BLACKCROWS: (s, i) => {
    const crows = areBlackWithoutLower(s, i) && isWhite(s, i - 3) && closesRun(s, i, -1);
    return crows && opensInside(s, i - 1) && opensInside(s, i) && s.high[i - 3] > s.close[i - 2] ? -100 : 0;
  },

  /** A harami whose third candle closes beyond the open of the first. */
  CDL3INSIDE: (s, i) => {
    const first = i - 2;
    const harami = isLong(s, first) && isNotLong(s, i - 1) && s.top[i - 1] < s.top[first] && s.bottom[i - 1] > s.bottom[first];
    return harami && s.color[i] === -s.color[first] && beyond(s.close[i], s.open[first], s.color[i]) ? signed(s, first, -100) : 0;
  },

  /** An engulfing pair that the third candle carries on. */
  CDL3OUTSIDE: (s, i) => {
    const engulfing = s.color[i - 1] === -s.color[i - 2] && s.top[i - 1] > s.top[i - 2] && s.bottom[i - 1] < s.bottom[i - 2];
    return engulfing && beyond(s.close[i], s.close[i - 1], s.color[i - 1]) ? signed(s, i - 1, 100) : 0;
  },

  /** Three black candles, each smaller and inside the one before, the last without shadows. */
  CDL3STARSINSOUTH: (s, i) => {
    const [first, second] = [i - 2, i - 1];
    const areBlack = isLongOf(s, first, -1) && isBlack(s, second) && isBlack(s, i) && s.lower[first] > s.body[first];
    const isSmaller = s.body[second] < s.body[first] && s.open[second] > s.close[first] && s.open[second] <= s.high[first];
    const holdsLow = s.low[second] < s.close[first] && s.low[second] >= s.low[first] && hasLower(s, second);
    const isLast = isShort(s, i) && hasNoLower(s, i) && hasNoUpper(s, i) && s.low[i] > s.low[second] && s.high[i] < s.high[second];
    return areBlack && isSmaller && holdsLow && isLast ? 100 : 0;
  },

  /** Three advancing white candles without upper shadow, none much shorter than the one before. */
  CDL3WHITESOLDIERS: (s, i) => {
    const advance = isAdvance(s, i) && hasNoUpper(s, i - 2) && hasNoUpper(s, i - 1) && hasNoUpper(s, i);
    const holds = s.body[i - 2] - s.body[i - 1] < s.far[i - 2] && s.body[i - 1] - s.body[i] < s.far[i - 1];
    return advance && holds && isLong(s, i) ? 100 : 0;
  },

  /** A doji that gaps away whole on both sides between two bodies of opposite colors. */
  CDLABANDONEDBABY: (s, i, penetration) => {
    const direction = s.color[i];
    const apart = gapsWhole(s, i - 1, i - 2, -direction) && gapsWhole(s, i, i - 1, direction);
    return apart && isDoji(s, i - 1) && turns(s, i, direction, penetration) ? signed(s, i, 100) : 0;
  },

  /** Three advancing white candles that weaken: smaller bodies or upper shadows. */
  CDLADVANCEBLOCK: (s, i) => {
    const [first, second] = [i - 2, i - 1];
    if (!isAdvance(s, i) || !isLong(s, first) || !(s.upper[first] < s.shortShadow[first])) return 0;
    const secondFails = s.body[first] - s.body[second] > s.far[first] && s.body[i] - s.body[second] < s.near[second];
    const thirdFails = s.body[second] - s.body[i] > s.far[second];
    const isSmaller = s.body[i] < s.body[second];
    const hasShadows = s.upper[i] > s.shortShadow[i] || s.upper[second] > s.shortShadow[second];
    const shrinks = isSmaller && s.body[second] < s.body[first] && hasShadows;
    return secondFails || thirdFails || shrinks || (isSmaller && s.upper[i] > s.body[i]) ? -100 : 0;
  },

  CDLEVENINGDOJISTAR: (s, i, penetration) => (isStar(s, i, -1, penetration) && isDoji(s, i - 1) ? -100 : 0),

  CDLEVENINGSTAR: (s, i, penetration) => (isStar(s, i, -1, penetration) && isNotLong(s, i - 1) ? -100 : 0),

  /** Two white candles alike, side by side, both gapping the same way from the first. */
  CDLGAPSIDESIDEWHITE: (s, i) => {
    const second = i - 1;
    const alike = within(s.body[i], s.body[second], s.near[second]) && within(s.open[i], s.open[second], s.equal[second]);
    if (!alike || !isWhite(s, second) || !isWhite(s, i)) return 0;
    if (gapsUp(s, second, i - 2) && gapsUp(s, i, i - 2)) return 100;
    return gapsDown(s, second, i - 2) && gapsDown(s, i, i - 2) ? -100 : 0;
  },

  /** Three falling black candles without lower shadow, each opening at the close before. */
  CDLIDENTICAL3CROWS: (s, i) => {
    const crows = areBlackWithoutLower(s, i) && closesRun(s, i, -1) && within(s.open[i - 1], s.close[i - 2], s.equal[i - 2]);
    return crows && within(s.open[i], s.close[i - 1], s.equal[i - 1]) ? -100 : 0;
  },

  CDLMORNINGDOJISTAR: (s, i, penetration) => (isStar(s, i, 1, penetration) && isDoji(s, i - 1) ? 100 : 0),

  CDLMORNINGSTAR: (s, i, penetration) => (isStar(s, i, 1, penetration) && isNotLong(s, i - 1) ? 100 : 0),

  /** Two long white candles and a small one that rides on the second's shoulder. */
  CDLSTALLEDPATTERN: (s, i) => {
    const [first, second] = [i - 2, i - 1];
    const areWhite = isLongOf(s, first, 1) && isLongOf(s, second, 1) && isWhite(s, i) && closesRun(s, i, 1);
    const follows = hasNoUpper(s, second) && opensInOrNear(s, second);
    return areWhite && follows && isShort(s, i) && s.close[second] - s.open[i] - s.body[i] <= s.near[second] ? -100 : 0;
  },

  /** A white candle between two black ones with the same close. */
  CDLSTICKSANDWICH: (s, i) => {
    const colors = isBlack(s, i - 2) && isWhite(s, i - 1) && isBlack(s, i);
    return colors && s.low[i - 1] > s.close[i - 2] && within(s.close[i], s.close[i - 2], s.equal[i - 2]) ? 100 : 0;
  },

  /** A candle of about the same size that closes inside the gap before it. */
  CDLTASUKIGAP: (s, i) => {
    const [second, direction] = [i - 1, s.color[i - 1]];
    const opposes = gaps(s, second, i - 2, direction) && s.color[i] === -direction && isStrictlyInBody(s, s.open[i], second);
    const gapEnd = direction > 0 ? s.top[i - 2] : s.bottom[i - 2];
    const closesInGap = beyond(s.open[second], s.close[i], direction) && beyond(s.close[i], gapEnd, direction);
    return opposes && closesInGap && Math.abs(s.body[second] - s.body[i]) < s.near[second] ? signed(s, second, 100) : 0;
  },

  /** Three doji, the second apart from the first; all against the limit of the first. */
  CDLTRISTAR: (s, i) => {
    const limit = s.tiny[i - 2];
    if (!(s.body[i - 2] <= limit && s.body[i - 1] <= limit && s.body[i] <= limit)) return 0;
    if (gapsUp(s, i - 1, i - 2) && s.top[i] < s.top[i - 1]) return -100;
    return gapsDown(s, i - 1, i - 2) && s.bottom[i] > s.bottom[i - 1] ? 100 : 0;
  },

  /** A black harami with a lower low, then a short white candle. */
  CDLUNIQUE3RIVER: (s, i) => {
    const harami = isLongOf(s, i - 2, -1) && isBlack(s, i - 1) && s.close[i - 1] > s.close[i - 2] && s.open[i - 1] <= s.open[i - 2];
    return harami && s.low[i - 1] < s.low[i - 2] && isShort(s, i) && isWhite(s, i) && s.open[i] > s.low[i - 1] ? 100 : 0;
  },

  /** A short black candle gaps up, a second one engulfs it and still closes above the first. */
  CDLUPSIDEGAP2CROWS: (s, i) => {
    const gapped = isLongOf(s, i - 2, 1) && isBlack(s, i - 1) && isNotLong(s, i - 1) && gapsUp(s, i - 1, i - 2) && isBlack(s, i);
    return gapped && s.open[i] > s.open[i - 1] && s.close[i] < s.close[i - 1] && s.close[i] > s.close[i - 2] ? -100 : 0;
  },

  /** Two candles of a color with a gap, and one of the other color that closes the gap. */
  CDLXSIDEGAP3METHODS: (s, i) => {
    const direction = s.color[i - 2];
    const colors = s.color[i - 1] === direction && s.color[i] === -direction && gaps(s, i - 1, i - 2, direction);
    return colors && isStrictlyInBody(s, s.open[i], i - 1) && isStrictlyInBody(s, s.close[i], i - 2) ? signed(s, i - 2, 100) : 0;
  },
} as const satisfies Record<string, CandlestickRule>;

function isLongOf(s: CandleShapes, i: number, color: number): boolean {
  return s.color[i] === color && isLong(s, i);
}

function isStrictlyInBody(s: CandleShapes, price: number, i: number): boolean {
  return price < s.top[i] && price > s.bottom[i];
}

/** A black candle that opens inside the black body before. */
function opensInside(s: CandleShapes, i: number): boolean {
  return s.open[i] < s.open[i - 1] && s.open[i] > s.close[i - 1];
}

/** A white candle that opens inside the white body before or not far above it. */
function opensInOrNear(s: CandleShapes, i: number): boolean {
  return s.open[i] > s.open[i - 1] && s.open[i] - s.close[i - 1] <= s.near[i - 1];
}

function areBlackWithoutLower(s: CandleShapes, i: number): boolean {
  const areBlack = isBlack(s, i - 2) && isBlack(s, i - 1) && isBlack(s, i);
  return areBlack && hasNoLower(s, i - 2) && hasNoLower(s, i - 1) && hasNoLower(s, i);
}

/** Three white candles with rising closes, each opening in or near the body before. */
function isAdvance(s: CandleShapes, i: number): boolean {
  const areWhite = isWhite(s, i - 2) && isWhite(s, i - 1) && isWhite(s, i);
  return areWhite && closesRun(s, i, 1) && opensInOrNear(s, i - 1) && opensInOrNear(s, i);
}

/** A long candle against `direction`, and a third one with it that closes deep in the first body. */
function turns(s: CandleShapes, i: number, direction: number, penetration: number): boolean {
  const first = i - 2;
  if (!isLongOf(s, first, -direction) || !isLongOf(s, i, direction)) return false;
  return (s.close[i] - s.close[first]) * direction > s.body[first] * penetration;
}

/** A turn whose middle body gaps away from the first. */
function isStar(s: CandleShapes, i: number, direction: number, penetration: number): boolean {
  return gaps(s, i - 1, i - 2, -direction) && turns(s, i, direction, penetration);
}
