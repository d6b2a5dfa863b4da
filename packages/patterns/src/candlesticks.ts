import { createCandleShapes, setCandle } from "./candle-shapes.ts";
import { type Candlestick, defineCandlestick } from "./candlestick.ts";

/** A column of prices, one per candle. */
export type Prices = ArrayLike<number>;

/** A pattern over whole columns: TA-Lib's value per candle, 0 before the pattern's lookback. */
export type CandlestickFunction = (open: Prices, high: Prices, low: Prices, close: Prices) => Int32Array;

/** The same with a share of the first real body (0..1) that the last close must reach; TA-Lib's default where left out. */
export type PenetratingFunction = (open: Prices, high: Prices, low: Prices, close: Prices, penetration?: number) => Int32Array;

const define = defineCandlestick;

/**
 * The 61 patterns of TA-Lib 0.7.1 with its default settings, in its order of names: candles, output, required trend and
 * lookback as in section 7 of the metrics book. TA-Lib itself does not test the trend.
 */
export const candlesticks: readonly Candlestick[] = [
  define("CDL2CROWS", 3, "bearish", "up", 12),
  define("CDL3BLACKCROWS", 3, "bearish", "up", 13),
  define("CDL3INSIDE", 3, "signed", "reversal", 12),
  define("CDL3LINESTRIKE", 4, "signed", "continuation", 8),
  define("CDL3OUTSIDE", 3, "signed", "reversal", 3),
  define("CDL3STARSINSOUTH", 3, "bullish", "down", 12),
  define("CDL3WHITESOLDIERS", 3, "bullish", "down", 12),
  define("CDLABANDONEDBABY", 3, "signed", "reversal", 12, 0.3),
  define("CDLADVANCEBLOCK", 3, "bearish", "up", 12),
  define("CDLBELTHOLD", 1, "signed", "reversal", 10),
  define("CDLBREAKAWAY", 5, "signed", "reversal", 14),
  define("CDLCLOSINGMARUBOZU", 1, "signed", "none", 10),
  define("CDLCONCEALBABYSWALL", 4, "bullish", "down", 13),
  define("CDLCOUNTERATTACK", 2, "signed", "reversal", 11),
  define("CDLDARKCLOUDCOVER", 2, "bearish", "up", 11, 0.5),
  define("CDLDOJI", 1, "present", "none", 10),
  define("CDLDOJISTAR", 2, "signed", "reversal", 11),
  define("CDLDRAGONFLYDOJI", 1, "present", "down", 10),
  define("CDLENGULFING", 2, "graded", "reversal", 2),
  define("CDLEVENINGDOJISTAR", 3, "bearish", "up", 12, 0.3),
  define("CDLEVENINGSTAR", 3, "bearish", "up", 12, 0.3),
  define("CDLGAPSIDESIDEWHITE", 3, "signed", "continuation", 7),
  define("CDLGRAVESTONEDOJI", 1, "present", "up", 10),
  define("CDLHAMMER", 1, "bullish", "down", 11),
  define("CDLHANGINGMAN", 1, "bearish", "up", 11),
  define("CDLHARAMI", 2, "graded", "reversal", 11),
  define("CDLHARAMICROSS", 2, "graded", "reversal", 11),
  define("CDLHIGHWAVE", 1, "signed", "none", 10),
  define("CDLHIKKAKE", 3, "confirmed", "none", 5),
  define("CDLHIKKAKEMOD", 4, "confirmed", "reversal", 10),
  define("CDLHOMINGPIGEON", 2, "bullish", "down", 11),
  define("CDLIDENTICAL3CROWS", 3, "bearish", "up", 12),
  define("CDLINNECK", 2, "bearish", "continuation", 11),
  define("CDLINVERTEDHAMMER", 1, "bullish", "down", 11),
  define("CDLKICKING", 2, "signed", "none", 11),
  define("CDLKICKINGBYLENGTH", 2, "signed", "none", 11),
  define("CDLLADDERBOTTOM", 5, "bullish", "down", 14),
  define("CDLLONGLEGGEDDOJI", 1, "present", "none", 10),
  define("CDLLONGLINE", 1, "signed", "none", 10),
  define("CDLMARUBOZU", 1, "signed", "none", 10),
  define("CDLMATCHINGLOW", 2, "bullish", "down", 6),
  define("CDLMATHOLD", 5, "bullish", "up", 14, 0.5),
  define("CDLMORNINGDOJISTAR", 3, "bullish", "down", 12, 0.3),
  define("CDLMORNINGSTAR", 3, "bullish", "down", 12, 0.3),
  define("CDLONNECK", 2, "bearish", "continuation", 11),
  define("CDLPIERCING", 2, "bullish", "down", 11),
  define("CDLRICKSHAWMAN", 1, "present", "none", 10),
  define("CDLRISEFALL3METHODS", 5, "signed", "continuation", 14),
  define("CDLSEPARATINGLINES", 2, "signed", "continuation", 11),
  define("CDLSHOOTINGSTAR", 1, "bearish", "up", 11),
  define("CDLSHORTLINE", 1, "signed", "none", 10),
  define("CDLSPINNINGTOP", 1, "signed", "none", 10),
  define("CDLSTALLEDPATTERN", 3, "bearish", "up", 12),
  define("CDLSTICKSANDWICH", 3, "bullish", "down", 7),
  define("CDLTAKURI", 1, "present", "down", 10),
  define("CDLTASUKIGAP", 3, "signed", "continuation", 7),
  define("CDLTHRUSTING", 2, "bearish", "continuation", 11),
  define("CDLTRISTAR", 3, "signed", "reversal", 12),
  define("CDLUNIQUE3RIVER", 3, "bullish", "down", 12),
  define("CDLUPSIDEGAP2CROWS", 3, "bearish", "up", 12),
  define("CDLXSIDEGAP3METHODS", 3, "signed", "continuation", 2),
];

