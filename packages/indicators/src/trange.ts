import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { trueRange } from "./internal/true-range.ts";

/**
 * True range: the candle's range, widened to the previous close. Unit: price, at least 0. Windowed (2
 * candles). Over a closed session it includes the step from one to the next.
 * Wilder 1978; https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_TRANGE.c
 */
export function createTrange(): Indicator<"trange"> {
  const close = new Delay(1);
  return createIndicator({
    name: "trange",
    version: "1.0.0",
    parameters: {},
    outputs: ["trange"],
    warmup: 2,
    window: 2,
    blocks: [close],
    compute(candle, result) {
      result.values.trange = numberOrNull(trueRange(candle.high, candle.low, close.next(candle.close)));
    },
  });
}
