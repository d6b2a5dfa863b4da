import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { requirePeriod } from "./internal/parameters.ts";

export interface MomParameters {
  /** Candles back, 1..100000. */
  period?: number;
}

/**
 * Momentum: close - close of `period` candles ago. Unit: price difference. Windowed.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_MOM.c
 */
export function createMom({ period = 10 }: MomParameters = {}): Indicator<"mom"> {
  requirePeriod("period", period, 1);
  const closes = new Delay(period);
  return createIndicator({
    name: "mom",
    version: "1.0.0",
    parameters: { period },
    outputs: ["mom"],
    warmup: period + 1,
    window: period + 1,
    blocks: [closes],
    compute({ close }, result) {
      result.values.mom = numberOrNull(close - closes.next(close));
    },
  });
}
