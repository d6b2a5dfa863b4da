import type { CandlestickName } from "../src/candlestick.ts";

/** open, high, low, close. */
export type Quad = readonly [number, number, number, number];

/** A pattern written down by hand: its candles after the quiet ones, and the value on the last of them. */
export interface CandlestickExample {
  name: CandlestickName;
  value: number;
  candles: readonly Quad[];
}

/**
 * Fourteen quiet candles, black and white in turn, the last one white: body 2, range 4, shadows 1 and 1. After them
 * long means a body over 2, a doji one of at most 0.4, a short shadow is under 1, a missing one under 0.4, near 0.8, far 2.4, equal 0.2.
 */
export const QUIET_CANDLES: readonly Quad[] = Array.from({ length: 14 }, (_, i) =>
  i % 2 === 0 ? [102, 103, 99, 100] : [100, 103, 99, 102],
);

const LONG_WHITE: Quad = [100, 106.2, 99.8, 106];
const LONG_BLACK: Quad = [106, 106.2, 99.8, 100];
const WHITE: Quad = [100, 102, 99.8, 101.5];
const WHITE_ABOVE: Quad = [104, 106.2, 103.8, 106];
const SMALL_BLACK: Quad = [101, 101.5, 99.5, 100];

const example = (name: CandlestickName, value: number, ...candles: Quad[]): CandlestickExample => ({ name, value, candles });

