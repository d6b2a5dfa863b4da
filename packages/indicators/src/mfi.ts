import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { WindowSum } from "./internal/window-sum.ts";

/** Price times base units; TA-Lib's constant. Instruments with a tiny volume fall below it too. */
const LEAST_FLOW = 1;

export interface MfiParameters {
  /** Flows summed, 2..100000. */
  period?: number;
}

/**
 * Money flow index: 100 P / (P + N), P and N the sums of tp * volume over the last `period` candles
 * whose typical price tp = (high + low + close) / 3 rose or fell; an equal one counts to neither.
 * 0..100. Windowed. Where P + N is below 1 it is 0 and undefined.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_MFI.c
 */
export function createMfi({ period = 14 }: MfiParameters = {}): Indicator<"mfi"> {
  requirePeriod("period", period, 2);
  const previous = new Delay(1);
  const rises = new WindowSum(period);
  const falls = new WindowSum(period);
  return createIndicator({
    name: "mfi",
    version: "1.0.0",
    parameters: { period },
    outputs: ["mfi"],
    warmup: period + 1,
    window: period + 1,
    blocks: [previous, rises, falls],
    compute({ high, low, close, volumeBase }, result) {
      const typical = (high + low + close) / 3;
      const change = typical - previous.next(typical);
      const flow = typical * volumeBase;
      const none = Number.isNaN(change) ? Number.NaN : 0;
      const risen = rises.next(change > 0 ? flow : none);
      const all = risen + falls.next(change < 0 ? flow : none);
      result.undefined = all < LEAST_FLOW;
      result.values.mfi = result.undefined ? 0 : numberOrNull((100 * risen) / all);
    },
  });
}
