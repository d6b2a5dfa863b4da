import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { PairSum } from "./internal/pair-sum.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { WindowSum } from "./internal/window-sum.ts";

export interface CciParameters {
  /** 2..100000. A candle costs O(period): the mean of absolute deviations has no shorter way. */
  period?: number;
}

/**
 * Commodity channel index: (tp - mean) / (0.015 * mean absolute deviation) over the last `period`
 * typical prices tp = (high + low + close) / 3. Unbounded, mostly -200..200. Windowed. Where all
 * typical prices are equal it is 0 and undefined. D. Lambert, Commodities, October 1980;
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_CCI.c
 */
export function createCci({ period = 20 }: CciParameters = {}): Indicator<"cci"> {
  requirePeriod("period", period, 2);
  const sum = new WindowSum(period);
  const rest = new PairSum();
  return createIndicator({
    name: "cci",
    version: "1.0.0",
    parameters: { period },
    outputs: ["cci"],
    warmup: period,
    window: period,
    blocks: [sum],
    compute({ high, low, close }, result) {
      const typical = (high + low + close) / 3;
      const total = sum.next(typical);
      result.values.cci = null;
      if (Number.isNaN(total)) return;
      // The mean in two doubles: a flat window has deviations of exactly 0.
      const mean = total / period;
      rest.clear();
      rest.add(total);
      rest.add(sum.nextRest);
      rest.addProduct(-mean, period);
      const meanRest = rest.hi / period;
      const distance = typical - mean - meanRest;
      let deviations = Math.abs(distance);
      for (let i = 0; i < period - 1; i++) deviations += Math.abs(sum.nextAt(i) - mean - meanRest);
      result.undefined = deviations === 0;
      result.values.cci = result.undefined ? 0 : numberOrNull(distance / (0.015 * (deviations / period)));
    },
  });
}
