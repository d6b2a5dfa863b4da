import { sentiment } from "@tickfleet/contracts/context-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import type { Timeframe } from "@tickfleet/market/timeframe";
import { ContextItems } from "@tickfleet/runtime/context-items";
import { expect, test } from "vitest";
import { createEnriched, type EnrichedCandle, enrichedScript, type Made, MINUTE, messageOf } from "../test/enriched-script.ts";
import type { Bar } from "./bar-series.ts";
import { readEnrichedInput } from "./enriched-input.ts";
import { LaneState } from "./lane-state.ts";
import { LaneWriter } from "./lane-writer.ts";
import { onEnriched } from "./on-enriched.ts";

const START = Date.UTC(2026, 2, 2, 12);
const LENGTHS: Partial<Record<Timeframe, number>> = { "1m": 1, "3m": 3, "5m": 5, "15m": 15 };
type Said = Record<string, unknown> & { kind: string; timeframe: string; openTime: number; revision: number; state: string };

/** One instrument in memory. */
class Detector {
  readonly context = new ContextItems();
  readonly #lane = new LaneState(0, true, new Map(), []);
  #seq = 0;

  /** Outputs of one message. */
  send(candle: EnrichedCandle): Said[] {
    const said: Said[] = [];
    const { subject, data } = messageOf(candle, `m-${this.#seq}`);
    const input = readEnrichedInput({ seq: this.#seq++, subject, id: "", data, header: () => "" });
    if (input.kind !== "enriched") throw new Error("expected an enriched candle");
    const emit = (output: { data: Uint8Array }): void => void said.push(JSON.parse(new TextDecoder().decode(output.data)) as Said);
    const state = this.#lane.find(input.key);
    if (state === null) throw new Error("expected the lane to be whole");
    onEnriched(state, input, { lane: this.#lane, context: this.context, writer: new LaneWriter(), emit });
    return said;
  }

  bar(timeframe: Timeframe, closeMinute: number): Bar | undefined {
    const key = { venue: "test", instrument: "AAA-USD", anchor: "UTC", session: "all", calendar: "crypto" } as const;
    return this.#lane
      .find(key)
      ?.series(timeframe)
      .bars.find(({ candle }) => candle.closeTime === START + closeMinute * MINUTE);
  }
}

/** A candle that closes `minute` minutes after the start. */
function candleAt(timeframe: Timeframe, minute: number, made: Partial<Made> = {}): EnrichedCandle {
  const closeTime = START + minute * MINUTE;
  const fields = { instrument: "AAA-USD", timeframe, closeTime, openTime: closeTime - (LENGTHS[timeframe] ?? 1) * MINUTE };
  return createEnriched({ ...fields, prices: [100, 101, 99, 100], trendAngle: 10, trendStrength: 0.5, ...made });
}

/** A long white candle: CDLBELTHOLD, CDLMARUBOZU and others; mirrored a black one. */
const WHITE = [100, 110, 100, 110] as const;
const BLACK = [110, 110, 100, 100] as const;

/** Sends all candles of the first `minutes`. */
function warmUp(detector: Detector, minutes: number): void {
  for (let minute = 1; minute <= minutes; minute++) {
    for (const [timeframe, length] of Object.entries(LENGTHS)) {
      if (minute % length === 0) detector.send(candleAt(timeframe as Timeframe, minute, { prices: [100, 102, 98, 100 + (minute % 2)] }));
    }
  }
}

test("a step waits for every timeframe that the calendar closes, and then judges all, the highest first", () => {
  const detector = new Detector();
  warmUp(detector, 74);
  expect(detector.send(candleAt("1m", 75, { prices: WHITE }))).toEqual([]);
  expect(detector.send(candleAt("3m", 75, { prices: WHITE }))).toEqual([]);
  expect(detector.bar("1m", 75)?.surroundings).toBeNull();
  expect(detector.send(candleAt("5m", 75, { prices: WHITE }))).toEqual([]);
  const said = detector.send(candleAt("15m", 75, { prices: WHITE }));
  const order = said.map(({ timeframe }) => timeframe).filter((timeframe, i, all) => timeframe !== all[i - 1]);
  expect(order.slice(-3)).toEqual(["5m", "3m", "1m"]);
  const live = detector.bar("1m", 75)?.surroundings?.live ?? [];
  expect(new Set(live.map(({ timeframe }) => timeframe))).toEqual(new Set(["3m", "5m"]));
  expect(live.every(({ weightedConfidence }) => weightedConfidence !== null)).toBe(true);
  const below = detector.bar("5m", 75)?.surroundings?.live.filter(({ timeframe }) => timeframe === "1m") ?? [];
  expect(below.length).toBeGreaterThan(0);
  expect(below.every(({ weightedConfidence }) => weightedConfidence === null)).toBe(true);
});

test("the next higher timeframe's last closed candle is looked at, never the open one", () => {
  const detector = new Detector();
  warmUp(detector, 30);
  detector.send(candleAt("1m", 31));
  expect(detector.bar("1m", 31)?.surroundings?.higher).toMatchObject({ timeframe: "3m", openTime: START + 27 * MINUTE, trendAngle: 10 });
  detector.send(candleAt("1m", 32));
  detector.send(candleAt("1m", 33));
  detector.send(candleAt("3m", 33, { trendAngle: -20 }));
  expect(detector.bar("1m", 33)?.surroundings?.higher).toMatchObject({ openTime: START + 30 * MINUTE, trendAngle: -20 });
});

test("where a candle never comes, the step runs before the next candle's own", () => {
  const detector = new Detector();
  warmUp(detector, 74);
  detector.send(candleAt("1m", 75, { prices: WHITE }));
  detector.send(candleAt("5m", 75, { prices: WHITE }));
  const said = detector.send(candleAt("1m", 76, { prices: BLACK }));
  const times = said.map(({ timeframe, openTime }) => `${timeframe} ${(openTime - START) / MINUTE}`);
  expect([...new Set(times)]).toEqual(["5m 70", "1m 74", "1m 75"]);
  expect(detector.bar("1m", 75)?.surroundings?.live.every(({ timeframe }) => timeframe !== "3m")).toBe(true);
  // a live pattern ends when the calendar closes the next candle, whether that came or not
  detector.send(candleAt("1m", 77));
  detector.send(candleAt("1m", 78));
  detector.send(candleAt("1m", 79));
  detector.send(candleAt("1m", 80));
  detector.send(candleAt("1m", 81));
  expect(detector.bar("1m", 79)?.surroundings?.live.some(({ timeframe }) => timeframe === "5m")).toBe(true);
  expect(detector.bar("1m", 80)?.surroundings?.live).toEqual([]);
});

test("a revision of a candle whose step still waits is judged with it, once", () => {
  const detector = new Detector();
  warmUp(detector, 44);
  detector.send(candleAt("1m", 45, { prices: BLACK }));
  expect(detector.send(candleAt("1m", 45, { prices: WHITE, revision: 1 }))).toEqual([]);
  detector.send(candleAt("3m", 45));
  detector.send(candleAt("5m", 45));
  const said = detector
    .send(candleAt("1m", 46))
    .filter(({ openTime, timeframe }) => timeframe === "1m" && openTime === START + 44 * MINUTE);
  expect(said.find(({ kind }) => kind === "CDLBELTHOLD")).toMatchObject({ value: 100, revision: 0, enrichedRevision: 1 });
});

test("a revised candle withdraws and adds patterns, and those of the next twenty candles where they change", () => {
  const detector = new Detector();
  warmUp(detector, 61);
  const first = detector.send(candleAt("1m", 62, { prices: WHITE }));
  const kinds = (said: readonly Said[]): string[] => said.filter(({ lead }) => lead === undefined).map(({ kind }) => kind);
  expect(kinds(first)).toContain("CDLMARUBOZU");
  const again = detector.send(candleAt("1m", 62, { prices: BLACK, revision: 1 }));
  const marubozu = again.find(({ kind }) => kind === "CDLMARUBOZU");
  expect(marubozu).toMatchObject({ value: -100, revision: 1, state: "complete", enrichedRevision: 1 });
  const plain = detector.send(candleAt("1m", 62, { prices: [100, 102, 98, 101], revision: 2 }));
  expect(plain.find(({ kind }) => kind === "CDLMARUBOZU")).toMatchObject({ value: 0, revision: 2, state: "withdrawn", direction: -1 });
  expect(detector.send(candleAt("1m", 62, { prices: BLACK, revision: 2 }))).toEqual([]);
  expect(detector.send(candleAt("1m", 62, { prices: BLACK, revision: 3 })).find(({ kind }) => kind === "CDLMARUBOZU")).toMatchObject({
    value: -100,
    revision: 3,
    state: "complete",
  });
});

test("a higher number alone changes nothing that was said", () => {
  const detector = new Detector();
  warmUp(detector, 61);
  detector.send(candleAt("1m", 62, { prices: WHITE }));
  expect(detector.send(candleAt("1m", 62, { prices: WHITE, revision: 5 }))).toEqual([]);
  expect(detector.bar("1m", 62)?.candle.enrichedRevision).toBe(5);
});

test("what stood around a candle is frozen: later revisions of other timeframes and later context do not reach it", () => {
  const detector = new Detector();
  warmUp(detector, 61);
  detector.send(candleAt("1m", 62, { prices: WHITE }));
  const before = JSON.stringify(detector.bar("1m", 62)?.surroundings);
  detector.send(candleAt("3m", 60, { prices: BLACK, trendAngle: -40, revision: 1 }));
  const item = { provider: "fleet", asset: "AAA", time: START, validFrom: START, ttlMs: 9e9, value: 0.5, confidence: 0.5, documents: 1 };
  const data = new TextEncoder().encode(JSON.stringify({ ...item, sources: [], algo: "sentiment@1.0.0" }));
  const subject = subjectOf(sentiment, { provider: "fleet", asset: "AAA" });
  detector.context.add({ seq: 1, subject, id: "", data, storedMs: START - 60_000, header: () => "" });
  detector.send(candleAt("1m", 62, { prices: BLACK, revision: 1 }));
  expect(JSON.stringify(detector.bar("1m", 62)?.surroundings)).toBe(before);
  detector.send(candleAt("1m", 63));
  detector.send(candleAt("3m", 63));
  expect(detector.bar("1m", 63)?.surroundings).toMatchObject({ sentiment: { provider: "fleet", value: 0.5 } });
});

test("a candle that comes when its step is over is judged with what stood around it then", () => {
  const detector = new Detector();
  warmUp(detector, 61);
  detector.send(candleAt("1m", 62));
  detector.send(candleAt("3m", 63));
  detector.send(candleAt("1m", 64));
  const said = detector.send(candleAt("1m", 63, { prices: WHITE }));
  expect(said.some(({ openTime, kind }) => openTime === START + 62 * MINUTE && kind === "CDLMARUBOZU")).toBe(true);
  expect(detector.bar("1m", 63)?.surroundings?.higher).toMatchObject({ openTime: START + 60 * MINUTE });
  expect(detector.bar("1m", 64)?.surroundings).not.toBeNull();
});

test("no key is said twice for one message", () => {
  const detector = new Detector();
  for (const candle of enrichedScript(5, 300)
    .candlesAfter(Number.POSITIVE_INFINITY)
    .filter(({ instrument }) => instrument === "AAA-USD")) {
    for (const sent of [candle, { ...candle, revision: candle.revision + 1, close: candle.high }]) {
      const keys = detector.send(sent).map(({ timeframe, openTime, kind }) => `${timeframe} ${openTime} ${kind ?? "signal"}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  }
});
