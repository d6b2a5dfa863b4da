import fc from "fast-check";
import { expect, test } from "vitest";
import { type Arrival, arrivals, closedBy, inTime, plainGaps, stepsOf } from "../test/arrivals.ts";
import { naiveCandles, type PlainGap, type PlainTrade } from "../test/naive-candles.ts";
import { cryptoSessions, expectNaive, plainTrades } from "../test/plain-trades.ts";
import { CRYPTO, SeriesRun, type Step } from "../test/series-run.ts";
import type { Instrument } from "./instrument.ts";

const MINUTE = 60_000;

/** Starts around which sessions, days, weeks and years end. */
const starts = fc
  .constantFrom("2024-03-05T10:55:00Z", "2024-12-31T23:50:00Z", "2024-03-03T23:40:00Z", "2024-02-28T23:58:00Z")
  .map(Date.parse);

interface Scene {
  from: number;
  to: number;
  coveredFromUs: number;
  all: Arrival[];
  clockEveryUs: number;
  batchSize: number;
}

const scenes = (max = 80): fc.Arbitrary<Scene> =>
  fc
    .tuple(
      starts,
      fc.integer({ min: 2, max: 25 }),
      fc.constantFrom(0, 0, 20_000_000),
      fc.constantFrom(1_000_000, 7_300_000),
      fc.integer({ min: 1, max: 9 }),
    )
    .chain(([from, minutes, late, clockEveryUs, batchSize]) => {
      const to = from + minutes * MINUTE;
      return plainTrades({ fromMs: from, toMs: to, max })
        .map((trades) => trades.filter((trade) => trade.timeUs >= from * 1000 + late))
        .chain((trades) => arrivals(trades, 249_999))
        .map((all) => ({ from, to, coveredFromUs: from * 1000 + late, all, clockEveryUs, batchSize }));
    });

function runOf(scene: Scene, steps: readonly Step[], instrument: Instrument = CRYPTO, batchSize = scene.batchSize): SeriesRun {
  return new SeriesRun(instrument, scene.coveredFromUs, batchSize).run(steps);
}

const untilOf = (scene: Scene): number => (scene.to + 30_000) * 1000;

test("any split, any order within the close delay and duplicates give the same rows, bit for bit, in the same order", () => {
  fc.assert(
    fc.property(scenes(), (scene) => {
      const trades = scene.all.map((arrival) => arrival.trade);
      const messy = runOf(scene, stepsOf(scene.all, scene.coveredFromUs, untilOf(scene), scene.clockEveryUs));
      const plain = runOf(scene, stepsOf(inTime(trades), scene.coveredFromUs, untilOf(scene), 60_000_000), CRYPTO, 500);
      expect(messy.revisions).toEqual([]);
      expect(messy.published.map(({ sums, ...row }) => [row, Array.from(sums)])).toEqual(
        plain.published.map(({ sums, ...row }) => [row, Array.from(sums)]),
      );
    }),
    { numRuns: 80 },
  );
});

test("looking at the open candles changes nothing", () => {
  fc.assert(
    fc.property(scenes(), (scene) => {
      const steps = stepsOf(scene.all, scene.coveredFromUs, untilOf(scene), scene.clockEveryUs);
      const watched = new SeriesRun(CRYPTO, scene.coveredFromUs, 500);
      for (const step of steps) {
        watched.take(step);
        watched.series.forming();
      }
      expect(watched.bits()).toEqual(runOf(scene, steps).bits());
    }),
    { numRuns: 30 },
  );
});

test("every candle of every timeframe equals one built from the trades alone", () => {
  const contracts = fc.constantFrom(
    { kind: "spot" as const, contractSize: 1 },
    { kind: "linear" as const, contractSize: 0.001 },
    { kind: "inverse" as const, contractSize: 0.1 },
  );
  fc.assert(
    fc.property(scenes(120), contracts, (scene, { kind, contractSize }) => {
      const run = runOf(scene, stepsOf(scene.all, scene.coveredFromUs, untilOf(scene), scene.clockEveryUs), {
        ...CRYPTO,
        kind,
        contractSize,
      });
      expectNaive(run.candles(), naiveOf(scene, [], contractSize, kind === "inverse" ? "inverse" : "linear"));
    }),
    { numRuns: 80 },
  );
});

test("gaps known before the close decide completeness, bad minutes, holes and after_gap", () => {
  const withGaps = scenes(30).chain((scene) => fc.tuple(fc.constant(scene), plainGaps(scene.from, scene.to)));
  fc.assert(
    fc.property(withGaps, ([scene, gaps]) => {
      const steps = stepsOf(scene.all, scene.coveredFromUs, untilOf(scene), scene.clockEveryUs);
      const run = runOf(scene, [...gaps.map((gap) => ({ kind: "gap" as const, gap })), ...steps]);
      expectNaive(run.candles(), naiveOf(scene, gaps));
    }),
    { numRuns: 120 },
  );
});

test("a snapshot as JSON at any point goes on identically", () => {
  const cuts = scenes(60).chain((scene) =>
    fc.tuple(fc.constant(scene), plainGaps(scene.from, scene.to), fc.array(fc.nat(200), { maxLength: 4 })),
  );
  fc.assert(
    fc.property(cuts, ([scene, gaps, at]) => {
      const steps: Step[] = [
        ...gaps.map((gap) => ({ kind: "gap" as const, gap })),
        ...stepsOf(scene.all, scene.coveredFromUs, untilOf(scene), scene.clockEveryUs),
      ];
      const restarted = new SeriesRun(CRYPTO, scene.coveredFromUs, scene.batchSize);
      for (const [i, step] of steps.entries()) {
        if (at.includes(i)) restarted.restart();
        restarted.take(step);
        if (at.includes(i)) expect(formingOf(restarted)).toEqual(formingOf(runOf(scene, steps.slice(0, i + 1))));
      }
      expect(restarted.bits()).toEqual(runOf(scene, steps).bits());
    }),
    { numRuns: 80 },
  );
});

test("a week of candles equals one built from the trades alone", () => {
  const from = Date.parse("2024-12-29T23:58:00Z");
  const to = Date.parse("2025-01-06T00:03:00Z");
  fc.assert(
    fc.property(plainTrades({ fromMs: from, toMs: to, max: 400 }), plainGaps(from, to), (trades, gaps) => {
      const scene: Scene = { from, to, coveredFromUs: from * 1000, all: inTime(trades), clockEveryUs: 0, batchSize: 500 };
      const steps = stepsOf(scene.all, from * 1000, untilOf(scene), 3_600_000_000);
      const run = runOf(scene, [...gaps.map((gap) => ({ kind: "gap" as const, gap })), ...steps]);
      expectNaive(run.candles(), naiveOf(scene, gaps));
    }),
    { numRuns: 1 },
  );
}, 60_000);

function formingOf(run: SeriesRun): unknown {
  return run.series.forming().map(({ sums, ...row }) => [row, Array.from(sums)]);
}

function naiveOf(scene: Scene, gaps: readonly PlainGap[], contractSize = 1, kind: "linear" | "inverse" = "linear") {
  const sessions = cryptoSessions(scene.from);
  const closedUntil = closedBy(sessions, untilOf(scene) / 1000, CRYPTO.closeDelayMs);
  const trades: PlainTrade[] = scene.all.map((arrival) => arrival.trade);
  return naiveCandles({ sessions, coveredFromUs: scene.coveredFromUs, closedUntil, trades, gaps, contractSize, kind, windows: true });
}
