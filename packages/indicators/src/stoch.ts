import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { RawStochastic } from "./internal/raw-stochastic.ts";
import { RecentEvent } from "./internal/recent-event.ts";
import { WindowSum } from "./internal/window-sum.ts";

export interface StochParameters {
  /** Candles of the highest high and lowest low, 1..100000. */
  fastKPeriod?: number;
  /** 1..100000. */
  slowKPeriod?: number;
  /** 1..100000. */
  slowDPeriod?: number;
}

/**
 * Slow stochastic: fastK = 100 (close - lowest) / (highest - lowest), `slowK` its SMA, `slowD` the SMA
 * of that. 0..100. Windowed. fastK is 0 where highest = lowest; values with such a one among what they
 * average are undefined. https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_STOCH.c
 */
export function createStoch(parameters: StochParameters = {}): Indicator<"slowK" | "slowD"> {
  const { fastKPeriod = 14, slowKPeriod = 3, slowDPeriod = 3 } = parameters;
  requirePeriod("fastKPeriod", fastKPeriod, 1);
  requirePeriod("slowKPeriod", slowKPeriod, 1);
  requirePeriod("slowDPeriod", slowDPeriod, 1);
  const raw = new RawStochastic(fastKPeriod);
  const kSum = new WindowSum(slowKPeriod);
  const dSum = new WindowSum(slowDPeriod);
  const flat = new RecentEvent(slowKPeriod + slowDPeriod - 1);
  const window = fastKPeriod + slowKPeriod + slowDPeriod - 2;
  return createIndicator({
    name: "stoch",
    version: "1.0.0",
    parameters: { fastKPeriod, slowKPeriod, slowDPeriod },
    outputs: ["slowK", "slowD"],
    warmup: window,
    window,
    blocks: [...raw.blocks, kSum, dSum, flat],
    compute({ high, low, close }, result) {
      const slowK = kSum.nextMean(raw.next(high, low, close));
      const slowD = dSum.nextMean(slowK);
      const isReady = !Number.isNaN(slowD);
      result.undefined = flat.next(raw.isFlat) && isReady;
      result.values.slowK = isReady ? numberOrNull(slowK) : null;
      result.values.slowD = numberOrNull(slowD);
    },
  });
}
