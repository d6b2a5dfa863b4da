import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { wilderAverage } from "./internal/recursive-average.ts";
import { trueRange } from "./internal/true-range.ts";

export interface AtrParameters {
  /** True ranges smoothed, 1..100000. */
  period?: number;
}

/**
 * Average true range: Wilder's average of true ranges, started by the mean of the first `period` ones;
 * the first candle has none. Unit: price, at least 0. Running: stable after about 13.8 period candles.
 * Wilder 1978; https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_ATR.c
 */
export function createAtr({ period = 14 }: AtrParameters = {}): Indicator<"atr"> {
  requirePeriod("period", period, 1);
  const close = new Delay(1);
  const average = wilderAverage(period);
  return createIndicator({
    name: "atr",
    version: "1.0.0",
    parameters: { period },
    outputs: ["atr"],
    warmup: period + 1,
    window: null,
    blocks: [close, average],
    compute(candle, result) {
      result.values.atr = numberOrNull(average.next(trueRange(candle.high, candle.low, close.next(candle.close))));
    },
  });
}
