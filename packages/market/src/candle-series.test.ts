import { expect, test } from "vitest";
import type { PlainGap, PlainTrade } from "../test/naive-candles.ts";
import { batchesOf, CRYPTO, SeriesRun } from "../test/series-run.ts";
import { CandleSeries } from "./candle-series.ts";
import { foldedCompleteness } from "./completeness.ts";
import { S } from "./sums-layout.ts";
import { TIMEFRAMES } from "./timeframe.ts";

const START = Date.parse("2024-03-05T10:00:00Z");
const MINUTE = 60_000;

/** A trade some milliseconds after 10:00; the sequence tells trades apart. */
function trade(seq: number, afterMs: number, more: Partial<PlainTrade> = {}): PlainTrade {
  const timeUs = (START + afterMs) * 1000;
  return { epoch: "", seq, id: undefined, timeUs, price: 10_000, priceScale: 2, size: 5, sizeScale: 3, side: 1, quote: null, ...more };
}

function gap(fromMs: number, toMs: number, state: PlainGap["state"], missing: number | null = null): { kind: "gap"; gap: PlainGap } {
  return { kind: "gap", gap: { id: "g", fromUs: (START + fromMs) * 1000, toUs: (START + toMs) * 1000, state, missing } };
}

const clock = (afterMs: number, held = false) => ({ kind: "clock" as const, timeUs: (START + afterMs) * 1000, held });
const trades = (...all: PlainTrade[]) => ({ kind: "trades" as const, trades: all });
const start = (afterMs = 0): SeriesRun => new SeriesRun(CRYPTO, (START + afterMs) * 1000);
const minuteOf = (run: SeriesRun, minute: number) => run.candle("1m", START + minute * MINUTE);

test("a minute closes at the close delay behind its end, not before, and without any trade after it", () => {
  const run = start().run([trades(trade(1, 100)), clock(60_249)]);
  expect(run.published).toEqual([]);
  run.take(clock(60_250));
  expect(run.published.map((row) => [row.timeframe, row.openTime])).toEqual([["1m", START]]);
});

test("trades do not move the clock, and the clock never goes back", () => {
  const run = start().run([trades(trade(1, 100), trade(2, 3_600_000)), clock(30_000), clock(10_000)]);
  expect(run.published).toEqual([]);
  expect(run.series.watermarkUs).toBe((START + 30_000) * 1000);
});

test("a trade at the boundary opens the new minute", () => {
  const run = start().run([trades(trade(1, 59_999.999), trade(2, 60_000)), clock(121_000)]);
  expect([minuteOf(run, 0)?.lastTradeId, minuteOf(run, 1)?.firstTradeId]).toEqual(["1", "2"]);
});

test("a quiet minute has a candle of zeros with the last price, and a first quiet one none to carry", () => {
  const run = start().run([clock(61_000), trades(trade(1, 61_500)), clock(181_000)]);
  expect(minuteOf(run, 0)).toMatchObject({
    completeness: "no-trades",
    open: null,
    volumeBase: 0,
    trades: 0,
    lastClose: null,
    vdOpen: null,
  });
  expect(minuteOf(run, 2)).toMatchObject({
    completeness: "no-trades",
    close: null,
    vwap: null,
    lastClose: 100,
    cvd: 0.005,
    cvdBase: 0.005,
  });
});

test("the minute in which coverage begins is partial", () => {
  const run = start(30_000).run([trades(trade(1, 31_000)), clock(121_000)]);
  expect([minuteOf(run, 0)?.completeness, minuteOf(run, 1)?.completeness]).toEqual(["partial", "no-trades"]);
  expect(minuteOf(run, 1)?.flags).toBe(1);
});

test("a held instrument waits ten seconds behind each close, then closes partial, and is backfilled by the fill", () => {
  const run = start().run([trades(trade(1, 100)), gap(20_000, 50_000, "open", 2), clock(55_000, true), clock(70_249, true)]);
  expect(run.published).toEqual([]);
  run.take(clock(70_250, true));
  expect(minuteOf(run, 0)).toMatchObject({ completeness: "partial", state: "closed", revision: 0, trades: 1 });
  run.run([{ kind: "trades", trades: [trade(2, 30_000), trade(3, 31_000)], fill: "g" }, gap(20_000, 50_000, "filled", 2)]);
  expect(minuteOf(run, 0)).toMatchObject({ completeness: "backfilled", state: "revised", revision: 2, trades: 3 });
});

