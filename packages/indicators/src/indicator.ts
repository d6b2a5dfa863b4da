/**
 * What every indicator looks like. The names of the candle's fields are the wire names, so a candle
 * of `@tickfleet/market` is one.
 *
 * A candle without trades (`no-trades`, or `venue-down`) has null prices. Windows count candles with
 * trades, so it changes nothing, and all values are null for it; who serves a carried value carries
 * it. A `partial` candle has trades and counts. What a hole means is the caller's to know: one longer
 * than the window calls for `reset()` (the definition book, section 0, "Gap and windows").
 */
export interface IndicatorCandle {
  /** Epoch milliseconds. Only `vwap` anchored to a UTC day or hour reads it. */
  openTime: number;
  high: number | null;
  low: number | null;
  close: number | null;
  /** Base units, at least 0. */
  volumeBase: number;
  /** Sum of price times size over the trades. Only `vwap` of trades reads it. */
  sumPriceSize?: number | null;
  /** When the session of this candle began, or anything else that is another number in another session. Only `vwap` of sessions reads it. */
  sessionOpenTime?: number;
}

/** What an indicator says of one candle. */
export interface IndicatorResult<Output extends string = string> {
  /** Null during warm-up, for candles without trades, and where a formula has no value; never NaN, infinite or -0. */
  readonly values: Readonly<Record<Output, number | null>>;
  /**
   * The input was degenerate (flat, no flow, zero denominator): the values are what TA-Lib gives
   * there, but they mean nothing.
   */
  readonly undefined: boolean;
}

/** State of an indicator as plain JSON: finite numbers only, so that it comes back from text bit for bit. */
export interface IndicatorSnapshot {
  id: string;
  numbers: number[];
}

/** An incremental indicator. */
export interface Indicator<Output extends string = string> {
  /** `name@version(parameters)`, such as `rsi@1.0.0(period=14)`; equal ids give equal bits. */
  readonly id: string;
  /** Names of the values, in a fixed order. */
  readonly outputs: readonly Output[];
  /** Number of candles with trades until the first value, its own included: TA-Lib's lookback + 1. */
  readonly warmup: number;
  /** `window`: a value depends on the last `window` candles alone. `running`: on all since the start or the anchor. */
  readonly scope: "window" | "running";
  /** Candles with trades, the present one included, that a value depends on; null where the scope is running. */
  readonly window: number | null;
  /** Takes a closed candle. The result is reused: it holds until the next update. Throws RangeError where a number is not finite. */
  update(candle: IndicatorCandle): IndicatorResult<Output>;
  /** What `update` would say, without any effect. The result is reused: it holds until the next peek. */
  peek(candle: IndicatorCandle): IndicatorResult<Output>;
  /** Forgets everything. */
  reset(): void;
  snapshot(): IndicatorSnapshot;
  /** Goes on from a snapshot. Throws RangeError where it is of another id or not whole; then the indicator is as after `reset`. */
  restore(snapshot: IndicatorSnapshot): void;
}
