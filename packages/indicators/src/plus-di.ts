import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { DirectionalMovement } from "./internal/directional-movement.ts";
import { requirePeriod } from "./internal/parameters.ts";

export interface PlusDiParameters {
  /** 2..100000. */
  period?: number;
}

/**
 * Plus directional indicator: 100 times Wilder's sum of plus directional movements over that of true
 * ranges. 0..100. Running. Where the sum of true ranges is 0 it is 0 and undefined. Wilder 1978;
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_PLUS_DI.c
 */
export function createPlusDi({ period = 14 }: PlusDiParameters = {}): Indicator<"plusDi"> {
  requirePeriod("period", period, 2);
  const movement = new DirectionalMovement(period);
  return createIndicator({
    name: "plus-di",
    version: "1.0.0",
    parameters: { period },
    outputs: ["plusDi"],
    warmup: period + 1,
    window: null,
    blocks: movement.blocks,
    compute({ high, low, close }, result) {
      movement.next(high, low, close);
      result.undefined = movement.isFlat;
      result.values.plusDi = numberOrNull(movement.plusDi);
    },
  });
}
