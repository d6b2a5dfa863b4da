/** Most candles before the one judged that an average is taken over. */
const LONG_PERIOD = 10;
const SHORT_PERIOD = 5;

/**
 * Candles as the patterns see them: one place per candle in every array, prices in the instrument's quote currency.
 * The limits are TA-Lib's default candle settings: factor times the mean over the candles *before* the one at the same
 * place, NaN where fewer came before. Source: TA-Lib 0.7.1, `ta_global.c` and `ta_utility.h`.
 */
export interface CandleShapes {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Higher and lower end of the real body. */
  readonly top: Float64Array;
  readonly bottom: Float64Array;
  /** abs(close - open). */
  readonly body: Float64Array;
  /** high - top and bottom - low. */
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  /** 1 white (close >= open), -1 black. */
  readonly color: Int8Array;
  /** BodyLong and BodyShort: mean real body of 10. */
  readonly meanBody: Float64Array;
  /** BodyDoji and ShadowVeryShort: a tenth of the mean high-low range of 10. */
  readonly tiny: Float64Array;
  /** ShadowShort: half the mean sum of both shadows of 10. */
  readonly shortShadow: Float64Array;
  /** Near, Far and Equal: 0.2, 0.6 and 0.05 of the mean high-low range of 5. */
  readonly near: Float64Array;
  readonly far: Float64Array;
  readonly equal: Float64Array;
}

/** Room for `length` candles, all zero. */
export function createCandleShapes(length: number): CandleShapes {
  const prices = (): Float64Array => new Float64Array(length);
  return {
    open: prices(),
    high: prices(),
    low: prices(),
    close: prices(),
    top: prices(),
    bottom: prices(),
    body: prices(),
    upper: prices(),
    lower: prices(),
    color: new Int8Array(length),
    meanBody: prices(),
    tiny: prices(),
    shortShadow: prices(),
    near: prices(),
    far: prices(),
    equal: prices(),
  };
}

/** Puts a candle at place `i`; its limits look back as far as place 0. */
export function setCandle(shapes: CandleShapes, i: number, open: number, high: number, low: number, close: number): void {
  const isWhite = close >= open;
  const top = isWhite ? close : open;
  const bottom = isWhite ? open : close;
  shapes.open[i] = open;
  shapes.high[i] = high;
  shapes.low[i] = low;
  shapes.close[i] = close;
  shapes.top[i] = top;
  shapes.bottom[i] = bottom;
  shapes.body[i] = top - bottom;
  shapes.upper[i] = high - top;
  shapes.lower[i] = bottom - low;
  shapes.color[i] = isWhite ? 1 : -1;
  setLimits(shapes, i);
}

/** Moves the last `count` candles before place `end` to the front. */
export function moveToFront(shapes: CandleShapes, end: number, count: number): void {
  for (const values of Object.values(shapes) as (Float64Array | Int8Array)[]) values.copyWithin(0, end - count, end);
}

/** Fresh sums, oldest first: the limits of a candle are a function of the candles before it, whatever came earlier. */
function setLimits(shapes: CandleShapes, i: number): void {
  const { high, low } = shapes;
  let ranges = Number.NaN;
  if (i >= SHORT_PERIOD) {
    ranges = 0;
    for (let k = i - SHORT_PERIOD; k < i; k++) ranges += high[k] - low[k];
  }
  const meanRange = ranges / SHORT_PERIOD;
  shapes.near[i] = 0.2 * meanRange;
  shapes.far[i] = 0.6 * meanRange;
  shapes.equal[i] = 0.05 * meanRange;
  let bodies = Number.NaN;
  let longRanges = Number.NaN;
  let shadows = Number.NaN;
  if (i >= LONG_PERIOD) {
    bodies = 0;
    longRanges = 0;
    shadows = 0;
    for (let k = i - LONG_PERIOD; k < i; k++) {
      bodies += shapes.body[k];
      longRanges += high[k] - low[k];
      shadows += shapes.upper[k] + shapes.lower[k];
    }
  }
  shapes.meanBody[i] = bodies / LONG_PERIOD;
  shapes.tiny[i] = 0.1 * (longRanges / LONG_PERIOD);
  shapes.shortShadow[i] = shadows / LONG_PERIOD / 2;
}
