import { expect, test } from "vitest";
import { CRYPTO, SeriesRun, type Step } from "../test/series-run.ts";
import { widenSums } from "./candle-sums.ts";
import { FIRST_LENGTH } from "./sums-layout.ts";

const DAY = Date.parse("2024-03-05T00:00:00Z");
const MINUTE = 60_000;

/** A trade of every minute but the odd quiet one. */
function tradesOf(minutes: number): Step {
  const trades = Array.from({ length: minutes }, (_, i) => ({
    ...{ epoch: "", seq: i + 1, id: undefined, timeUs: (DAY + i * MINUTE + 100) * 1000 },
    ...{
      price: 10_000 + (i % 7),
      priceScale: 2,
      size: 5 + (i % 3),
      sizeScale: 3,
      side: i % 2 === 0 ? (1 as const) : (-1 as const),
      quote: null,
    },
  }));
  return { kind: "trades", trades: trades.filter((_, i) => i % 5 !== 3) };
}

test("rows of a time when they held less are served with null, revised and folded", () => {
  const run = new SeriesRun(CRYPTO, DAY * 1000).run([tradesOf(40), { kind: "clock", timeUs: (DAY + 41 * MINUTE) * 1000 }]);
  const today = run.candle("1m", DAY + 12 * MINUTE);
  for (const row of run.stored.values()) row.sums = widenSums(row.sums.slice(0, FIRST_LENGTH));
  const old = run.candle("1m", DAY + 12 * MINUTE);
  expect(old).toMatchObject({ vwap: today?.vwap, vwapDistanceBps: today?.vwapDistanceBps, cvd: today?.cvd, evr: today?.evr });
  expect(old).toMatchObject({
    bigTrades: null,
    vwapSession: null,
    vdStrength: null,
    volumeSpike: null,
    imbalanceStreak: null,
    evrHigh: null,
  });
  const trade = { epoch: "late", seq: 1, id: undefined, timeUs: (DAY + 8 * MINUTE) * 1000, price: 9_990, priceScale: 2, size: 9 };
  run.run([{ kind: "trades", trades: [{ ...trade, sizeScale: 4, side: 1, quote: null }] }]);
  expect(run.revisions.at(-1)?.revised.length).toBeGreaterThan(5);
  expect(run.candle("1m", DAY + 8 * MINUTE)).toMatchObject({ trades: 1, low: 99.9 });
  expect(run.candle("5m", DAY + 5 * MINUTE)).toMatchObject({ trades: 5, low: 99.9, vwapSession: null });
  run.restart();
  expect(run.candle("30m", DAY)?.trades).toBe(25);
});
