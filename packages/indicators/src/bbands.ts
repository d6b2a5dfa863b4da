import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requireFinite, requirePeriod } from "./internal/parameters.ts";
import { exponentialAverage } from "./internal/recursive-average.ts";
import { WindowDeviation } from "./internal/window-deviation.ts";

export interface BbandsParameters {
  /** 2..100000. */
  period?: number;
  /** Standard deviations from the middle to the upper band. */
  deviationsUp?: number;
  /** Standard deviations from the middle to the lower band. */
  deviationsDown?: number;
  /** What the middle is; the deviation stays about the window's mean. */
  average?: "sma" | "ema";
}

/**
 * Bollinger bands: `middle` = moving average of the last `period` closes, `upper` and `lower` so many
 * population standard deviations (divisor n) from it; all three equal where the window is flat. Unit:
 * price. Windowed; running with an EMA in the middle. The definition is TA-Lib's, the deviation exact
 * where TA-Lib's loses digits. J. Bollinger, Bollinger on Bollinger Bands, 2001;
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_BBANDS.c
 */
export function createBbands(parameters: BbandsParameters = {}): Indicator<"upper" | "middle" | "lower"> {
  const { period = 20, deviationsUp = 2, deviationsDown = 2, average = "sma" } = parameters;
  requirePeriod("period", period, 2);
  requireFinite("deviationsUp", deviationsUp);
  requireFinite("deviationsDown", deviationsDown);
  const deviation = new WindowDeviation(period);
  const exponential = average === "ema" ? exponentialAverage(period) : null;
  return createIndicator({
    name: "bbands",
    version: "1.0.0",
    parameters: { period, deviationsUp, deviationsDown, average },
    outputs: ["upper", "middle", "lower"],
    warmup: period,
    window: exponential === null ? period : null,
    blocks: exponential === null ? [deviation] : [deviation, exponential],
    compute({ close }, { values }) {
      const one = deviation.next(close);
      const middle = exponential === null ? deviation.nextMean : exponential.next(close);
      values.upper = numberOrNull(middle + deviationsUp * one);
      values.middle = Number.isNaN(one) ? null : numberOrNull(middle);
      values.lower = numberOrNull(middle - deviationsDown * one);
    },
  });
}
