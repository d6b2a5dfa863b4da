import { CandlestickSeries, createChart, HistogramSeries } from "/lightweight-charts.js";

const COLORS = { up: "#2fb389", down: "#e5586a", upVolume: "#2fb38966", downVolume: "#e5586a66", line: "#232c37", grid: "#1a212a" };
const OLDER_WHEN_FEWER = 50;
/** So few candles are spread over the chart; one candle is no wider than this many pixels. */
const SPREAD_WHEN_FEWER = 150;
const WIDEST_CANDLE = 24;

/**
 * Candles with their volume in a pane below. Knows nothing of where they come from.
 * @param handlers `onPoint(openTime or null)` when the pointer moves, `onEdge()` when few candles are left to the left
 */
export function createMarketChart(container, handlers) {
  const candles = new Map();
  let dirty = new Set();
  const chart = createChart(container, {
    autoSize: true,
    layout: { background: { color: "#0e1217" }, textColor: "#8595a6", attributionLogo: true, panes: { separatorColor: COLORS.line } },
    grid: { vertLines: { color: COLORS.grid }, horzLines: { color: COLORS.grid } },
    rightPriceScale: { borderColor: COLORS.line },
    timeScale: {
      borderColor: COLORS.line,
      timeVisible: true,
      secondsVisible: false,
      rightOffset: 6,
      maxBarSpacing: WIDEST_CANDLE,
      enableConflation: true,
    },
    crosshair: { mode: 0 },
    localization: { locale: "en-GB" },
  });
  const price = chart.addSeries(CandlestickSeries, {
    upColor: COLORS.up,
    downColor: COLORS.down,
    borderVisible: false,
    wickUpColor: COLORS.up,
    wickDownColor: COLORS.down,
  });
  const volume = chart.addSeries(HistogramSeries, { priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false }, 1);
  chart.panes()[0].setStretchFactor(4);
  chart.panes()[1].setStretchFactor(1);
  chart.subscribeCrosshairMove((point) => handlers.onPoint(point.time === undefined ? null : point.time * 1000));
  chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
    if (range !== null && range.from < OLDER_WHEN_FEWER) handlers.onEdge();
  });

  function drawAll() {
    const sorted = [...candles.values()].sort((a, b) => a.openTime - b.openTime);
    dirty = new Set();
    price.setData(sorted.map(pricePoint));
    volume.setData(sorted.map(volumePoint));
  }

  return {
    get empty() {
      return candles.size === 0;
    },
    candleAt: (openTime) => candles.get(openTime),
    oldest: () => candles.values().reduce((least, candle) => Math.min(least, candle.openTime), Number.POSITIVE_INFINITY),
    newest: () =>
      candles.values().reduce((last, candle) => (last === undefined || candle.openTime > last.openTime ? candle : last), undefined),
    /** Prices with so many decimals, and times as fit the timeframe: days have no hour. */
    setFormats(precision, hasHours) {
      const format = new Intl.NumberFormat("en-GB", { minimumFractionDigits: precision, maximumFractionDigits: precision });
      price.applyOptions({ priceFormat: { type: "custom", minMove: 10 ** -precision, formatter: (value) => format.format(value) } });
      chart.timeScale().applyOptions({ timeVisible: hasHours });
    },
    clear() {
      candles.clear();
      drawAll();
    },
    /** Many candles at once, drawn now. */
    put(rows) {
      const isFirst = candles.size === 0;
      for (const candle of rows) candles.set(candle.openTime, candle);
      drawAll();
      if (isFirst && candles.size < SPREAD_WHEN_FEWER) chart.timeScale().fitContent();
    },
    /** One candle, drawn with the next frame. */
    update(candle) {
      candles.set(candle.openTime, candle);
      dirty.add(candle.openTime);
    },
    /** Draws what changed; a change before the last candle draws all of them again. Returns whether there was one. */
    drawChanges() {
      if (dirty.size === 0) return false;
      const last = price.data().at(-1)?.time ?? 0;
      const times = [...dirty].sort((a, b) => a - b);
      if (times[0] / 1000 < last) drawAll();
      else {
        for (const time of times) {
          price.update(pricePoint(candles.get(time)));
          volume.update(volumePoint(candles.get(time)));
        }
        dirty = new Set();
      }
      return true;
    },
  };
}

/** A candle without trades is a gap on the axis. */
function pricePoint(candle) {
  const time = candle.openTime / 1000;
  return candle.open === null ? { time } : { time, open: candle.open, high: candle.high, low: candle.low, close: candle.close };
}

function volumePoint(candle) {
  const up = candle.close === null || candle.close >= candle.open;
  return { time: candle.openTime / 1000, value: candle.volumeBase, color: up ? COLORS.upVolume : COLORS.downVolume };
}
