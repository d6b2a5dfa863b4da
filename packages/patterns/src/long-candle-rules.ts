import type { CandleShapes } from "./candle-shapes.ts";
import {
  beyond,
  type CandlestickRule,
  closesRun,
  gaps,
  gapsDown,
  gapsUp,
  hasNoLower,
  hasNoUpper,
  hasUpper,
  isBlack,
  isLong,
  isShort,
  isWhite,
  signed,
} from "./candle-terms.ts";

/** Most candles between a hikkake and its confirmation. */
const CONFIRMATION_CANDLES = 3;

/** Patterns of four and five candles, and the two that are confirmed up to three candles later. */
export const LONG_CANDLE_RULES = {
  /** Three candles of a color in a run, struck back by a fourth beyond the first open. */
  CDL3LINESTRIKE: (s, i) => {
    const direction = s.color[i - 1];
    const colors = s.color[i - 3] === direction && s.color[i - 2] === direction && s.color[i] === -direction;
    const runs = closesRun(s, i - 1, direction) && isInOrNearBody(s, s.open[i - 2], i - 3) && isInOrNearBody(s, s.open[i - 1], i - 2);
    const strikes = beyond(s.open[i], s.close[i - 1], direction) && beyond(s.close[i], s.open[i - 3], -direction);
    return colors && runs && strikes ? signed(s, i - 1, 100) : 0;
  },

  /** A long candle, a gap, two candles further on, and a fifth that closes inside the gap. */
  CDLBREAKAWAY: (s, i) => {
    const [first, second, direction] = [i - 4, i - 3, s.color[i - 4]];
    const colors = s.color[second] === direction && s.color[i - 1] === direction && s.color[i] === -direction;
    const moves = isLong(s, first) && gaps(s, second, first, direction) && shifts(s, i - 2, direction) && shifts(s, i - 1, direction);
    const closesInGap = beyond(s.open[second], s.close[i], direction) && beyond(s.close[i], s.close[first], direction);
    return colors && moves && closesInGap ? signed(s, i, 100) : 0;
  },

  /** Two black marubozu, a third that gaps down but reaches back up, a fourth that takes it in. */
  CDLCONCEALBABYSWALL: (s, i) => {
    const areBlack = isBlack(s, i - 3) && isBlack(s, i - 2) && isBlack(s, i - 1) && isBlack(s, i);
    const areBare = hasNoLower(s, i - 3) && hasNoUpper(s, i - 3) && hasNoLower(s, i - 2) && hasNoUpper(s, i - 2);
    const reachesBack = gapsDown(s, i - 1, i - 2) && hasUpper(s, i - 1) && s.high[i - 1] > s.close[i - 2];
    return areBlack && areBare && reachesBack && s.high[i] > s.high[i - 1] && s.low[i] < s.low[i - 1] ? 100 : 0;
  },

  CDLHIKKAKE: (s, i) => trapOrConfirmation(s, i, hikkake),

  CDLHIKKAKEMOD: (s, i) => trapOrConfirmation(s, i, modifiedHikkake),

  /** Three falling black candles, a fourth with an upper shadow, a white fifth that closes above its high. */
  CDLLADDERBOTTOM: (s, i) => {
    const areBlack = isBlack(s, i - 4) && isBlack(s, i - 3) && isBlack(s, i - 2) && isBlack(s, i - 1);
    const falls = s.open[i - 4] > s.open[i - 3] && s.open[i - 3] > s.open[i - 2] && closesRun(s, i - 2, -1);
    return areBlack && falls && hasUpper(s, i - 1) && isWhite(s, i) && s.open[i] > s.open[i - 1] && s.close[i] > s.high[i - 1] ? 100 : 0;
  },

  /** A long white candle, three small ones that drift back a little, and a white one above them all. */
  CDLMATHOLD: (s, i, penetration) => {
    const first = i - 4;
    const colors = isWhite(s, first) && isBlack(s, i - 3) && isWhite(s, i) && gapsUp(s, i - 3, first);
    if (!colors || !isLong(s, first) || !areShort(s, i - 3, i - 1)) return 0;
    const limit = s.body[first] * penetration;
    const holds = [i - 2, i - 1].every((k) => s.bottom[k] < s.close[first] && s.close[first] - s.bottom[k] < limit);
    const falls = s.top[i - 2] < s.open[i - 3] && s.top[i - 1] < s.top[i - 2];
    const highest = Math.max(s.high[i - 3], s.high[i - 2], s.high[i - 1]);
    return holds && falls && s.open[i] > s.close[i - 1] && s.close[i] > highest ? 100 : 0;
  },

  /** A long candle, three small ones against it inside its range, and a long one that goes on. */
  CDLRISEFALL3METHODS: (s, i) => {
    const [first, direction] = [i - 4, s.color[i - 4]];
    if (!isLong(s, first) || !areShort(s, i - 3, i - 1) || !isLong(s, i) || s.color[i] !== direction) return 0;
    const rests = [i - 3, i - 2, i - 1].every((k) => s.color[k] === -direction && s.bottom[k] < s.high[first] && s.top[k] > s.low[first]);
    const goesOn = beyond(s.open[i], s.close[i - 1], direction) && beyond(s.close[i], s.close[first], direction);
    return rests && closesRun(s, i - 1, -direction) && goesOn ? signed(s, first, 100) : 0;
  },
} as const satisfies Record<string, CandlestickRule>;

