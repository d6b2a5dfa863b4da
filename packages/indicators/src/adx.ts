import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { DirectionalMovement } from "./internal/directional-movement.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { wilderAverage } from "./internal/recursive-average.ts";

export interface AdxParameters {
  /** 2..100000. */
  period?: number;
}

/**
 * Average directional movement index: Wilder's average of DX = 100 |+DI - -DI| / (+DI + -DI), started
 * by the mean of the first `period` ones, with the two it is made of; all three begin together, the
 * indicators of `plus-di` and `minus-di` earlier. 0..100. Running. Where +DI + -DI is 0 the average
 * holds (a DX of the seed is 0 there); where the true ranges are 0 as well the result is undefined.
 * Wilder 1978; https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_ADX.c
 */
export function createAdx({ period = 14 }: AdxParameters = {}): Indicator<"adx" | "plusDi" | "minusDi"> {
  requirePeriod("period", period, 2);
  const movement = new DirectionalMovement(period);
  const average = wilderAverage(period);
  return createIndicator({
    name: "adx",
    version: "1.0.0",
    parameters: { period },
    outputs: ["adx", "plusDi", "minusDi"],
    warmup: 2 * period,
    window: null,
    blocks: [...movement.blocks, average],
    compute({ high, low, close }, result) {
      movement.next(high, low, close);
      const { plusDi, minusDi } = movement;
      const both = plusDi + minusDi;
      const adx = average.next(both === 0 ? average.heldInput : (100 * Math.abs(plusDi - minusDi)) / both);
      const isReady = !Number.isNaN(adx);
      result.undefined = movement.isFlat && isReady;
      result.values.adx = numberOrNull(adx);
      result.values.plusDi = isReady ? numberOrNull(plusDi) : null;
      result.values.minusDi = isReady ? numberOrNull(minusDi) : null;
    },
  });
}
