import fc from "fast-check";
import { expect, test } from "vitest";
import { inTime, stepsOf } from "../test/arrivals.ts";
import { plainTrades } from "../test/plain-trades.ts";
import { CRYPTO, SeriesRun, type Step } from "../test/series-run.ts";
import { CandleSeries } from "./candle-series.ts";
import { type KeptCandles, leftAloneKey, seedSeries } from "./candle-series-seed.ts";
import { snapshotSeries } from "./candle-series-snapshot.ts";
import { LONGEST_WINDOW } from "./candle-window.ts";
import { S } from "./sums-layout.ts";
import { TIMEFRAMES } from "./timeframe.ts";

const MINUTE = 60_000;

/** Starts around which sessions, days, weeks and years end. */
const starts = fc.constantFrom("2024-03-05T10:55:00Z", "2024-12-31T23:50:00Z", "2024-03-03T23:40:00Z").map(Date.parse);

/** What a run kept of its closed candles before a floor, as the tables hold it. */
function keptBefore(run: SeriesRun, floorMs: number): KeptCandles {
  const rows = [...run.stored.values()].sort((a, b) => a.openTime - b.openTime);
  const minutes = rows.filter((row) => row.timeframe === "1m" && row.openTime < floorMs);
  return {
    recent: TIMEFRAMES.flatMap((timeframe) => {
      const closed = rows.filter((row) => row.timeframe === timeframe && row.closeTime <= floorMs);
      const traded = closed.filter((row) => row.sums[S.TRADES] !== 0).slice(-LONGEST_WINDOW);
      return closed.filter((row, i) => traded.includes(row) || i === closed.length - 1);
    }),
    lastTraded: minutes.findLast((row) => row.sums[S.TRADES] !== 0) ?? null,
    minutes,
    around: rows.filter((row) => row.openTime < floorMs && row.closeTime > floorMs),
  };
}

test("a series that begins at a floor with what was kept before it ends as the one that made all, bit for bit", () => {
  fc.assert(
    fc.property(
      starts.chain((from) =>
        fc.record({
          from: fc.constant(from),
          trades: plainTrades({ fromMs: from, toMs: from + 25 * MINUTE, max: 80 }),
          floorMs: fc.integer({ min: 1, max: 24 }).map((minutes) => from + minutes * MINUTE),
        }),
      ),
      ({ from, trades, floorMs }) => {
        const arrivals = inTime(trades);
        const steps = stepsOf(arrivals, from * 1000, (from + 26 * MINUTE) * 1000, 7_300_000);
        const whole = new SeriesRun(CRYPTO, from * 1000).run(steps);
        const seeded = new SeriesRun(CRYPTO, from * 1000);
        seeded.series = new CandleSeries(CRYPTO, from * 1000);
        const leftAlone = seedSeries(seeded.series, floorMs, keptBefore(whole, floorMs));
        seeded.run(
          steps.map((step): Step => {
            return step.kind === "trades" ? { ...step, trades: step.trades.filter((trade) => trade.timeUs >= floorMs * 1000) } : step;
          }),
        );
        const bits = (run: SeriesRun): unknown[] =>
          run.published.filter((row) => row.openTime >= floorMs).map((row) => ({ ...row, sums: Array.from(row.sums) }));
        expect(bits(seeded)).toEqual(bits(whole));
        expect(seeded.published.filter((row) => row.openTime < floorMs && !leftAlone.has(leftAloneKey(row)))).toEqual([]);
        const state = ({ series }: SeriesRun): unknown => {
          const { intervals, previous, windows, running, lastPrice, closedUntil, priceScale, sizeScale } = snapshotSeries(series);
          const open = new Map(intervals.map((interval) => [interval.timeframe, interval]));
          return { open, previous: new Map(previous), windows, running, lastPrice, closedUntil, priceScale, sizeScale };
        };
        expect(state(seeded)).toEqual(state(whole));
      },
    ),
    { numRuns: 100 },
  );
});
