import { createClient } from "@tickfleet/client/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { gatewaySays, stubPage } from "../../test/fake-page.ts";
import type { CandleRow, IndicatorRow, InstrumentRow, PatternRow, SignalRow } from "./rows.ts";
import { TimeSeries } from "./time-series.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Longer than a page of the gateway. */
const STORED = 25_000;
const NOW = Date.UTC(2026, 10, 28, 10, 20);
const FIRST = NOW - STORED * MINUTE;

/** Rows by list; candles and indicators of a minute, unless their timeframe says otherwise. */
let rows: Record<string, (Record<string, unknown> & { openTime?: number; timeframe?: string })[]>;
let isAway: boolean;

/** Pages as the gateway gives them: with `from` ascending from there, else the newest before `to`. */
async function answer(address: string): Promise<Response> {
  const { pathname, searchParams } = new URL(address);
  if (isAway) return new Response("{}", { status: 503, headers: { "retry-after": "0" } });
  const [from, to, limit] = ["from", "to", "limit"].map((name) => searchParams.get(name));
  const cursor = Number(searchParams.get("cursor") ?? 0);
  const timeframe = searchParams.get("timeframe") ?? "1m";
  const found = (rows[pathname.replace("/api/v1/", "")] ?? []).filter(
    (row) =>
      (row.timeframe ?? timeframe) === timeframe &&
      (row.openTime ?? 0) >= Number(from ?? 0) &&
      (row.openTime ?? 0) < Number(to ?? Number.POSITIVE_INFINITY),
  );
  const size = Number(limit ?? 1_000);
  const end = found.length - cursor;
  const data = from === null ? found.slice(Math.max(0, end - size), end) : found.slice(cursor, cursor + size);
  return Response.json({ data, cursor: cursor + size < found.length ? String(cursor + size) : null });
}

/** Everything the gateway stores is written anew, as after a replay of old files. */
function writeAnew(revision: number): void {
  const times = Array.from({ length: STORED }, (_, i) => FIRST + i * MINUTE);
  rows["candles"] = times.map((openTime) => ({ timeframe: "1m", openTime, revision, state: "closed", open: 1, close: 1 }));
  rows["indicators"] = times.map((openTime) => ({ openTime, revision }));
}

async function open() {
  const { MarketData } = await import("./market-data.ts");
  const { instruments } = await import("./store.ts");
  const { view } = await import("./view.ts");
  const chart = {
    candles: new TimeSeries<CandleRow>(),
    indicators: new TimeSeries<IndicatorRow>(),
    signals: new Map<string, SignalRow>(),
    patterns: new Map<string, PatternRow>(),
    areMarkersStale: false,
    clear(): void {
      this.candles.clear();
      this.indicators.clear();
    },
  };
  instruments.value = [{ venue: "demo", instrument: "BTC-USDT" } as InstrumentRow];
  view.value = { ...view.value, venue: "demo", instrument: "BTC-USDT", timeframe: "1m" };
  const market = new MarketData(createClient({ url: "http://gateway" }), chart);
  market.show();
  await vi.advanceTimersByTimeAsync(4_000);
  return { market, chart };
}

