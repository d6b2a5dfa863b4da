import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { RunningSum } from "./internal/running-sum.ts";

/**
 * On-balance volume: starts with the first candle's volume; then adds the volume where the close rose,
 * takes it away where it fell. Base units. Running: its level means only what it was started with.
 * J. Granville, New Key to Stock Market Profits, 1963; https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_OBV.c
 */
export function createObv(): Indicator<"obv"> {
  const close = new Delay(1);
  const sum = new RunningSum();
  return createIndicator({
    name: "obv",
    version: "1.0.0",
    parameters: {},
    outputs: ["obv"],
    warmup: 1,
    window: null,
    blocks: [close, sum],
    compute(candle, result) {
      const previous = close.next(candle.close);
      const sign = Number.isNaN(previous) ? 1 : Math.sign(candle.close - previous);
      result.values.obv = numberOrNull(sum.next(sign * candle.volumeBase));
    },
  });
}
