import fc from "fast-check";
import { expect, test } from "vitest";
import { closedBy, inTime, plainGaps, stepsOf } from "../test/arrivals.ts";
import { naiveCandles, type PlainGap, type PlainTrade } from "../test/naive-candles.ts";
import { cryptoSessions, expectNaive, plainTrades } from "../test/plain-trades.ts";
import { CRYPTO, SeriesRun, type Step } from "../test/series-run.ts";
import type { Candle } from "./candle.ts";

const MINUTE = 60_000;
/** The last late trade and the last end of a gap have come by then. */
const AFTER = 2 * MINUTE;
const RUNNING = new Set<string>(["cvd", "cvdOpen", "cvdHigh", "cvdLow", "cvdBase", "vwapSession", "imbalanceStreak", "lastClose"]);

interface Scene {
  from: number;
  to: number;
  /** Trades that come in time. */
  trades: PlainTrade[];
  /** Trades that come after their candles closed, and when, in epoch microseconds. */
  late: { trade: PlainTrade; atUs: number }[];
  gaps: { gap: PlainGap; endUs: number }[];
}

/** Spans over midnight, over the week's end, and inside a day. */
const spans = fc.constantFrom(
  ["2024-03-05T10:58:00Z", 25],
  ["2024-03-05T23:50:00Z", 20],
  ["2024-03-03T23:30:00Z", 50],
  ["2024-03-05T19:40:00Z", 290],
) as fc.Arbitrary<[string, number]>;

const scenes: fc.Arbitrary<Scene> = spans.chain(([start, length]) => {
  const from = Date.parse(start);
  const to = from + length * MINUTE;
  const parts = fc.tuple(
    plainTrades({ fromMs: from - 2 * MINUTE, toMs: to, max: 40 }),
    fc.array(fc.record({ late: fc.boolean(), part: fc.double({ min: 0, max: 1, noNaN: true }) }), { minLength: 40, maxLength: 40 }),
    fc.oneof(fc.constant([]), plainGaps(from, to)),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
  );
  return parts.map(([trades, choices, gaps, ends]) => {
    const endUs = (to + 30_000) * 1000;
    const later = (sinceUs: number, part: number): number =>
      Math.round(sinceUs + 61_000_000 + part * Math.max(0, endUs - sinceUs - 61_000_000));
    const late = trades.flatMap((trade, i) => {
      const choice = choices[i] as { late: boolean; part: number };
      return choice.late || trade.timeUs < from * 1000 ? [{ trade, atUs: later(trade.timeUs, choice.part) }] : [];
    });
    const known = new Set(late.map(({ trade }) => trade));
    return {
      from,
      to,
      trades: trades.filter((trade) => !known.has(trade)),
      late,
      gaps: gaps.map((gap, i) => ({ gap, endUs: later(gap.toUs, ends[i] as number) })),
    };
  });
});

/** The late trades one by one where they come, gaps open from their start and ended where they end. */
function stepsFor(scene: Scene): Step[] {
  const untilUs = (scene.to + AFTER) * 1000;
  const steps = stepsOf(inTime(scene.trades), scene.from * 1000, untilUs, 30_000_000);
  const extra: { atUs: number; step: Step }[] = scene.late.map(({ trade, atUs }) => ({ atUs, step: { kind: "trades", trades: [trade] } }));
  for (const { gap, endUs } of scene.gaps) {
    extra.push({ atUs: gap.fromUs, step: { kind: "gap", gap: { ...gap, state: "open" } } }, { atUs: endUs, step: { kind: "gap", gap } });
  }
  extra.sort((a, b) => a.atUs - b.atUs);
  const all: Step[] = [];
  for (const step of steps) {
    while (step.kind === "clock" && (extra[0]?.atUs ?? Number.POSITIVE_INFINITY) <= step.timeUs)
      all.push((extra.shift() as { step: Step }).step);
    all.push(step);
  }
  return all;
}