test("the end of a hold closes at once what waited for it", () => {
  const run = start().run([trades(trade(1, 100)), clock(59_000, true), clock(62_000, true)]);
  expect(run.published).toEqual([]);
  run.take(clock(63_000, false));
  expect(minuteOf(run, 0)?.completeness).toBe("full");
  expect(run.series.heldSinceUs).toBe(null);
});

test("a fill in time closes backfilled at once, never full before", () => {
  const run = start().run([
    trades(trade(1, 100)),
    gap(20_000, 50_000, "open", 1),
    clock(61_000, true),
    { kind: "trades", trades: [trade(2, 30_000)], fill: "g" },
    gap(20_000, 50_000, "filled", 1),
    clock(62_000, false),
  ]);
  expect(run.published.filter((row) => row.timeframe === "1m").map((row) => [row.completeness, row.revision])).toEqual([["backfilled", 0]]);
});

test("what a gap leaves of a minute: open and unfilled count as lost, filled as backfilled, none as if it never was", () => {
  const completeness = (state: PlainGap["state"] | "none", missing: number | null, some: boolean) => {
    const run = start().run([...(some ? [trades(trade(1, 100))] : []), gap(20_000, 50_000, "open", missing)]);
    if (state === "none")
      run.take({ kind: "gap", gap: { id: "g", state, fromUs: (START + 20_000) * 1000, toUs: (START + 50_000) * 1000 } });
    else run.take(gap(20_000, 50_000, state, missing));
    return minuteOf(run.run([clock(61_000)]), 0)?.completeness;
  };
  expect(completeness("open", null, true)).toBe("partial");
  expect(completeness("unfilled", null, true)).toBe("partial");
  expect(completeness("unfilled", 3, false)).toBe("partial");
  expect(completeness("unfilled", null, false)).toBe("venue-down");
  expect(completeness("unfilled", 0, false)).toBe("venue-down");
  expect(completeness("filled", 3, true)).toBe("backfilled");
  expect(completeness("none", 3, true)).toBe("full");
  expect(completeness("none", null, false)).toBe("no-trades");
});

test("of two gaps in a minute the one that lost trades decides, in whatever order they became known", () => {
  const [down, lost] = [gap(0, 1_000, "unfilled"), gap(2_000, 3_000, "unfilled", 4)];
  lost.gap.id = "h";
  for (const gaps of [
    [down, lost],
    [lost, down],
  ])
    expect(minuteOf(start().run([...gaps, clock(61_000)]), 0)?.completeness).toBe("partial");
});

test("a hole of five minutes has candles, a longer one none, and the candle after it says so", () => {
  const short = start().run([trades(trade(1, 100)), gap(60_000, 360_000, "unfilled"), clock(421_000)]);
  expect([1, 5, 6].map((minute) => minuteOf(short, minute)?.completeness)).toEqual(["venue-down", "venue-down", "no-trades"]);
  const long = start().run([trades(trade(1, 100)), gap(60_000, 361_000, "unfilled"), clock(481_000)]);
  expect([1, 2, 3, 4, 5].map((minute) => minuteOf(long, minute))).toEqual(new Array(5).fill(undefined));
  expect([6, 7].map((minute) => [minuteOf(long, minute)?.completeness, minuteOf(long, minute)?.flags])).toEqual([
    ["venue-down", 1],
    ["no-trades", 1],
  ]);
  expect(long.candle("3m", START + 3 * MINUTE)).toBe(undefined);
  expect(long.candle("5m", START)).toMatchObject({ completeness: "partial", badMinutes: 4, trades: 1 });
});

test("trades inside a long hole keep their minute, as partial", () => {
  const run = start().run([gap(0, 600_000, "open"), trades(trade(1, 200_000)), clock(661_000)]);
  expect(TIMEFRAMES.slice(0, 3).map((timeframe) => run.candle(timeframe, START + 3 * MINUTE)?.completeness)).toEqual([
    "partial",
    "partial",
    undefined,
  ]);
  expect(run.candle("5m", START)).toMatchObject({ completeness: "partial", badMinutes: 5 });
});

