import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { requirePeriod } from "./internal/parameters.ts";

export interface RocParameters {
  /** Candles back, 1..100000. */
  period?: number;
}

/**
 * Rate of change: 100 (close / close of `period` candles ago - 1). Percent, at least -100 where prices
 * are not negative. Windowed. Where the old close is 0 it is 0 and undefined.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_ROC.c
 */
export function createRoc({ period = 10 }: RocParameters = {}): Indicator<"roc"> {
  requirePeriod("period", period, 1);
  const closes = new Delay(period);
  return createIndicator({
    name: "roc",
    version: "1.0.0",
    parameters: { period },
    outputs: ["roc"],
    warmup: period + 1,
    window: period + 1,
    blocks: [closes],
    compute({ close }, result) {
      const old = closes.next(close);
      result.undefined = old === 0;
      result.values.roc = result.undefined ? 0 : numberOrNull((close / old - 1) * 100);
    },
  });
}
