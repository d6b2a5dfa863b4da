import { effect } from "@preact/signals";
import { createClient } from "@tickfleet/client/client";
import { render } from "preact";
import { App } from "./app.tsx";
import { ContextData } from "./context-data.ts";
import { pickSignal } from "./explain-data.ts";
import { MarketChart } from "./market-chart.ts";
import { MarketData } from "./market-data.ts";
import { lastCandle, lastIndicators, latestSignals, nowMs, pickedSignal, pointed } from "./store.ts";
import { type Theme, watchTheme } from "./theme.ts";
import { PATTERNS, view } from "./view.ts";

const CLOCK_MS = 500;
const PHONE = "(max-width: 760px)";

const client = createClient({ url: location.origin });
let chart: MarketChart | null = null;
let data: MarketData | null = null;

render(
  <App onChart={openChart} onMove={(change) => chart?.move(change)} onFollow={() => chart?.followNewest()} onPick={pick} />,
  document.body,
);
setInterval(() => {
  nowMs.value = Date.now();
}, CLOCK_MS);

/** Begins with the chart, once its place on the page is there. */
function openChart(container: HTMLElement): void {
  let theme: Theme | undefined;
  watchTheme((next) => {
    theme = next;
    chart?.setTheme(next);
  });
  const opened = new MarketChart(container, theme as unknown as Theme, {
    onPoint: (openTime) => {
      const candle = openTime === null ? undefined : opened.candles.at(openTime);
      pointed.value = candle === undefined ? null : { candle, indicators: opened.indicators.at(candle.openTime) ?? null };
    },
    onEdge: () => void data?.loadOlder(),
    onPick: (id) => {
      // a click beside the signals leaves a panel open; on a phone the panel covers the chart anyway
      if (id !== null) pick(id);
    },
  });
  chart = opened;
  const market = new MarketData(client, opened);
  data = market;
  const context = new ContextData(client, market.live);
  effect(() => {
    const { venue, instrument, shown } = view.value;
    market.show();
    if (venue !== null && instrument !== null) context.show(venue, instrument);
    opened.showIndicators(shown);
    opened.showsPatterns = shown.has(PATTERNS);
    opened.areMarkersStale = true;
  });
  void market.loadInstruments();
  requestAnimationFrame(function frame() {
    // changes gather while nobody looks, and are drawn at once afterwards
    if (!document.hidden && opened.drawChanges()) {
      lastCandle.value = opened.candles.last ?? null;
      lastIndicators.value = opened.indicators.last ?? null;
    }
    requestAnimationFrame(frame);
  });
  Object.assign(window, { tickfleet: { chart: opened } });
}

/** Explains a signal; null closes the explanation. */
function pick(id: string | null): void {
  const { value } = latestSignals;
  const listed = value.state === "ready" ? value.value.find((row) => row.id === id) : undefined;
  const row = id === null ? null : (chart?.signals.get(id) ?? listed ?? null);
  if (chart !== null) {
    chart.picked = row?.id ?? null;
    chart.areMarkersStale = true;
    if (row !== null && row.timeframe === view.value.timeframe && !matchMedia(PHONE).matches) chart.scrollTo(row.openTime);
  }
  if (row?.id !== pickedSignal.value?.id) void pickSignal(client, row);
}
