import type { Indicator } from "./indicator.ts";
import { createIndicator, numberOrNull } from "./internal/create-indicator.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { exponentialAverage } from "./internal/recursive-average.ts";

export interface MacdParameters {
  /** 2..100000. Where it is above `slowPeriod` the two change places. */
  fastPeriod?: number;
  /** 2..100000. */
  slowPeriod?: number;
  /** 1..100000. */
  signalPeriod?: number;
}

/**
 * Moving average convergence/divergence: `macd` = fast EMA - slow EMA of the close, `signal` its EMA,
 * `histogram` = macd - signal. Unit: price difference. Running. The fast EMA is started by the mean of
 * the `fastPeriod` closes that end where the slow one's seed ends; all three begin together.
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_MACD.c
 */
export function createMacd(parameters: MacdParameters = {}): Indicator<"macd" | "signal" | "histogram"> {
  const { fastPeriod: a = 12, slowPeriod: b = 26, signalPeriod = 9 } = parameters;
  requirePeriod("fastPeriod", a, 2);
  requirePeriod("slowPeriod", b, 2);
  requirePeriod("signalPeriod", signalPeriod, 1);
  const fastPeriod = Math.min(a, b);
  const slowPeriod = Math.max(a, b);
  const fast = exponentialAverage(fastPeriod, slowPeriod - fastPeriod);
  const slow = exponentialAverage(slowPeriod);
  const smoothed = exponentialAverage(signalPeriod);
  return createIndicator({
    name: "macd",
    version: "1.0.0",
    parameters: { fastPeriod, slowPeriod, signalPeriod },
    outputs: ["macd", "signal", "histogram"],
    warmup: slowPeriod + signalPeriod - 1,
    window: null,
    blocks: [fast, slow, smoothed],
    compute({ close }, { values }) {
      const macd = fast.next(close) - slow.next(close);
      const signal = smoothed.next(macd);
      values.macd = Number.isNaN(signal) ? null : numberOrNull(macd);
      values.signal = numberOrNull(signal);
      values.histogram = numberOrNull(macd - signal);
    },
  });
}
