import type { IndicatorName } from "@tickfleet/contracts/enriched-messages";

/** How one value of enriched candles is drawn; colours are names of the theme. */
export interface IndicatorLine {
  column: IndicatorName;
  label: string;
  color: "line1" | "line2" | "line3" | "line4" | "quiet";
  /** Bars above and below zero instead of a line. */
  isHistogram?: boolean;
  isDashed?: boolean;
}

/** Lines that are shown and hidden together: on the prices, or in a pane of their own. */
export interface IndicatorGroup {
  name: string;
  label: string;
  title: string;
  pane: "price" | "own";
  lines: readonly IndicatorLine[];
  /** Values at which a pane has a fixed line. */
  marks?: readonly number[];
  /** Values that a pane shows at least. */
  range?: readonly [number, number];
}

/** What the page can show of enriched candles, in the order of its menu. */
export const INDICATOR_GROUPS: readonly IndicatorGroup[] = [
  {
    name: "ema",
    label: "EMA",
    title: "Exponential moving averages of 9 and 21 candles",
    pane: "price",
    lines: [
      { column: "ema9", label: "EMA 9", color: "line1" },
      { column: "ema21", label: "EMA 21", color: "line2" },
    ],
  },
  {
    name: "sma",
    label: "SMA",
    title: "Simple moving averages of 50 and 200 candles",
    pane: "price",
    lines: [
      { column: "sma50", label: "SMA 50", color: "line3" },
      { column: "sma200", label: "SMA 200", color: "quiet" },
    ],
  },
  {
    name: "bollinger",
    label: "Bollinger",
    title: "Bollinger bands: 20 candles, 2 standard deviations",
    pane: "price",
    lines: [
      { column: "bbandsUpper", label: "Upper", color: "quiet" },
      { column: "bbandsMiddle", label: "Middle", color: "quiet", isDashed: true },
      { column: "bbandsLower", label: "Lower", color: "quiet" },
    ],
  },
  {
    name: "vwap",
    label: "VWAP",
    title: "Volume-weighted average price of the session",
    pane: "price",
    lines: [{ column: "vwapSession", label: "VWAP", color: "line4", isDashed: true }],
  },
  {
    name: "rsi",
    label: "RSI",
    title: "Relative strength index of 14 candles",
    pane: "own",
    lines: [{ column: "rsi14", label: "RSI 14", color: "line1" }],
    marks: [30, 70],
    range: [22, 78],
  },
  {
    name: "macd",
    label: "MACD",
    title: "Moving average convergence and divergence: 12, 26, 9",
    pane: "own",
    lines: [
      { column: "macdHistogram", label: "Histogram", color: "quiet", isHistogram: true },
      { column: "macd", label: "MACD", color: "line1" },
      { column: "macdSignal", label: "Signal", color: "line2" },
    ],
    marks: [0],
  },
];

/** Columns that the page asks `/api/v1/indicators` for. */
export const INDICATOR_COLUMNS: readonly IndicatorName[] = INDICATOR_GROUPS.flatMap(({ lines }) => lines.map(({ column }) => column));