function areShort(s: CandleShapes, from: number, to: number): boolean {
  for (let k = from; k <= to; k++) if (!isShort(s, k)) return false;
  return true;
}

function isInOrNearBody(s: CandleShapes, price: number, i: number): boolean {
  return s.bottom[i] - price <= s.near[i] && price - s.top[i] <= s.near[i];
}

/** Higher high and higher low than the candle before (1), or lower ones (-1). */
function shifts(s: CandleShapes, i: number, direction: number): boolean {
  return beyond(s.high[i], s.high[i - 1], direction) && beyond(s.low[i], s.low[i - 1], direction);
}

function isInsideRange(s: CandleShapes, i: number): boolean {
  return s.high[i] < s.high[i - 1] && s.low[i] > s.low[i - 1];
}

type Trap = (s: CandleShapes, i: number) => number;

/** An inside candle and a false break: 100 after a break down, -100 after one up. */
function hikkake(s: CandleShapes, i: number): number {
  if (!isInsideRange(s, i - 1)) return 0;
  if (shifts(s, i, -1)) return 100;
  return shifts(s, i, 1) ? -100 : 0;
}

/** Two inside candles, the first of them closing near the end that breaks. */
function modifiedHikkake(s: CandleShapes, i: number): number {
  if (!isInsideRange(s, i - 2)) return 0;
  const value = hikkake(s, i);
  const nearEnd = value > 0 ? s.close[i - 2] - s.low[i - 2] : s.high[i - 2] - s.close[i - 2];
  return nearEnd <= s.near[i - 2] ? value : 0;
}

/** A new trap, else twice the last one where this candle is the first to confirm it; a newer trap ends an older one. */
function trapOrConfirmation(s: CandleShapes, i: number, trap: Trap): number {
  const fresh = trap(s, i);
  if (fresh !== 0) return fresh;
  for (let at = i - 1; at >= i - CONFIRMATION_CANDLES; at--) {
    const value = trap(s, at);
    if (value === 0) continue;
    for (let between = at + 1; between < i; between++) if (confirms(s, at, between, value)) return 0;
    return confirms(s, at, i, value) ? 2 * value : 0;
  }
  return 0;
}

/** Closes back beyond the candle before the break. */
function confirms(s: CandleShapes, at: number, i: number, value: number): boolean {
  return value > 0 ? s.close[i] > s.high[at - 1] : s.close[i] < s.low[at - 1];
}