const byName = new Map(candlesticks.map((pattern) => [pattern.name as string, pattern]));

/** The pattern of a TA-Lib name; null where there is none. */
export function findCandlestick(name: string): Candlestick | null {
  return byName.get(name) ?? null;
}

export const CDL2CROWS = overColumns("CDL2CROWS");
export const CDL3BLACKCROWS = overColumns("CDL3BLACKCROWS");
export const CDL3INSIDE = overColumns("CDL3INSIDE");
export const CDL3LINESTRIKE = overColumns("CDL3LINESTRIKE");
export const CDL3OUTSIDE = overColumns("CDL3OUTSIDE");
export const CDL3STARSINSOUTH = overColumns("CDL3STARSINSOUTH");
export const CDL3WHITESOLDIERS = overColumns("CDL3WHITESOLDIERS");
export const CDLABANDONEDBABY = penetrating("CDLABANDONEDBABY");
export const CDLADVANCEBLOCK = overColumns("CDLADVANCEBLOCK");
export const CDLBELTHOLD = overColumns("CDLBELTHOLD");
export const CDLBREAKAWAY = overColumns("CDLBREAKAWAY");
export const CDLCLOSINGMARUBOZU = overColumns("CDLCLOSINGMARUBOZU");
export const CDLCONCEALBABYSWALL = overColumns("CDLCONCEALBABYSWALL");
export const CDLCOUNTERATTACK = overColumns("CDLCOUNTERATTACK");
export const CDLDARKCLOUDCOVER = penetrating("CDLDARKCLOUDCOVER");
export const CDLDOJI = overColumns("CDLDOJI");
export const CDLDOJISTAR = overColumns("CDLDOJISTAR");
export const CDLDRAGONFLYDOJI = overColumns("CDLDRAGONFLYDOJI");
export const CDLENGULFING = overColumns("CDLENGULFING");
export const CDLEVENINGDOJISTAR = penetrating("CDLEVENINGDOJISTAR");
export const CDLEVENINGSTAR = penetrating("CDLEVENINGSTAR");
export const CDLGAPSIDESIDEWHITE = overColumns("CDLGAPSIDESIDEWHITE");
export const CDLGRAVESTONEDOJI = overColumns("CDLGRAVESTONEDOJI");
export const CDLHAMMER = overColumns("CDLHAMMER");
export const CDLHANGINGMAN = overColumns("CDLHANGINGMAN");
export const CDLHARAMI = overColumns("CDLHARAMI");
export const CDLHARAMICROSS = overColumns("CDLHARAMICROSS");
export const CDLHIGHWAVE = overColumns("CDLHIGHWAVE");
export const CDLHIKKAKE = overColumns("CDLHIKKAKE");
export const CDLHIKKAKEMOD = overColumns("CDLHIKKAKEMOD");
export const CDLHOMINGPIGEON = overColumns("CDLHOMINGPIGEON");
export const CDLIDENTICAL3CROWS = overColumns("CDLIDENTICAL3CROWS");
export const CDLINNECK = overColumns("CDLINNECK");
export const CDLINVERTEDHAMMER = overColumns("CDLINVERTEDHAMMER");
export const CDLKICKING = overColumns("CDLKICKING");
export const CDLKICKINGBYLENGTH = overColumns("CDLKICKINGBYLENGTH");
export const CDLLADDERBOTTOM = overColumns("CDLLADDERBOTTOM");
export const CDLLONGLEGGEDDOJI = overColumns("CDLLONGLEGGEDDOJI");
export const CDLLONGLINE = overColumns("CDLLONGLINE");
export const CDLMARUBOZU = overColumns("CDLMARUBOZU");
export const CDLMATCHINGLOW = overColumns("CDLMATCHINGLOW");
export const CDLMATHOLD = penetrating("CDLMATHOLD");
export const CDLMORNINGDOJISTAR = penetrating("CDLMORNINGDOJISTAR");
export const CDLMORNINGSTAR = penetrating("CDLMORNINGSTAR");
export const CDLONNECK = overColumns("CDLONNECK");
export const CDLPIERCING = overColumns("CDLPIERCING");
export const CDLRICKSHAWMAN = overColumns("CDLRICKSHAWMAN");
export const CDLRISEFALL3METHODS = overColumns("CDLRISEFALL3METHODS");
export const CDLSEPARATINGLINES = overColumns("CDLSEPARATINGLINES");
export const CDLSHOOTINGSTAR = overColumns("CDLSHOOTINGSTAR");
export const CDLSHORTLINE = overColumns("CDLSHORTLINE");
export const CDLSPINNINGTOP = overColumns("CDLSPINNINGTOP");
export const CDLSTALLEDPATTERN = overColumns("CDLSTALLEDPATTERN");
export const CDLSTICKSANDWICH = overColumns("CDLSTICKSANDWICH");
export const CDLTAKURI = overColumns("CDLTAKURI");
export const CDLTASUKIGAP = overColumns("CDLTASUKIGAP");
export const CDLTHRUSTING = overColumns("CDLTHRUSTING");
export const CDLTRISTAR = overColumns("CDLTRISTAR");
export const CDLUNIQUE3RIVER = overColumns("CDLUNIQUE3RIVER");
export const CDLUPSIDEGAP2CROWS = overColumns("CDLUPSIDEGAP2CROWS");
export const CDLXSIDEGAP3METHODS = overColumns("CDLXSIDEGAP3METHODS");

function overColumns(name: Candlestick["name"]): CandlestickFunction {
  return (open, high, low, close) => judgeColumns(name, open, high, low, close);
}

function penetrating(name: Candlestick["name"]): PenetratingFunction {
  return (open, high, low, close, penetration) => judgeColumns(name, open, high, low, close, penetration);
}

/** Throws RangeError where the columns differ in length. */
function judgeColumns(name: Candlestick["name"], open: Prices, high: Prices, low: Prices, close: Prices, penetration?: number): Int32Array {
  const length = open.length;
  if (high.length !== length || low.length !== length || close.length !== length) {
    throw new RangeError(`${name}: columns of one length expected, found ${[length, high.length, low.length, close.length].join(", ")}`);
  }
  const pattern = byName.get(name) as Candlestick;
  const shapes = createCandleShapes(length);
  for (let i = 0; i < length; i++) setCandle(shapes, i, open[i], high[i], low[i], close[i]);
  const values = new Int32Array(length);
  const share = penetration ?? pattern.penetration ?? 0;
  for (let i = pattern.lookback; i < length; i++) values[i] = pattern.rule(shapes, i, share);
  return values;
}
