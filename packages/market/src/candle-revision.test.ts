import { expect, test } from "vitest";
import type { PlainGap, PlainTrade } from "../test/naive-candles.ts";
import { CRYPTO, EQUITY, SeriesRun, type Step } from "../test/series-run.ts";
import { rowsNeededFor } from "./candle-revision.ts";
import { CandleSeries } from "./candle-series.ts";
import type { Timeframe } from "./timeframe.ts";

const DAY = Date.parse("2024-03-05T00:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A trade at a time of the day, in milliseconds after midnight. */
function trade(seq: number, afterMs: number, more: Partial<PlainTrade> = {}): PlainTrade {
  const timeUs = (DAY + afterMs) * 1000;
  return { epoch: "", seq, id: undefined, timeUs, price: 10_000, priceScale: 2, size: 5, sizeScale: 3, side: 1, quote: null, ...more };
}

const trades = (...all: PlainTrade[]): Step => ({ kind: "trades", trades: all });
const clock = (afterMs: number): Step => ({ kind: "clock", timeUs: (DAY + afterMs) * 1000 });
const start = (afterMs: number): SeriesRun => new SeriesRun(CRYPTO, (DAY + afterMs) * 1000);

function gap(fromMs: number, toMs: number, state: PlainGap["state"], id = "g"): Step {
  return { kind: "gap", gap: { id, fromUs: (DAY + fromMs) * 1000, toUs: (DAY + toMs) * 1000, state, missing: null } };
}

function changesOf(run: SeriesRun): { revised: string[]; rewritten: string[] } {
  const nameOf = (row: { timeframe: Timeframe; openTime: number }): string => `${row.timeframe} ${(row.openTime - DAY) / MINUTE}`;
  const { revised, rewritten } = run.revisions.at(-1) ?? { revised: [], rewritten: [] };
  return { revised: revised.map(nameOf), rewritten: rewritten.map(nameOf) };
}

test("a late trade revises its minute and the closed candles around it, and shifts the CVD of what follows", () => {
  const run = start(0).run([trades(trade(1, 100), trade(5, 4 * MINUTE)), clock(6 * MINUTE + 1_000), trades(trade(2, MINUTE, { size: 7 }))]);
  expect(changesOf(run)).toEqual({
    revised: ["1m 1", "1m 4", "3m 0", "3m 3", "5m 0"],
    rewritten: ["1m 2", "1m 3", "1m 5"],
  });
  expect(run.candle("1m", DAY + MINUTE)).toMatchObject({ state: "revised", revision: 1, trades: 1, cvd: 0.012, cvdBase: 0.005 });
  expect(run.candle("1m", DAY + 5 * MINUTE)).toMatchObject({ state: "closed", revision: 0, cvd: 0.017, lastClose: 100 });
  expect(run.candle("5m", DAY)).toMatchObject({ state: "revised", trades: 3, cvd: 0.017, cvdHigh: 0.017 });
  expect(run.series.intervals.get("15m")?.sums[0]).toBe(3);
});

test("a late trade without a side moves the session's vwap of the candles after it, and nothing else", () => {
  const run = start(0).run([
    trades(trade(1, 100), trade(5, 4 * MINUTE)),
    clock(5 * MINUTE + 1_000),
    trades(trade(2, 50, { side: 0, price: 1 })),
  ]);
  expect(changesOf(run)).toEqual({ revised: ["1m 0", "3m 0", "5m 0"], rewritten: ["1m 1", "1m 2", "1m 3", "1m 4"] });
  expect(run.candle("1m", DAY + MINUTE)).toMatchObject({ cvd: 0.005, lastClose: 100, vwapSession: 50.005 });
});

test("a duplicate of a late trade is no second revision", () => {
  const run = start(0).run([clock(6 * MINUTE), trades(trade(1, 100)), trades(trade(1, 100))]);
  expect(run.revisions).toHaveLength(1);
});

test("the CVD runs on over a trade from before the first minute", () => {
  const run = start(HOUR).run([trades(trade(1, HOUR - MINUTE)), clock(HOUR + MINUTE + 1_000)]);
  expect(run.candle("1m", DAY + HOUR)).toMatchObject({ cvdBase: 0.005, cvd: 0.005, lastClose: 100 });
});

test("a late trade gives quiet candles that knew no price their last close", () => {
  const run = start(0).run([clock(8 * MINUTE), trades(trade(1, 100, { side: 0 }))]);
  expect(run.candle("1m", DAY + MINUTE)?.lastClose).toBe(100);
  expect(run.candle("3m", DAY + 3 * MINUTE)).toMatchObject({ lastClose: 100, state: "closed", revision: 0 });
  expect(changesOf(run).rewritten).toEqual(["1m 1", "1m 2", "1m 3", "1m 4", "1m 5", "1m 6", "3m 3"]);
});

test("a minute that turns out quiet carries the price from before an outage", () => {
  const run = start(0).run([
    trades(trade(1, 100)),
    gap(MINUTE, MINUTE + 1, "unfilled", "h"),
    gap(2 * MINUTE, 3 * MINUTE, "open"),
    clock(4 * MINUTE),
  ]);
  expect([1, 2].map((minute) => run.candle("1m", DAY + minute * MINUTE)?.lastClose)).toEqual([null, null]);
  run.take({ kind: "gap", gap: { id: "g", state: "none", fromUs: (DAY + 2 * MINUTE) * 1000, toUs: (DAY + 3 * MINUTE) * 1000 } });
  expect(run.candle("1m", DAY + MINUTE)).toMatchObject({ completeness: "venue-down", lastClose: null });
  expect(run.candle("1m", DAY + 2 * MINUTE)).toMatchObject({ completeness: "no-trades", lastClose: 100 });
});

test("the price before midnight reaches the quiet candles that a gap's end leaves after it", () => {
  const run = start(-HOUR).run([trades(trade(1, -HOUR + 100)), gap(-30 * MINUTE, 2 * MINUTE, "open"), clock(4 * MINUTE)]);
  expect(run.candle("1m", DAY)).toBe(undefined);
  run.take({ kind: "gap", gap: { id: "g", state: "none", fromUs: (DAY - 30 * MINUTE) * 1000, toUs: (DAY + 2 * MINUTE) * 1000 } });
  expect(run.candle("1m", DAY)).toMatchObject({ completeness: "no-trades", lastClose: 100, cvd: 0, state: "closed", revision: 0 });
});

test("a day without trades says the last price of a late trade of the day before", () => {
  const run = start(-HOUR).run([trades(trade(1, -HOUR)), clock(25 * HOUR), trades(trade(2, -1, { price: 9_900 }))]);
  expect(run.candle("1d", DAY)).toMatchObject({ completeness: "no-trades", lastClose: 99, revision: 0 });
  expect(run.candle("4h", DAY)).toMatchObject({ lastClose: 99 });
});

test("new candles inside a hole, and those after them, say after_gap as the hole is now", () => {
  const run = start(0).run([trades(trade(1, 100)), gap(MINUTE, 31 * MINUTE, "open"), clock(36 * MINUTE)]);
  expect(run.candle("1m", DAY + 31 * MINUTE)?.flags).toBe(1);
  expect(run.candle("15m", DAY + 15 * MINUTE)).toBe(undefined);
  run.run([trades(trade(2, 17 * MINUTE))]);
  expect(run.candle("1m", DAY + 17 * MINUTE)).toMatchObject({ flags: 1, completeness: "partial", state: "closed" });
  expect(run.candle("15m", DAY + 15 * MINUTE)).toMatchObject({ flags: 1, completeness: "partial", badMinutes: 15 });
  run.run([gap(MINUTE, 31 * MINUTE, "filled")]);
  expect(run.candle("1m", DAY + 17 * MINUTE)).toMatchObject({ flags: 0, completeness: "backfilled", state: "revised", revision: 1 });
  expect(run.candle("1m", DAY + 31 * MINUTE)).toMatchObject({ flags: 0, completeness: "no-trades", state: "revised", revision: 1 });
  expect(run.candle("15m", DAY + 15 * MINUTE)).toMatchObject({ flags: 0, completeness: "backfilled", badMinutes: 0 });
});

test("a hole over midnight, filled later, leaves the new day's CVD to the head", () => {
  const run = start(-HOUR).run([trades(trade(1, -HOUR)), gap(-10 * MINUTE, 10 * MINUTE, "open"), clock(5 * MINUTE)]);
  expect(run.series.runningSession).toBe(DAY - 24 * HOUR);
  run.run([{ kind: "trades", trades: [trade(2, 2 * MINUTE)], fill: "g" }, clock(12 * MINUTE)]);
  expect(run.candle("1m", DAY + 10 * MINUTE)).toMatchObject({ cvdBase: 0.005, cvd: 0.005 });
});

test("a longer candle that serves the same as before gets no new revision", () => {
  const run = start(0).run([trades(trade(1, 100)), gap(MINUTE, 1 + MINUTE, "unfilled"), clock(6 * MINUTE)]);
  expect(run.candle("3m", DAY)).toMatchObject({ completeness: "partial", badMinutes: 1 });
  run.run([gap(2 * MINUTE, 2 * MINUTE + 1, "filled", "h")]);
  expect(run.candle("1m", DAY + 2 * MINUTE)).toMatchObject({ completeness: "backfilled", revision: 1 });
  expect(run.candle("3m", DAY)).toMatchObject({ state: "closed", revision: 0 });
});

test("a late trade at finer scales leaves every value right, and the series finer", () => {
  const finer = trade(2, 200, { price: 1_000_050, priceScale: 4, size: 25, sizeScale: 5 });
  const run = start(0).run([
    trades(trade(1, 100), trade(9, 2 * MINUTE)),
    clock(4 * MINUTE),
    trades(finer),
    trades(trade(10, 4 * MINUTE)),
    clock(6 * MINUTE),
  ]);
  expect(run.candle("3m", DAY)).toMatchObject({ high: 100.005, volumeBase: 0.01025, cvd: 0.01025, close: 100 });
  expect(run.candle("1m", DAY + 4 * MINUTE)).toMatchObject({ cvdBase: 0.01025, cvd: 0.01525 });
});

test("a revision asks for the rows of its day and week, and for the candle before them on every timeframe", () => {
  const needed = (name: "crypto" | "us-equity", time: string) => {
    const series = new CandleSeries(name === "crypto" ? CRYPTO : EQUITY, Date.parse(time) * 1000);
    const { dayFrom, weekFrom } = rowsNeededFor(series, Date.parse(time));
    return [dayFrom, weekFrom].map((at) => new Date(at).toISOString().slice(0, 16));
  };
  expect(needed("crypto", "2024-03-06T10:00:00Z")).toEqual(["2024-03-05T20:00", "2024-02-26T00:00"]);
  expect(needed("crypto", "2025-01-01T00:00:00Z")).toEqual(["2024-12-31T20:00", "2024-12-23T00:00"]);
  // Monday after the clocks went back: Friday's last candle of four hours, last week's Monday.
  expect(needed("us-equity", "2013-11-04T15:00:00Z")).toEqual(["2013-11-01T20:00", "2013-10-28T08:00"]);
});
