import type { Indicator, IndicatorCandle } from "./indicator.ts";
import { createIndicator, numberOrNull, type PricedCandle } from "./internal/create-indicator.ts";
import { Delay } from "./internal/delay.ts";
import { requirePeriod } from "./internal/parameters.ts";
import { RecentEvent } from "./internal/recent-event.ts";
import { RunningSum } from "./internal/running-sum.ts";
import { WindowSum } from "./internal/window-sum.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * What a candle adds above the line. `trades`: its sum of price times size, or typical price times
 * volume where it has none (`sumPriceSize` absent or null). `hlc3`: typical price times volume.
 */
type VwapPrice = "trades" | "hlc3";

export interface AnchoredVwapParameters {
  /** Where the sums begin again: when the caller's `sessionOpenTime` changes, or at 00:00 UTC, or at every full hour UTC. */
  anchor?: "session" | "utc-day" | "utc-hour";
  price?: VwapPrice;
}

export interface RollingVwapParameters {
  /** Candles summed, 1..100000. */
  period: number;
  price?: VwapPrice;
}

/**
 * Volume-weighted average price: sum of price * volume over sum of volume, since the anchor (running)
 * or over the last `period` candles (windowed). Unit: price; null while the volume is 0. The sums do
 * not drift. The definition book, sections 1 and 5. Throws RangeError where the anchor is `session`
 * and a candle has no `sessionOpenTime`.
 */
export function createVwap(parameters: AnchoredVwapParameters | RollingVwapParameters = {}): Indicator<"vwap"> {
  const { price = "trades" } = parameters;
  if ("period" in parameters) return createRolling(parameters.period, price);
  return createAnchored(parameters.anchor ?? "utc-day", price);
}

function createAnchored(anchor: NonNullable<AnchoredVwapParameters["anchor"]>, price: VwapPrice): Indicator<"vwap"> {
  const keys = new Delay(1);
  const flows = new RunningSum();
  const volumes = new RunningSum();
  return createIndicator({
    name: "vwap",
    version: "1.0.0",
    parameters: { anchor, price },
    outputs: ["vwap"],
    warmup: 1,
    window: null,
    blocks: [keys, flows, volumes],
    compute(candle, result) {
      const key = keyOf(anchor, candle);
      const restarts = keys.next(key) !== key;
      const flow = flows.next(flowOf(price, candle), restarts);
      const volume = volumes.next(candle.volumeBase, restarts);
      result.values.vwap = volume > 0 ? numberOrNull(flow / volume) : null;
    },
  });
}

function createRolling(period: number, price: VwapPrice): Indicator<"vwap"> {
  requirePeriod("period", period, 1);
  const flows = new WindowSum(period);
  const volumes = new WindowSum(period);
  const traded = new RecentEvent(period);
  return createIndicator({
    name: "vwap",
    version: "1.0.0",
    parameters: { period, price },
    outputs: ["vwap"],
    warmup: period,
    window: period,
    blocks: [flows, volumes, traded],
    compute(candle, result) {
      const vwap = flows.next(flowOf(price, candle)) / volumes.next(candle.volumeBase);
      result.values.vwap = traded.next(candle.volumeBase > 0) ? numberOrNull(vwap) : null;
    },
  });
}

function keyOf(anchor: AnchoredVwapParameters["anchor"], candle: IndicatorCandle): number {
  if (anchor === "utc-day") return Math.floor(candle.openTime / DAY_MS);
  if (anchor === "utc-hour") return Math.floor(candle.openTime / HOUR_MS);
  const { sessionOpenTime } = candle;
  if (sessionOpenTime === undefined || !Number.isFinite(sessionOpenTime)) {
    throw new RangeError(`vwap of sessions: expected a sessionOpenTime in the candle of ${candle.openTime}, found ${sessionOpenTime}`);
  }
  return sessionOpenTime;
}

function flowOf(price: VwapPrice, candle: PricedCandle): number {
  if (price === "trades" && candle.sumPriceSize !== undefined && candle.sumPriceSize !== null) return candle.sumPriceSize;
  return ((candle.high + candle.low + candle.close) / 3) * candle.volumeBase;
}
