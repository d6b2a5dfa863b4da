import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { WindowSlope } from "./internal/window-slope.ts";

export interface LinearregSlopeParameters {
  /** 2..100000. */
  period?: number;
}

/**
 * Slope of the least-squares line through the last `period` closes. Unit: price per candle. Windowed.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_LINEARREG_SLOPE.c
 */
export function createLinearregSlope({ period = 14 }: LinearregSlopeParameters = {}): Indicator<"linearregSlope"> {
  requirePeriod("period", period, 2);
  const slope = new WindowSlope(period);
  return createIndicator({
    name: "linearreg-slope",
    version: "1.0.0",
    parameters: { period },
    outputs: ["linearregSlope"],
    warmup: period,
    window: period,
    blocks: [slope],
    compute(candle, result) {
      result.values.linearregSlope = numberOrNull(slope.next(candle.close));
    },
  });
}
