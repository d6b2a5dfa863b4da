import { isLong } from "@tickfleet/testkit/long-form";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EnrichedCandle, enrichedScript, messageOf } from "./enriched-script.ts";
import {
  caughtUp,
  messagesOf,
  migrateSchemas,
  openSurroundings,
  outputsByPartition,
  publish,
  type Replica,
  type Surroundings,
  startReplica,
  storedRows,
} from "./harness.ts";
import { fillIndicatorTables } from "./indicator-tables.ts";

const script = enrichedScript(12, isLong ? 300 : 150);
const half = Math.floor(script.messages.length / 2);
/** Each candle once, at its last revision, in the order of the closes: what a rebuild sees. */
const plain = script.candlesAfter(script.messages.length);

let around: Surroundings;
let replicas: Replica[] = [];

beforeEach(async () => {
  around = await openSurroundings();
  replicas = [];
});

afterEach(async () => {
  for (const replica of replicas) await replica.stop().catch(() => undefined);
  await around[Symbol.asyncDispose]();
});

async function run(): Promise<Record<string, string[]>> {
  const replica = startReplica(around);
  replicas.push(replica);
  await caughtUp(around);
  await replica.stop();
  return storedRows(around);
}

const sentOnce = (candles: readonly EnrichedCandle[]) => candles.map((candle, i) => messageOf(candle, `once-${i}`));
/** Patterns that hold, and signals, without how often they were sent and on which revision. */
function said(rows: Record<string, string[]>): unknown[] {
  return [...(rows["patterns"] ?? []), ...(rows["signals"] ?? [])].flatMap((line) => {
    const { payload } = JSON.parse(line) as { payload: Record<string, unknown> };
    const { revision, state, enrichedRevision, ...rest } = payload;
    return state === "withdrawn" ? [] : [rest];
  });
}

test.runIf(isLong)(
  "a start from the indicator's history says what the messages of the same candles say, and goes on behind it",
  async () => {
    await publish(around.bus, sentOnce(plain));
    const expected = said(await run());
    expect(expected.length).toBeGreaterThan(1_000);
    await around[Symbol.asyncDispose]();

    around = await openSurroundings();
    await publish(around.bus, sentOnce(plain).slice(0, half));
    await fillIndicatorTables(around, plain.slice(0, half));
    const replica = startReplica(around);
    replicas.push(replica);
    await expect.poll(() => replica.handler.lanes.size, { timeout: 20_000 }).toBe(16);
    await publish(around.bus, sentOnce(plain).slice(half));
    await caughtUp(around);
    await replica.stop();
    expect(said(await storedRows(around))).toEqual(expected);
  },
);

test("a lane that was never read begins at the stream's first message, whatever is on record by then", async () => {
  const first = plain.map((candle) => ({ ...candle, revision: 0 }));
  const messages = first.map((candle) => messageOf(candle, idOf(candle)));
  await publish(around.bus, messages);
  await run();
  const expected = await outputsByPartition(around.bus);
  await around[Symbol.asyncDispose]();

  around = await openSurroundings();
  // the record is ahead of what was read, and in the order of keys
  await publish(around.bus, messages);
  await fillIndicatorTables(around, first);
  await run();
  expect(await outputsByPartition(around.bus)).toEqual(expected);
});

/** The id that the indicator service gives a candle's message. */
function idOf({ venue, instrument, timeframe, anchor, session, openTime, revision }: EnrichedCandle): string {
  return `enriched:${venue}:${instrument}:${timeframe}:${anchor}:${session}:${openTime}:${revision}`;
}

test.runIf(isLong)("lanes that are rebuilt have the same rows and send nothing again, also after the tables were lost", async () => {
  await publish(around.bus, sentOnce(plain));
  const before = await run();
  const sent = await outputsByPartition(around.bus);
  await fillIndicatorTables(around, plain);
  await around.database.query("update pattern_detector.lanes set input_id = 'of another history'");
  expect(await run()).toEqual(before);
  expect(await outputsByPartition(around.bus)).toEqual(sent);

  await around.database.query("drop schema pattern_detector cascade");
  await migrateSchemas(around.database);
  expect(await run()).toEqual(before);
  expect(await outputsByPartition(around.bus)).toEqual(sent);
});

test("after a rebuild the revisions of keys that had been revised go on from where they were", async () => {
  await publish(around.bus, script.messages.slice(0, half));
  await run();
  await fillIndicatorTables(around, script.candlesAfter(half));
  await around.database.query("update pattern_detector.lanes set input_id = 'of another history'");
  await run();
  await publish(around.bus, script.messages.slice(half));
  await run();
  for (const stream of ["PATTERNS", "SIGNALS"]) {
    const revisions = new Map<string, number>();
    let raised = 0;
    for (const { subject, text } of await messagesOf(around.bus, stream)) {
      const { openTime, kind = "", revision } = JSON.parse(text) as { openTime: number; kind?: string; revision: number };
      const key = `${subject} ${openTime} ${kind}`;
      expect(revision, key).toBeGreaterThan(revisions.get(key) ?? -1);
      if (revision > 0) raised += 1;
      revisions.set(key, revision);
    }
    expect(raised).toBeGreaterThan(0);
  }
});

test("a message that makes the handler throw parks its instrument, over restarts; the others go on", async () => {
  const seq = script.messages.findIndex(({ subject }, i) => i > half && subject.includes("BBB-USD")) + 1;
  const poison = (handler: Replica["handler"]): void => {
    const apply = handler.apply.bind(handler);
    handler.apply = (input, lane, message, emit) => {
      if (message.seq === seq) throw new TypeError("a fault in the code");
      apply(input, lane, message, emit);
    };
  };
  await publish(around.bus, script.messages.slice(0, half + 200));
  for (let i = 0; i < 3; i++) await expect(startReplica(around, {}, poison).done).rejects.toThrow("a fault in the code");
  await run();
  await publish(around.bus, script.messages.slice(half + 200));
  const { bars = [] } = await run();
  expect(await around.database.query("select venue, instrument from pattern_detector.pub_parked")).toEqual([
    { venue: "test", instrument: "BBB-USD" },
  ]);
  const count = (of: string): number => bars.filter((row) => row.includes(of)).length;
  expect(count("AAA-USD")).toBe(plain.filter(({ instrument }) => instrument === "AAA-USD").length);
  expect(count("BBB-USD")).toBeLessThan(plain.filter(({ instrument }) => instrument === "BBB-USD").length);
});

test("a message that cannot be read is dead-lettered, and its step goes on without it", async () => {
  const some = sentOnce(plain.slice(0, 200));
  const bad = { ...(some[30] as (typeof some)[number]), headers: { "Nats-Msg-Id": "bad" }, data: new TextEncoder().encode('{"venue":') };
  await publish(around.bus, some.with(30, bad));
  const { bars = [] } = await run();
  const letter = await around.bus.getMessage("DLQ", 1);
  expect(new TextDecoder().decode(letter?.data)).toContain("not JSON");
  expect(bars).toHaveLength(199);
  // the last step may wait for what comes next
  expect(bars.filter((row) => row.includes('"surroundings":null')).length).toBeLessThan(8);
});

test("the service's rights do not reach the indicator's tables, only its views", async () => {
  await expect(around.pool.query("select count(*) from indicator.pub_enriched_candles")).resolves.toBeDefined();
  await expect(around.pool.query("select count(*) from indicator.pub_lanes")).resolves.toBeDefined();
  await expect(around.pool.query("select count(*) from indicator.enriched_candles")).rejects.toThrow("permission denied");
  await expect(around.pool.query("delete from indicator.pub_lanes")).rejects.toThrow("permission denied");
});
