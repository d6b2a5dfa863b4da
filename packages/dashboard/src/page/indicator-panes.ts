import {
  type AutoscaleInfo,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type SeriesType,
  type UTCTimestamp,
} from "lightweight-charts";
import { INDICATOR_GROUPS, type IndicatorGroup, type IndicatorLine } from "./indicator-groups.ts";
import type { IndicatorRow } from "./rows.ts";
import type { Theme } from "./theme.ts";

interface Drawn {
  line: IndicatorLine;
  series: ISeriesApi<SeriesType>;
}

const PANE_STRETCH = 0.9;

/** Indicators over the candles and in panes below them. */
export class IndicatorPanes {
  readonly #chart: IChartApi;
  readonly #groups = new Map<string, Drawn[]>();
  #theme: Theme;

  constructor(chart: IChartApi, theme: Theme) {
    this.#chart = chart;
    this.#theme = theme;
  }

  /** Shows these groups and no others; returns whether something new has to be drawn. */
  show(names: ReadonlySet<string>): boolean {
    let isNew = false;
    for (const group of INDICATOR_GROUPS) {
      if (names.has(group.name) && !this.#groups.has(group.name)) {
        this.#groups.set(group.name, this.#add(group));
        isNew = true;
      } else if (!names.has(group.name)) {
        // the last series of a pane takes the pane with it
        for (const { series } of this.#groups.get(group.name) ?? []) this.#chart.removeSeries(series);
        this.#groups.delete(group.name);
      }
    }
    return isNew;
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    for (const { line, series } of this.#drawn()) series.applyOptions({ color: theme[line.color] });
  }

  setPriceFormat(decimals: number): void {
    for (const { line, series } of this.#drawn()) {
      const isPercent = line.column === "rsi14";
      series.applyOptions({
        priceFormat: { type: "price", precision: isPercent ? 1 : decimals, minMove: 10 ** (isPercent ? -1 : -decimals) },
      });
    }
  }

  setRows(rows: readonly IndicatorRow[]): void {
    for (const { line, series } of this.#drawn()) series.setData(rows.map((row) => this.#point(line, row)));
  }

  updateRow(row: IndicatorRow): void {
    for (const { line, series } of this.#drawn()) series.update(this.#point(line, row));
  }

  #drawn(): Drawn[] {
    return [...this.#groups.values()].flat();
  }

  #add(group: IndicatorGroup): Drawn[] {
    const pane = group.pane === "price" ? 0 : this.#chart.panes().length;
    const drawn = group.lines.map((line) => {
      const color = this.#theme[line.color];
      const quiet = { lastValueVisible: group.pane === "own" && !line.isHistogram, priceLineVisible: false };
      const series = line.isHistogram
        ? this.#chart.addSeries(HistogramSeries, { ...quiet, color, base: 0 }, pane)
        : this.#chart.addSeries(
            LineSeries,
            {
              ...quiet,
              color,
              lineWidth: 1,
              lineStyle: line.isDashed ? LineStyle.Dashed : LineStyle.Solid,
              crosshairMarkerVisible: false,
            },
            pane,
          );
      return { line, series };
    });
    const marked = drawn.at(-1)?.series;
    const { range } = group;
    if (range !== undefined) marked?.applyOptions({ autoscaleInfoProvider: widenTo(range) });
    for (const price of group.marks ?? []) {
      marked?.createPriceLine({ price, color: this.#theme.quiet, lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: false });
    }
    if (pane > 0) this.#chart.panes()[pane]?.setStretchFactor(PANE_STRETCH);
    return drawn;
  }

  #point(line: IndicatorLine, row: IndicatorRow): { time: UTCTimestamp; value?: number; color?: string } {
    const time = (row.openTime / 1_000) as UTCTimestamp;
    const value = row[line.column];
    if (value === null || value === undefined) return { time };
    return line.isHistogram ? { time, value, color: `${value >= 0 ? this.#theme.up : this.#theme.down}80` } : { time, value };
  }
}

/** Values that are shown whatever is drawn, and more where what is drawn needs it. */
function widenTo([least, most]: readonly [number, number]) {
  return (original: () => AutoscaleInfo | null): AutoscaleInfo | null => {
    const own = original()?.priceRange;
    if (!own) return null;
    return { priceRange: { minValue: Math.min(least, own.minValue), maxValue: Math.max(most, own.maxValue) } };
  };
}
