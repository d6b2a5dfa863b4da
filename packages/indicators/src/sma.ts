import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { WindowSum } from "./internal/window-sum.ts";

export interface SmaParameters {
  /** Candles averaged, 1..100000. */
  period?: number;
}

/**
 * Simple moving average: mean of the last `period` closes. Unit: price. Windowed.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_SMA.c
 */
export function createSma({ period = 20 }: SmaParameters = {}): Indicator<"sma"> {
  requirePeriod("period", period, 1);
  const sum = new WindowSum(period);
  return createIndicator({
    name: "sma",
    version: "1.0.0",
    parameters: { period },
    outputs: ["sma"],
    warmup: period,
    window: period,
    blocks: [sum],
    compute(candle, result) {
      result.values.sma = numberOrNull(sum.nextMean(candle.close));
    },
  });
}
