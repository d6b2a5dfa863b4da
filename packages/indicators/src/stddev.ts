import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requireFinite, requirePeriod } from "./internal/parameters.ts";
import { WindowDeviation } from "./internal/window-deviation.ts";

export interface StddevParameters {
  /** 2..100000. */
  period?: number;
  /** Factor of the result. */
  deviations?: number;
}

/**
 * Population standard deviation (divisor n) of the last `period` closes, times `deviations`. Unit:
 * price, at least 0 for a positive factor. Windowed. The definition is TA-Lib's, without the digits
 * that it loses to E[x^2] - E[x]^2.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_STDDEV.c
 */
export function createStddev({ period = 20, deviations = 1 }: StddevParameters = {}): Indicator<"stddev"> {
  requirePeriod("period", period, 2);
  requireFinite("deviations", deviations);
  const deviation = new WindowDeviation(period);
  return createIndicator({
    name: "stddev",
    version: "1.0.0",
    parameters: { period, deviations },
    outputs: ["stddev"],
    warmup: period,
    window: period,
    blocks: [deviation],
    compute(candle, result) {
      result.values.stddev = numberOrNull(deviation.next(candle.close) * deviations);
    },
  });
}
