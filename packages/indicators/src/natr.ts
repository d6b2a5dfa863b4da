import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { wilderAverage } from "./internal/recursive-average.ts";
import { trueRange } from "./internal/true-range.ts";

export interface NatrParameters {
  /** True ranges smoothed, 1..100000. */
  period?: number;
}

/**
 * Normalised average true range: 100 ATR / close. Percent; at least 0 where prices are. Running. Where
 * the close is 0 it is 0 and undefined.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_NATR.c
 */
export function createNatr({ period = 14 }: NatrParameters = {}): Indicator<"natr"> {
  requirePeriod("period", period, 1);
  const previousClose = new Delay(1);
  const average = wilderAverage(period);
  return createIndicator({
    name: "natr",
    version: "1.0.0",
    parameters: { period },
    outputs: ["natr"],
    warmup: period + 1,
    window: null,
    blocks: [previousClose, average],
    compute({ high, low, close }, result) {
      const atr = average.next(trueRange(high, low, previousClose.next(close)));
      result.undefined = close === 0 && !Number.isNaN(atr);
      result.values.natr = result.undefined ? 0 : numberOrNull((100 * atr) / close);
    },
  });
}
