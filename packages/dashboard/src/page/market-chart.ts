import {
  CandlestickSeries,
  CrosshairMode,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type UTCTimestamp,
} from "lightweight-charts";
import { createMarkers } from "./chart-markers.ts";
import { hasHours } from "./format.ts";
import { IndicatorPanes } from "./indicator-panes.ts";
import type { CandleRow, IndicatorRow, PatternRow, SignalRow } from "./rows.ts";
import type { Theme } from "./theme.ts";
import { TimeSeries } from "./time-series.ts";

/** What the chart tells. */
export interface ChartHandlers {
  /** The candle under the pointer; null when there is none. */
  onPoint(openTime: number | null): void;
  /** Few candles are left to the left. */
  onEdge(): void;
  /** A signal was clicked; null for a click elsewhere. */
  onPick(signalId: string | null): void;
}

const OLDER_WHEN_FEWER = 40;
/** Candles in view at first. */
const FIRST_VISIBLE = 150;
const FIRST_VISIBLE_NARROW = 60;
/** So many at least, where there are fewer. */
const LEAST_VISIBLE = 40;
const RIGHT_OFFSET = 6;
const NARROW_PX = 600;
const WIDEST_CANDLE = 26;

/** Candles with volume, indicators and markers. Knows nothing of where they come from. */
export class MarketChart {
  readonly candles = new TimeSeries<CandleRow>();
  readonly indicators = new TimeSeries<IndicatorRow>();
  readonly signals = new Map<string, SignalRow>();
  readonly patterns = new Map<string, PatternRow>();
  /** Markers changed since they were drawn. */
  areMarkersStale = false;
  showsPatterns = true;
  picked: string | null = null;
  readonly #container: HTMLElement;
  readonly #chart: IChartApi;
  readonly #price: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  readonly #markers: ISeriesMarkersPluginApi<UTCTimestamp>;
  readonly #panes: IndicatorPanes;
  #theme: Theme;
  #decimals = 2;
  /** There are fewer candles than the view takes, and nobody has moved it: it grows with them. */
  #isFitting = true;

