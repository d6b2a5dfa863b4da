import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { WindowExtreme } from "./internal/window-extreme.ts";

export interface DonchianParameters {
  /** 1..100000. */
  period?: number;
}

/**
 * Donchian channel: `upper` = highest high and `lower` = lowest low of the last `period` candles, this
 * one included; `middle` = their mean. Unit: price. Windowed. A rule for breakouts compares with the
 * channel of the candle before. The definition book, section 5.
 */
export function createDonchian({ period = 20 }: DonchianParameters = {}): Indicator<"upper" | "middle" | "lower"> {
  requirePeriod("period", period, 1);
  const highs = new WindowExtreme(period, "highest");
  const lows = new WindowExtreme(period, "lowest");
  return createIndicator({
    name: "donchian",
    version: "1.0.0",
    parameters: { period },
    outputs: ["upper", "middle", "lower"],
    warmup: period,
    window: period,
    blocks: [highs, lows],
    compute({ high, low }, { values }) {
      const upper = highs.next(high);
      const lower = lows.next(low);
      values.upper = numberOrNull(upper);
      values.middle = numberOrNull((upper + lower) / 2);
      values.lower = numberOrNull(lower);
    },
  });
}
