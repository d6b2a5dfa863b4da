import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { RawStochastic } from "./internal/raw-stochastic.ts";
import { RecentEvent } from "./internal/recent-event.ts";
import { WindowSum } from "./internal/window-sum.ts";

export interface StochfParameters {
  /** Candles of the highest high and lowest low, 1..100000. */
  fastKPeriod?: number;
  /** 1..100000. */
  fastDPeriod?: number;
}

/**
 * Fast stochastic: `fastK` = 100 (close - lowest) / (highest - lowest), `fastD` its SMA. 0..100.
 * Windowed. fastK is 0 where highest = lowest; values with such a one among what they average are
 * undefined. https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_STOCHF.c
 */
export function createStochf({ fastKPeriod = 14, fastDPeriod = 3 }: StochfParameters = {}): Indicator<"fastK" | "fastD"> {
  requirePeriod("fastKPeriod", fastKPeriod, 1);
  requirePeriod("fastDPeriod", fastDPeriod, 1);
  const raw = new RawStochastic(fastKPeriod);
  const dSum = new WindowSum(fastDPeriod);
  const flat = new RecentEvent(fastDPeriod);
  const window = fastKPeriod + fastDPeriod - 1;
  return createIndicator({
    name: "stochf",
    version: "1.0.0",
    parameters: { fastKPeriod, fastDPeriod },
    outputs: ["fastK", "fastD"],
    warmup: window,
    window,
    blocks: [...raw.blocks, dSum, flat],
    compute({ high, low, close }, result) {
      const fastK = raw.next(high, low, close);
      const fastD = dSum.nextMean(fastK);
      const isReady = !Number.isNaN(fastD);
      result.undefined = flat.next(raw.isFlat) && isReady;
      result.values.fastK = isReady ? numberOrNull(fastK) : null;
      result.values.fastD = numberOrNull(fastD);
    },
  });
}
