import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { exponentialAverage } from "./internal/recursive-average.ts";

export interface EmaParameters {
  /** n of the factor 2 / (n + 1), and of the seed; 1..100000. */
  period?: number;
}

/**
 * Exponential moving average of closes: y += (close - y) * 2 / (n + 1), started by the mean of the
 * first n closes. Unit: price. Running: stable after about 6.9 (n + 1) candles.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_EMA.c
 */
export function createEma({ period = 20 }: EmaParameters = {}): Indicator<"ema"> {
  requirePeriod("period", period, 1);
  const average = exponentialAverage(period);
  return createIndicator({
    name: "ema",
    version: "1.0.0",
    parameters: { period },
    outputs: ["ema"],
    warmup: period,
    window: null,
    blocks: [average],
    compute(candle, result) {
      result.values.ema = numberOrNull(average.next(candle.close));
    },
  });
}