test("a timeframe is partial once more than two in a hundred scheduled minutes are bad", () => {
  const sums = new Float64Array(60);
  const judge = (bad: number, scheduled: number, trades = 9): string => {
    sums.set([trades], S.TRADES);
    sums.set([scheduled, bad], S.MINUTES);
    return foldedCompleteness(sums, scheduled);
  };
  expect([judge(1, 60), judge(2, 60), judge(1, 50), judge(2, 50), judge(1, 49)]).toEqual(["full", "partial", "full", "partial", "partial"]);
  expect([judge(28, 1_440), judge(29, 1_440), judge(23, 1_150)]).toEqual(["full", "partial", "full"]);
  expect([judge(0, 60, 0), judge(1, 60, 0)]).toEqual(["no-trades", "venue-down"]);
  for (let scheduled = 50; scheduled <= 10_080; scheduled += 50) expect(judge(scheduled / 50, scheduled)).toBe("full");
});

test("a message that could not be read spoils the minute under the clock", () => {
  const run = start().run([trades(trade(1, 100)), clock(30_000)]);
  run.series.spoil(null);
  run.take(clock(121_000));
  expect([0, 1].map((minute) => [minuteOf(run, minute)?.completeness, minuteOf(run, minute)?.flags])).toEqual([
    ["partial", 0],
    ["no-trades", 1],
  ]);
});

test("a gap is forgotten a day after its end unless it is open", () => {
  const run = start().run([gap(0, 1_000, "unfilled"), clock(25 * 3_600_000)]);
  expect(run.series.gaps).toHaveLength(1);
  expect(run.run([clock(25 * 3_600_000 + 2_000)]).series.gaps).toEqual([]);
  const open = start().run([gap(0, 1_000, "open"), clock(26 * 3_600_000)]);
  expect(open.series.gaps).toHaveLength(1);
});

test("a batch with a value beyond the safe integers throws, and none of its trades are taken or marked as seen", () => {
  const series = new CandleSeries(CRYPTO, START * 1000);
  const [plain] = batchesOf([trade(1, 100, { size: 2 ** 50 })], 5);
  const [finer] = batchesOf([trade(2, 200, { sizeScale: 9 }), trade(3, 300, { sizeScale: 9 })], 5);
  if (plain === undefined || finer === undefined) throw new Error("no batch");
  series.addBatch(plain);
  expect(() => series.addBatch(finer)).toThrow(RangeError);
  expect(series.openMinutes.get(START)?.count).toBe(1);
  expect([1, 2, 3].map((seq) => series.seen.get("")?.has(seq))).toEqual([true, false, false]);
});

test("a duplicate at finer scales changes nothing, not even the scale", () => {
  const again = { price: 1_000_000, priceScale: 4 };
  const once = start().run([trades(trade(1, 100)), clock(61_000)]);
  const twice = start().run([trades(trade(1, 100), trade(1, 100, again)), clock(61_000), trades(trade(1, 100, again))]);
  expect(twice.bits()).toEqual(once.bits());
});

test("open candles: two minutes open at once are no gap, and a quiet minute between them is not held against the hour", () => {
  const run = start().run([trades(trade(1, 100)), clock(61_000), trades(trade(2, 60_100), trade(3, 180_100)), clock(180_200)]);
  const forming = run.series.forming().filter((row) => ["1m", "1h"].includes(row.timeframe));
  expect(forming.map((row) => [row.timeframe, row.openTime - START, row.completeness, row.sums[S.FLAGS], row.sums[S.TRADES]])).toEqual([
    ["1m", 180_000, "full", 0, 1],
    ["1h", 0, "full", 0, 3],
  ]);
  const ahead = start()
    .run([trades(trade(1, 100), trade(2, 130_000))])
    .series.forming();
  expect(ahead.slice(0, 7).map((row) => [row.timeframe, row.completeness, row.sums[S.FLAGS]])).toEqual(
    ["1m", "1m", "3m", "5m", "15m", "30m", "1h"].map((timeframe) => [timeframe, "full", 0]),
  );
});
