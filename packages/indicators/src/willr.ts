import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { WindowExtreme } from "./internal/window-extreme.ts";

export interface WillrParameters {
  /** 2..100000. */
  period?: number;
}

/**
 * Williams %R: -100 (highest - close) / (highest - lowest) over the last `period` candles. -100..0.
 * Windowed. Where highest = lowest it is 0 and undefined.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_WILLR.c
 */
export function createWillr({ period = 14 }: WillrParameters = {}): Indicator<"willr"> {
  requirePeriod("period", period, 2);
  const highs = new WindowExtreme(period, "highest");
  const lows = new WindowExtreme(period, "lowest");
  return createIndicator({
    name: "willr",
    version: "1.0.0",
    parameters: { period },
    outputs: ["willr"],
    warmup: period,
    window: period,
    blocks: [highs, lows],
    compute({ high, low, close }, result) {
      const highest = highs.next(high);
      const lowest = lows.next(low);
      result.undefined = highest === lowest;
      result.values.willr = result.undefined ? 0 : numberOrNull((-100 * (highest - close)) / (highest - lowest));
    },
  });
}
