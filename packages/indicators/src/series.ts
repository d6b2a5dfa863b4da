import type { Indicator, IndicatorCandle } from "./indicator.ts";

/**
 * Closed candles in columns of equal length, oldest first. NaN in `high`, `low` or `close` is a candle
 * without trades; NaN in `sumPriceSize` is a sum that is not known.
 */
export interface CandleColumns {
  /** Epoch milliseconds. */
  openTime: Float64Array;
  high: Float64Array;
  low: Float64Array;
  close: Float64Array;
  volumeBase: Float64Array;
  sumPriceSize?: Float64Array;
  sessionOpenTime?: Float64Array;
}

/** Values of an indicator in columns. */
export interface IndicatorSeries<Output extends string = string> {
  /** NaN is null: during warm-up, without trades, without a value. */
  values: Readonly<Record<Output, Float64Array>>;
  /** 1 where the result is undefined, else 0. */
  undefined: Uint8Array;
}

/** Takes the candles one after another, as `update` does: same bits, and the indicator goes on from the last. */
export function computeSeries<Output extends string>(indicator: Indicator<Output>, candles: CandleColumns): IndicatorSeries<Output> {
  const length = candles.close.length;
  const columns = indicator.outputs.map(() => new Float64Array(length));
  const degenerate = new Uint8Array(length);
  const candle = emptyCandle(candles);
  for (let i = 0; i < length; i++) {
    setCandle(candle, candles, i);
    const result = indicator.update(candle);
    if (result.undefined) degenerate[i] = 1;
    for (let k = 0; k < columns.length; k++) {
      (columns[k] as Float64Array)[i] = result.values[indicator.outputs[k] as Output] ?? Number.NaN;
    }
  }
  const values = Object.fromEntries(indicator.outputs.map((output, k) => [output, columns[k]])) as Record<Output, Float64Array>;
  return { values, undefined: degenerate };
}

function emptyCandle(candles: CandleColumns): IndicatorCandle {
  const candle: IndicatorCandle = { openTime: 0, high: 0, low: 0, close: 0, volumeBase: 0, sumPriceSize: null };
  if (candles.sessionOpenTime !== undefined) candle.sessionOpenTime = 0;
  return candle;
}

function setCandle(candle: IndicatorCandle, candles: CandleColumns, i: number): void {
  candle.openTime = candles.openTime[i] as number;
  candle.high = orNull(candles.high[i] as number);
  candle.low = orNull(candles.low[i] as number);
  candle.close = orNull(candles.close[i] as number);
  candle.volumeBase = candles.volumeBase[i] as number;
  if (candles.sumPriceSize !== undefined) candle.sumPriceSize = orNull(candles.sumPriceSize[i] as number);
  if (candles.sessionOpenTime !== undefined) candle.sessionOpenTime = candles.sessionOpenTime[i] as number;
}

function orNull(x: number): number | null {
  return Number.isNaN(x) ? null : x;
}