  constructor(container: HTMLElement, theme: Theme, handlers: ChartHandlers) {
    this.#container = container;
    this.#theme = theme;
    this.#chart = createChart(container, {
      autoSize: true,
      localization: { locale: "en-GB" },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { secondsVisible: false, rightOffset: RIGHT_OFFSET, maxBarSpacing: WIDEST_CANDLE, enableConflation: true },
    });
    this.#price = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    const hidden = { lastValueVisible: false, priceLineVisible: false, priceScaleId: "volume" };
    this.#volume = this.#chart.addSeries(HistogramSeries, { ...hidden, priceFormat: { type: "volume" } });
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.#price.priceScale().applyOptions({ scaleMargins: { top: 0.12, bottom: 0.2 } });
    this.#markers = createSeriesMarkers(this.#price as ISeriesApi<"Candlestick", UTCTimestamp>, []);
    this.#panes = new IndicatorPanes(this.#chart, theme);
    this.#chart.panes()[0]?.setStretchFactor(4);
    this.setTheme(theme);
    this.#chart.subscribeCrosshairMove(({ time }) => handlers.onPoint(time === undefined ? null : (time as number) * 1_000));
    this.#chart.subscribeClick(({ time, hoveredInfo }) => {
      const id = hoveredInfo?.objectId;
      if (typeof id === "string" && this.signals.has(id)) handlers.onPick(id);
      else handlers.onPick(time === undefined ? null : this.#signalAt((time as number) * 1_000));
    });
    for (const kind of ["pointerdown", "wheel"]) container.addEventListener(kind, () => this.#keepView(), { passive: true });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range !== null && range.from < OLDER_WHEN_FEWER) handlers.onEdge();
    });
  }

  /** What is in view, for tests: the first and last bar's place, and the pixel of a time. */
  get visibleRange(): { from: number; to: number } | null {
    return this.#chart.timeScale().getVisibleLogicalRange();
  }

  /** Pixels from the left edge of the chart, null where the time is not in view. */
  xOf(openTime: number): number | null {
    return this.#chart.timeScale().timeToCoordinate((openTime / 1_000) as UTCTimestamp);
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    const { ground, quiet, line, grid, up, down } = theme;
    this.#chart.applyOptions({
      layout: {
        background: { color: ground },
        textColor: quiet,
        fontSize: 11,
        panes: { separatorColor: line, separatorHoverColor: `${line}80` },
      },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      crosshair: { vertLine: { color: quiet, labelBackgroundColor: line }, horzLine: { color: quiet, labelBackgroundColor: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    this.#price.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.#panes.setTheme(theme);
    this.#redraw();
  }

  /** Begins with another instrument or timeframe: empty, and with prices of so many decimals. */
  clear(decimals: number, timeframe: string): void {
    this.#decimals = decimals;
    this.candles.clear();
    this.indicators.clear();
    this.signals.clear();
    this.patterns.clear();
    this.areMarkersStale = true;
    this.#isFitting = true;
    this.#price.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals } });
    this.#panes.setPriceFormat(decimals);
    this.#chart.timeScale().applyOptions({ timeVisible: hasHours(timeframe) });
    this.#price.priceScale().applyOptions({ autoScale: true });
    this.drawChanges();
  }

  showIndicators(names: ReadonlySet<string>): void {
    if (!this.#panes.show(names)) return;
    this.#panes.setPriceFormat(this.#decimals);
    this.#panes.setRows(this.indicators.rows());
  }

  /** Draws what changed since the last call; returns whether a candle did. */
  drawChanges(): boolean {
    const candles = this.candles.takeChanges();
    if (candles.change === "all") this.#drawAll();
    for (const candle of candles.change === "tail" ? candles.rows : []) {
      this.#price.update(pricePoint(candle));
      this.#volume.update(volumePoint(candle, this.#theme));
    }
    const indicators = this.indicators.takeChanges();
    if (indicators.change === "all") this.#panes.setRows(indicators.rows);
    for (const row of indicators.change === "tail" ? indicators.rows : []) this.#panes.updateRow(row);
    if (candles.change !== "none") this.#fit();
    if (this.areMarkersStale) this.#drawMarkers();
    return candles.change !== "none";
  }

  /** Goes back to the newest candle. */
  followNewest(): void {
    this.#chart.timeScale().scrollToRealTime();
  }

  /** Brings a candle into view. */
  scrollTo(openTime: number): void {
    const place = this.candles.rows().findIndex((candle) => candle.openTime === openTime);
    const range = this.visibleRange;
    if (place < 0 || range === null || (place > range.from + 5 && place < range.to - 5)) return;
    this.#keepView();
    const half = (range.to - range.from) / 2;
    this.#chart.timeScale().setVisibleLogicalRange({ from: place - half, to: place + half });
  }

  /** Moves the view by so many candles, or zooms by a factor. */
  move({ candles = 0, zoom = 1 }: { candles?: number; zoom?: number }): void {
    const range = this.visibleRange;
    this.#keepView();
    if (range === null) return;
    const from = range.to - (range.to - range.from) * zoom;
    this.#chart.timeScale().setVisibleLogicalRange({ from: from + candles, to: range.to + candles });
  }

  /** Whoever has moved the view keeps it. */
  #keepView(): void {
    this.#isFitting = false;
  }

  #redraw(): void {
    this.#drawAll();
    this.#panes.setRows(this.indicators.rows());
    this.#drawMarkers();
  }

  #drawAll(): void {
    const rows = this.candles.rows();
    this.#price.setData(rows.map(pricePoint));
    this.#volume.setData(rows.map((candle) => volumePoint(candle, this.#theme)));
  }

  /** The newest candles; few of them are spread, but not over the whole width. */
  #fit(): void {
    const count = this.candles.size;
    if (!this.#isFitting || count === 0) return;
    const visible = this.#container.clientWidth < NARROW_PX ? FIRST_VISIBLE_NARROW : FIRST_VISIBLE;
    this.#isFitting = count < visible;
    const from = Math.max(count - visible, Math.min(0, count - LEAST_VISIBLE));
    this.#chart.timeScale().setVisibleLogicalRange({ from, to: count + RIGHT_OFFSET - 1 });
  }

  #drawMarkers(): void {
    this.areMarkersStale = false;
    const first = this.candles.first?.openTime ?? Number.POSITIVE_INFINITY;
    const signals = [...this.signals.values()].filter((signal) => signal.openTime >= first);
    const patterns = this.showsPatterns ? [...this.patterns.values()].filter((pattern) => pattern.openTime >= first) : [];
    this.#markers.setMarkers(createMarkers(signals, patterns, this.picked, this.#theme));
  }

  #signalAt(openTime: number): string | null {
    for (const signal of this.signals.values())
      if (signal.openTime === openTime && signal.state === "active" && signal.direction !== 0) return signal.id;
    return null;
  }
}

/** A candle without trades is a gap on the axis. */
function pricePoint({ openTime, open, high, low, close }: CandleRow) {
  const time = (openTime / 1_000) as UTCTimestamp;
  return open === null || high === null || low === null || close === null ? { time } : { time, open, high, low, close };
}

function volumePoint({ openTime, open, close, volumeBase }: CandleRow, theme: Theme) {
  const isUp = close === null || open === null || close >= open;
  return { time: (openTime / 1_000) as UTCTimestamp, value: volumeBase, color: `${isUp ? theme.up : theme.down}55` };
}
