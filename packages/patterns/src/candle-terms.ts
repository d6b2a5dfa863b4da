import type { CandleShapes } from "./candle-shapes.ts";

/**
 * Judges the candles up to place `i` and returns TA-Lib's value: 0 for nothing, else its sign for the direction.
 * `penetration` is a share of the first real body, 0..1; only some patterns use it.
 */
export type CandlestickRule = (shapes: CandleShapes, i: number, penetration: number) => number;

export function isWhite(s: CandleShapes, i: number): boolean {
  return s.color[i] === 1;
}

export function isBlack(s: CandleShapes, i: number): boolean {
  return s.color[i] === -1;
}

/** Body longer than the mean of the ten before; TA-Lib's "longer than short" is the same comparison. */
export function isLong(s: CandleShapes, i: number): boolean {
  return s.body[i] > s.meanBody[i];
}

export function isShort(s: CandleShapes, i: number): boolean {
  return s.body[i] < s.meanBody[i];
}

/** Short as TA-Lib asks it of the small candle inside a pattern: the mean itself included. */
export function isNotLong(s: CandleShapes, i: number): boolean {
  return s.body[i] <= s.meanBody[i];
}

export function isDoji(s: CandleShapes, i: number): boolean {
  return s.body[i] <= s.tiny[i];
}

export function hasNoUpper(s: CandleShapes, i: number): boolean {
  return s.upper[i] < s.tiny[i];
}

export function hasNoLower(s: CandleShapes, i: number): boolean {
  return s.lower[i] < s.tiny[i];
}

export function hasUpper(s: CandleShapes, i: number): boolean {
  return s.upper[i] > s.tiny[i];
}

export function hasLower(s: CandleShapes, i: number): boolean {
  return s.lower[i] > s.tiny[i];
}

/** Long body without shadows. */
export function isMarubozu(s: CandleShapes, i: number): boolean {
  return isLong(s, i) && hasNoUpper(s, i) && hasNoLower(s, i);
}

/** The real body at `i` lies wholly above the one at `earlier`. */
export function gapsUp(s: CandleShapes, i: number, earlier: number): boolean {
  return s.bottom[i] > s.top[earlier];
}

export function gapsDown(s: CandleShapes, i: number, earlier: number): boolean {
  return s.top[i] < s.bottom[earlier];
}

/** Gap of real bodies in a direction: 1 up, -1 down. */
export function gaps(s: CandleShapes, i: number, earlier: number, direction: number): boolean {
  return direction > 0 ? gapsUp(s, i, earlier) : gapsDown(s, i, earlier);
}

/** Gap of whole candles, shadows included, in a direction. */
export function gapsWhole(s: CandleShapes, i: number, earlier: number, direction: number): boolean {
  return direction > 0 ? s.low[i] > s.high[earlier] : s.high[i] < s.low[earlier];
}

/** Two prices differ by no more than a limit. */
export function within(a: number, b: number, limit: number): boolean {
  return a - b <= limit && b - a <= limit;
}

/** `a` lies strictly on the far side of `b`, seen in a direction: above for 1, below for -1. */
export function beyond(a: number, b: number, direction: number): boolean {
  return direction > 0 ? a > b : a < b;
}

/** Three closes that rise (1) or fall (-1) strictly, the last one at `i`. */
export function closesRun(s: CandleShapes, i: number, direction: number): boolean {
  return beyond(s.close[i], s.close[i - 1], direction) && beyond(s.close[i - 1], s.close[i - 2], direction);
}

/** Value times the color of a candle: for patterns that are mirrored by their first or last candle. */
export function signed(s: CandleShapes, i: number, value: number): number {
  return s.color[i] * value;
}