/** At least one for each of the 61 patterns. */
export const EXAMPLES: readonly CandlestickExample[] = [
  example("CDL2CROWS", -100, LONG_WHITE, [109, 109.5, 107.5, 108], [108.5, 108.6, 103, 104]),
  example("CDL3BLACKCROWS", -100, [102.5, 102.6, 99.9, 100], [101, 101.1, 97.9, 98], [99, 99.1, 95.9, 96]),
  example("CDL3INSIDE", 100, LONG_BLACK, [102, 103, 101.5, 103], [103, 107.5, 102.8, 107]),
  example("CDL3INSIDE", -100, LONG_WHITE, [104, 104.5, 102.5, 103], [103, 103.2, 98, 99]),
  example("CDL3LINESTRIKE", 100, [100, 102.2, 99.8, 102], [101, 103.2, 100.8, 103], [102, 104.2, 101.8, 104], [105, 105.2, 98, 99]),
  example("CDL3OUTSIDE", 100, SMALL_BLACK, [99, 103, 98.5, 102.5], [102.5, 105, 102, 104]),
  example("CDL3STARSINSOUTH", 100, [106, 106.1, 93, 100], [103, 103.2, 95, 100.5], [101, 101.1, 99.9, 100]),
  example("CDL3WHITESOLDIERS", 100, [100, 102.1, 99.5, 102], [101, 104.1, 100.8, 104], [103, 106.1, 102.8, 106]),
  example("CDLABANDONEDBABY", 100, LONG_BLACK, [97, 97.5, 96.5, 97], [99, 105.2, 98.8, 105]),
  example("CDLADVANCEBLOCK", -100, LONG_WHITE, [104, 108, 103.8, 107.5], [107, 109, 106.8, 108]),
  example("CDLBELTHOLD", 100, [100, 107, 100, 106]),
  example("CDLBELTHOLD", -100, [106, 106, 99, 100]),
  example("CDLBREAKAWAY", 100, LONG_BLACK, [98, 98.5, 95.5, 96], [96, 97.5, 94.5, 95], [95, 96, 92, 93], [93, 99.5, 92.5, 99]),
  example("CDLCLOSINGMARUBOZU", 100, [100, 106, 99, 106]),
  example("CDLCONCEALBABYSWALL", 100, [103, 103.1, 98.9, 99], [99, 99.1, 94.9, 95], [94, 96, 91.9, 92], [96.5, 97, 90, 91]),
  example("CDLCOUNTERATTACK", 100, LONG_BLACK, [94, 100.2, 93.8, 100]),
  example("CDLDARKCLOUDCOVER", -100, LONG_WHITE, [107, 107.2, 101.8, 102]),
  example("CDLDOJI", 100, [100, 102, 98, 100.3]),
  example("CDLDOJI", 0, [100, 102, 98, 100.5]),
  example("CDLDOJISTAR", -100, LONG_WHITE, [108, 109, 107.5, 108]),
  example("CDLDRAGONFLYDOJI", 100, [102, 102, 97, 102]),
  example("CDLENGULFING", 100, SMALL_BLACK, [99, 103, 98.5, 102]),
  example("CDLENGULFING", 80, SMALL_BLACK, [100, 103, 99.5, 102]),
  example("CDLENGULFING", 0, SMALL_BLACK, [100, 103, 99.5, 101]),
  example("CDLENGULFING", -100, [100, 101.5, 99.5, 101], [102, 102.5, 98.5, 99]),
  example("CDLEVENINGDOJISTAR", -100, LONG_WHITE, [108, 109, 107.5, 108], [106, 106.2, 100.8, 101]),
  example("CDLEVENINGSTAR", -100, LONG_WHITE, [108, 109.5, 107.5, 109], [106, 106.2, 100.8, 101]),
  example("CDLGAPSIDESIDEWHITE", 100, [100, 102.2, 99.8, 102], WHITE_ABOVE, [104, 106.3, 103.7, 106.1]),
  example("CDLGRAVESTONEDOJI", 100, [100, 105, 100, 100]),
  example("CDLHAMMER", 100, [99.2, 99.7, 95, 99.6]),
  example("CDLHANGINGMAN", -100, [103, 103.5, 99, 103.4]),
  example("CDLHARAMI", 100, LONG_BLACK, [102, 103, 101.5, 103]),
  example("CDLHARAMI", 80, LONG_BLACK, [100, 102, 99.5, 101]),
  example("CDLHARAMICROSS", 100, LONG_BLACK, [103, 104, 102, 103]),
  example("CDLHIGHWAVE", 100, [100, 103, 97.5, 100.5]),
  example("CDLHIKKAKE", 100, [100, 104, 96, 102], [101, 103, 97, 100], [99, 102, 95, 97]),
  example("CDLHIKKAKE", 200, [100, 104, 96, 102], [101, 103, 97, 100], [99, 102, 95, 97], [98, 104.5, 97.5, 104]),
  example("CDLHIKKAKE", 0, [100, 104, 96, 102], [101, 103, 97, 100], [99, 102, 95, 97], [98, 104.5, 97.5, 104], [104, 106, 103, 105]),
  example("CDLHIKKAKEMOD", 100, [100, 106, 94, 102], [101, 104, 96, 96.5], [97, 102, 97, 100], [99, 101, 95, 96]),
  example("CDLHIKKAKEMOD", 200, [100, 106, 94, 102], [101, 104, 96, 96.5], [97, 102, 97, 100], [99, 101, 95, 96], [97, 103, 96.5, 102.5]),
  example("CDLHOMINGPIGEON", 100, LONG_BLACK, [104, 104.5, 101.5, 103]),
  example("CDLIDENTICAL3CROWS", -100, [106, 106.2, 101.9, 102], [102, 102.1, 97.9, 98], [98, 98.1, 93.9, 94]),
  example("CDLINNECK", -100, LONG_BLACK, [97, 100.5, 96.5, 100.1]),
  example("CDLINVERTEDHAMMER", 100, [98, 103, 98, 98.5]),
  example("CDLKICKING", 100, [106, 106.1, 99.9, 100], [107, 113.1, 106.9, 113]),
  example("CDLKICKINGBYLENGTH", -100, [108, 108.1, 99.9, 100], [109, 115.1, 108.9, 115]),
  example(
    "CDLLADDERBOTTOM",
    100,
    [106, 106.2, 103.8, 104],
    [104, 104.2, 101.8, 102],
    [102, 102.2, 99.8, 100],
    [100, 101.5, 97.8, 98],
    [100.5, 103.2, 100.2, 103],
  ),
  example("CDLLONGLEGGEDDOJI", 100, [100, 103, 97, 100]),
  example("CDLLONGLINE", 100, LONG_WHITE),
  example("CDLMARUBOZU", -100, [106, 106.1, 99.9, 100]),
  example("CDLMATCHINGLOW", 100, [103, 103.5, 99.5, 100], [102, 102.2, 99.8, 100.1]),
  example(
    "CDLMATHOLD",
    100,
    LONG_WHITE,
    [108, 108.5, 106.8, 107],
    [106, 106.5, 104.5, 105],
    [105, 105.2, 103.8, 104.2],
    [105, 110, 104.8, 109.5],
  ),
  example("CDLMORNINGDOJISTAR", 100, LONG_BLACK, [98, 98.5, 97, 98], [99, 105.2, 98.8, 105]),
  example("CDLMORNINGSTAR", 100, LONG_BLACK, [98, 98.5, 96.5, 97.5], [99, 105.2, 98.8, 105]),
  example("CDLONNECK", -100, LONG_BLACK, [97, 100, 96.5, 99.8]),
  example("CDLPIERCING", 100, LONG_BLACK, [98, 104.2, 97.8, 104]),
  example("CDLRICKSHAWMAN", 100, [100, 102, 98, 100.1]),
  example(
    "CDLRISEFALL3METHODS",
    100,
    [100, 107, 99, 106],
    [105, 105.2, 103.8, 104],
    [104, 104.2, 102.8, 103],
    [103, 103.2, 101.8, 102],
    [103, 109.2, 102.8, 109],
  ),
  example("CDLSEPARATINGLINES", 100, [102, 103, 99.5, 100], [102, 108.2, 101.9, 108]),
  example("CDLSHOOTINGSTAR", -100, [103, 108, 103, 103.5]),
  example("CDLSHORTLINE", 100, [100, 101.3, 99.7, 101]),
  example("CDLSPINNINGTOP", 100, [100, 102.5, 98.5, 101]),
  example("CDLSTALLEDPATTERN", -100, [100, 105, 99.8, 104], [103, 108.1, 102.8, 108], [108, 109.5, 107.8, 109]),
  example("CDLSTICKSANDWICH", 100, [102, 102.5, 99.5, 100], [101, 104, 100.5, 103], [103, 103.5, 99.8, 100.1]),
  example("CDLTAKURI", 100, [102, 102, 97, 102]),
  example("CDLTASUKIGAP", 100, WHITE, WHITE_ABOVE, [105, 105.2, 102.8, 103]),
  example("CDLTHRUSTING", -100, LONG_BLACK, [97, 102, 96.5, 102]),
  example("CDLTRISTAR", -100, [100, 101, 99, 100], [103, 104, 102, 103], [101, 102, 100, 101]),
  example("CDLUNIQUE3RIVER", 100, LONG_BLACK, [105, 105.2, 96, 102], [98, 99.5, 97.5, 99]),
  example("CDLUPSIDEGAP2CROWS", -100, LONG_WHITE, [108, 108.5, 106.8, 107], [109, 109.2, 106.3, 106.5]),
  example("CDLXSIDEGAP3METHODS", 100, WHITE, WHITE_ABOVE, [105, 105.2, 100.8, 101]),
];
