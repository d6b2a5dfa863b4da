import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { wilderAverage } from "./internal/recursive-average.ts";

export interface RsiParameters {
  /** Changes smoothed, 2..100000. */
  period?: number;
}

/**
 * Relative strength index: 100 G / (G + D), G and D Wilder's averages of gains and losses of the
 * close, started by the means of the first `period` ones. 0..100. Running: stable after about
 * 13.8 period candles. Where nothing ever moved it is 0 and undefined (only where G + D is 0, not
 * below TA-Lib's 1e-14: an instrument may be worth less). Wilder 1978;
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_RSI.c
 */
export function createRsi({ period = 14 }: RsiParameters = {}): Indicator<"rsi"> {
  requirePeriod("period", period, 2);
  const close = new Delay(1);
  const gains = wilderAverage(period);
  const losses = wilderAverage(period);
  return createIndicator({
    name: "rsi",
    version: "1.0.0",
    parameters: { period },
    outputs: ["rsi"],
    warmup: period + 1,
    window: null,
    blocks: [close, gains, losses],
    compute(candle, result) {
      const change = candle.close - close.next(candle.close);
      const gain = gains.next(Math.max(change, 0));
      const moved = gain + losses.next(Math.max(-change, 0));
      result.undefined = moved === 0;
      result.values.rsi = moved === 0 ? 0 : numberOrNull((100 * gain) / moved);
    },
  });
}