const says = async (type: string, channel: string, fields: object): Promise<void> => {
  gatewaySays({ type, channel: `${channel}:demo:BTC-USDT:1m`, ...fields });
  await vi.advanceTimersByTimeAsync(100);
};
const snapshot = (count: number): object => ({ seq: 1, data: rows["candles"]?.slice(-count) });
const recomputed = (from: number, to: number): object => ({ kind: "x", data: { from, to } });
/** Revisions that are shown, once each; the times have to be without a hole up to the newest. */
function revisionsOf(series: TimeSeries<CandleRow> | TimeSeries<IndicatorRow>): number[] {
  const shown: readonly { openTime: number; revision: number }[] = series.rows();
  expect(shown.map((row) => row.openTime)).toEqual(shown.map((_, i) => NOW - (shown.length - i) * MINUTE));
  return [...new Set(shown.map((row) => row.revision))];
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  stubPage(answer);
  rows = {};
  isAway = false;
  writeAnew(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("rows that were written anew are read as far as they are shown, all of them, and none before", async () => {
  const { market, chart } = await open();
  await says("snapshot", "candle", snapshot(1_000));
  for (let i = 0; i < 15; i++) await market.loadOlder();
  await vi.advanceTimersByTimeAsync(0);
  expect([chart.candles.size, chart.indicators.size]).toEqual([16_000, 16_000]);
  writeAnew(1);
  await says("recomputed", "candle", recomputed(FIRST, FIRST + 100 * MINUTE));
  await says("recomputed", "enriched", recomputed(FIRST, FIRST + 100 * MINUTE));
  expect([chart.candles.size, chart.indicators.size]).toEqual([16_000, 16_000]);
  await says("recomputed", "candle", recomputed(FIRST, NOW));
  await says("recomputed", "enriched", recomputed(FIRST, NOW));
  expect([chart.candles.size, chart.indicators.size]).toEqual([16_000, 16_000]);
  expect([revisionsOf(chart.candles), revisionsOf(chart.indicators)]).toEqual([[1], [1]]);
});

test("after a resync all that is shown is read again, also where the database comes back later", async () => {
  const { market, chart } = await open();
  await says("snapshot", "candle", snapshot(1_000));
  for (let i = 0; i < 11; i++) await market.loadOlder();
  writeAnew(1);
  isAway = true;
  const resync = { reason: "made anew", from: null, read: null };
  await says("resync", "candle", resync);
  await says("resync", "enriched", resync);
  await vi.advanceTimersByTimeAsync(60_000);
  isAway = false;
  await vi.advanceTimersByTimeAsync(20_000);
  expect([chart.candles.size, chart.indicators.size]).toEqual([12_000, 12_000]);
  expect([revisionsOf(chart.candles), revisionsOf(chart.indicators)]).toEqual([[1], [1]]);
});

test("a chart without candles shows the newest that a replayed file brought, and older ones than those can be had", async () => {
  const stored = rows;
  rows = {};
  const { market, chart } = await open();
  const { notice } = await import("./store.ts");
  await says("snapshot", "candle", { seq: 1, data: [] });
  expect(notice.value?.text).toBe("No candles yet");
  rows = stored;
  await says("recomputed", "candle", recomputed(FIRST, NOW));
  expect(notice.value).toBeNull();
  expect(chart.candles.size).toBe(1_000);
  rows = { candles: stored["candles"]?.slice(-1_000) ?? [] };
  await market.loadOlder();
  rows = stored;
  await says("recomputed", "candle", recomputed(FIRST, FIRST + MINUTE));
  await market.loadOlder();
  expect([chart.candles.size, revisionsOf(chart.candles)]).toEqual([2_000, [0]]);
});

test("the day's figures are of 24 hours, to the minute", async () => {
  const day = (timeframe: string, openTime: number, high: number): object => ({
    ...{ timeframe, openTime, open: high - 2, high, low: high - 3, volumeQuote: 1 },
  });
  const begin = NOW - 24 * HOUR;
  const hours = Array.from({ length: 25 }, (_, i) => day("1h", NOW - 20 * MINUTE - (24 - i) * HOUR, 100 + i));
  // the hour of 10:00 has its high before the day begins at 10:20
  const minutes = Array.from({ length: 60 }, (_, i) => day("1m", begin - 20 * MINUTE + i * MINUTE, i < 20 ? 900 : 10 + i));
  rows["candles"] = [...hours, ...minutes] as typeof rows.candles;
  await open();
  const { daySummary } = await import("./store.ts");
  expect(daySummary.value).toEqual({ open: 28, high: 124, low: 27, volumeQuote: 40 + 24 });
});