function naiveOf(scene: Scene) {
  const sessions = cryptoSessions(scene.from - 86_400_000);
  return naiveCandles({
    sessions,
    coveredFromUs: scene.from * 1000,
    closedUntil: closedBy(sessions, scene.to + AFTER, CRYPTO.closeDelayMs),
    trades: [...scene.trades, ...scene.late.map(({ trade }) => trade)],
    gaps: scene.gaps.map(({ gap }) => gap),
    windows: true,
  });
}

test("after late trades and ended gaps every row is what it would be had all been known in time", () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const run = new SeriesRun(CRYPTO, scene.from * 1000, 7).run(stepsFor(scene));
      expectNaive(run.candles(), naiveOf(scene));
    }),
    { numRuns: 50 },
  );
}, 60_000);

test("a revision names exactly the rows whose own values changed, and a rewrite exactly those whose running values did", () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const run = new SeriesRun(CRYPTO, scene.from * 1000, 7);
      for (const step of stepsFor(scene)) {
        const before = step.kind === "clock" ? new Map<string, Candle>() : run.candles();
        const known = run.revisions.length;
        run.take(step);
        if (run.revisions.length === known) continue;
        expect(run.revisions.length).toBe(known + 1);
        expectChanges(run, before);
      }
    }),
    { numRuns: 20 },
  );
}, 60_000);

function expectChanges(run: SeriesRun, before: ReadonlyMap<string, Candle>): void {
  const { revised, rewritten, recomputed } = run.revisions.at(-1) as SeriesRun["revisions"][number];
  const own: string[] = [];
  const running: string[] = [];
  for (const [key, candle] of run.candles()) {
    const old = before.get(key);
    const changed = Object.keys(candle).filter((name) => !Object.is(candle[name as keyof Candle], old?.[name as keyof Candle]));
    if (old === undefined || changed.some((name) => !RUNNING.has(name))) own.push(key);
    else if (changed.length > 0) running.push(key);
    if (old !== undefined && own.includes(key)) expect([candle.state, candle.revision]).toEqual(["revised", old.revision + 1]);
    if (old === undefined) expect([candle.state, candle.revision]).toEqual(["closed", 0]);
  }
  const keyOf = (row: { timeframe: string; openTime: number }): string => `${row.timeframe} ${row.openTime}`;
  expect(revised.map(keyOf).sort()).toEqual(own.sort());
  const rewrittenKeys = new Set(rewritten.map(keyOf));
  expect(running.filter((key) => !rewrittenKeys.has(key))).toEqual([]);
  expect(rewritten.map(keyOf).filter((key) => own.includes(key))).toEqual([]);
  // a notice spans the rows whose running values changed, and no row that was not written
  const rowsOf = (timeframe: string, keys: readonly string[]) =>
    rewritten.filter((row) => row.timeframe === timeframe && keys.includes(keyOf(row)));
  for (const { timeframe, from, to } of recomputed) {
    const [told, written] = [rowsOf(timeframe, running), rowsOf(timeframe, [...rewrittenKeys])];
    for (const row of told) expect([row.openTime >= from, row.closeTime <= to]).toEqual([true, true]);
    expect([written.some((row) => row.openTime === from), written.some((row) => row.closeTime === to)]).toEqual([true, true]);
  }
  const told = new Set(recomputed.map((notice) => notice.timeframe));
  expect(rewritten.filter((row) => running.includes(keyOf(row)) && !told.has(row.timeframe))).toEqual([]);
}

test("a restart between revisions changes nothing", () => {
  fc.assert(
    fc.property(scenes, fc.array(fc.nat(120), { maxLength: 4 }), (scene, at) => {
      const steps = stepsFor(scene);
      const restarted = new SeriesRun(CRYPTO, scene.from * 1000, 7);
      for (const [i, step] of steps.entries()) {
        if (at.includes(i)) restarted.restart();
        restarted.take(step);
      }
      expect(restarted.bits()).toEqual(new SeriesRun(CRYPTO, scene.from * 1000, 7).run(steps).bits());
    }),
    { numRuns: 20 },
  );
}, 60_000);
