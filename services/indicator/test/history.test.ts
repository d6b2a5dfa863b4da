import type { Candle } from "@tickfleet/market/candle";
import type { OutgoingMessage } from "@tickfleet/runtime/bus";
import { isLong } from "@tickfleet/testkit/long-form";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fillAggregatorTables } from "./aggregator-tables.ts";
import { candleScript } from "./candle-script.ts";
import {
  caughtUp,
  enrichedRows,
  messagesOf,
  openSurroundings,
  outputsByPartition,
  publish,
  type Replica,
  type Surroundings,
  startReplica,
} from "./harness.ts";

const script = candleScript(12, isLong ? 420 : 260);
const half = Math.floor(script.messages.length / 2);

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

async function run(): Promise<string[]> {
  const replica = startReplica(around);
  replicas.push(replica);
  await caughtUp(around);
  await replica.stop();
  return enrichedRows(around);
}

/** Rows without what depends on how often a key was sent. */
function values(rows: readonly string[]): unknown[] {
  return rows.map((line) => {
    const { revision, ...row } = JSON.parse(line) as Record<string, unknown>;
    return row;
  });
}

test.runIf(isLong)("a start from the aggregator's history ends with the values of the run that saw every message", async () => {
  await publish(around.bus, script.messages);
  const expected = values(await run());
  await around[Symbol.asyncDispose]();

  around = await openSurroundings();
  await publish(around.bus, script.messages.slice(0, half));
  await fillAggregatorTables(around, script.candlesAfter(half));
  const replica = startReplica(around);
  replicas.push(replica);
  await expect.poll(() => replica.handler.lanes.size, { timeout: 20_000 }).toBe(16);
  await publish(around.bus, script.messages.slice(half));
  const rows = await (async () => {
    await caughtUp(around);
    await replica.stop();
    return enrichedRows(around);
  })();
  expect(values(rows)).toEqual(expected);
  // the history's candles came first, each once, at the revision it then had
  const first = (await messagesOf(around.bus, "ENRICHED")).slice(0, script.candlesAfter(half).length);
  expect(first.map(({ text }) => (JSON.parse(text) as { revision: number }).revision).every((revision) => revision === 0)).toBe(true);
  expect(new Set(first.map(({ id }) => id)).size).toBe(first.length);
});

test("a lane that was never read begins at the stream's first message, whatever is on record by then", async () => {
  const messages = script.messages.map(asSent);
  await publish(around.bus, messages);
  await run();
  const expected = await outputsByPartition(around.bus);
  await around[Symbol.asyncDispose]();

  around = await openSurroundings();
  await publish(around.bus, messages.slice(0, half));
  await fillAggregatorTables(around, script.candlesAfter(half));
  await run();
  await publish(around.bus, messages.slice(half));
  await run();
  expect(await outputsByPartition(around.bus)).toEqual(expected);
});

/** The first message of a candle with the id that the aggregator gives it. */
function asSent(message: OutgoingMessage): OutgoingMessage {
  const { venue, instrument, timeframe, anchor, session, openTime, revision } = JSON.parse(Buffer.from(message.data).toString()) as Candle;
  // the others keep the script's ids: notices, and what it sends twice
  if (openTime === undefined || revision > 0) return message;
  const id = `candle:${venue}:${instrument}:${timeframe}:${anchor}:${session}:${openTime}:${revision}`;
  return { ...message, headers: { "Nats-Msg-Id": id } };
}

test.runIf(isLong)(
  "lanes that are rebuilt have the same rows and send nothing again; later revisions are above the former ones",
  async () => {
    await publish(around.bus, script.messages.slice(0, half));
    const before = await run();
    const sent = await outputsByPartition(around.bus);
    await fillAggregatorTables(around, script.candlesAfter(half));
    await around.database.query("update indicator.lanes set input_id = 'of another history'");
    expect(await run()).toEqual(before);
    expect(await outputsByPartition(around.bus)).toEqual(sent);

    await publish(around.bus, script.messages.slice(half));
    const rows = await run();
    const revisions = new Map<string, number>();
    for (const { subject, text } of await messagesOf(around.bus, "ENRICHED")) {
      if (!subject.includes(".enriched.")) continue;
      const { openTime, revision } = JSON.parse(text) as { openTime: number; revision: number };
      const key = `${subject} ${openTime}`;
      expect(revision, key).toBe((revisions.get(key) ?? -1) + 1);
      revisions.set(key, revision);
    }
    expect(revisions.size).toBe(rows.length);
  },
);

test("rows that other algorithms made are built again from history, though the stream holds everything", async () => {
  await publish(around.bus, script.messages.slice(0, half).map(asSent));
  const before = values(await run());
  await fillAggregatorTables(around, script.candlesAfter(half));
  await around.database.query(
    `with other as (insert into indicator.algorithm_sets (ids) values ('others') returning id)
     update indicator.enriched_candles set rsi14 = null, algo_set = other.id from other`,
  );
  const replica = startReplica(around);
  replicas.push(replica);
  const foreign = "select from indicator.enriched_candles where rsi14 is null and sma50 is not null limit 1";
  await expect.poll(() => around.database.query(foreign), { timeout: 60_000 }).toEqual([]);
  await expect.poll(async () => values(await enrichedRows(around)), { timeout: 60_000 }).toEqual(before);
  await replica.stop();
});

test("a process that dies once a lane is emptied leaves it to be built again, revisions and all", async () => {
  await publish(around.bus, script.messages.slice(0, half).map(asSent));
  const before = await run();
  const sent = await outputsByPartition(around.bus);
  await fillAggregatorTables(around, script.candlesAfter(half));
  await around.database.query("update indicator.lanes set input_id = 'of another history'");
  const dying = startReplica(around, {}, (handler) => {
    const wipe = handler.wipe.bind(handler);
    handler.wipe = async (lane, epoch) => {
      await wipe(lane, epoch);
      throw new TypeError("dead once it was emptied");
    };
  });
  await expect(dying.done).rejects.toThrow("dead once");
  expect(await run()).toEqual(before);
  expect(await outputsByPartition(around.bus)).toEqual(sent);
});

test("what the stream has dropped of other lanes is no loss of a quiet one, and lanes move on together", async () => {
  await publish(around.bus, script.messages.slice(0, half));
  await fillAggregatorTables(around, script.candlesAfter(half));
  await keepOnly(50);
  const rows = await run();
  expect(rows).toHaveLength(script.candlesAfter(half).length);
  const { lastSeq } = await around.bus.streamPosition("CANDLES");
  const sent = await outputsByPartition(around.bus);
  // one that lists no instrument has seen nothing
  await around.database.query("update indicator.lanes set seq = 0, input_id = '' where seq < $1 or lane = 0", [lastSeq]);
  const replica = startReplica(around);
  replicas.push(replica);
  await expect.poll(() => replica.handler.lanes.size, { timeout: 20_000 }).toBe(16);
  await publish(around.bus, script.messages.slice(half, half + 20));
  await caughtUp(around);
  await replica.stop();
  const [least] = await around.database.query<{ seq: string }>("select min(seq) as seq from indicator.lanes");
  expect(Number(least?.seq)).toBe(lastSeq + 20);
  for (const [partition, lines] of Object.entries(sent))
    expect((await outputsByPartition(around.bus))[partition]?.slice(0, lines.length)).toEqual(lines);
});

/** Lets CANDLES hold so many messages. */
async function keepOnly(messages: number): Promise<void> {
  const { connection } = around.bus;
  const info = (await connection.request("$JS.API.STREAM.INFO.CANDLES")).json<{ config: object }>();
  const answer = await connection.request("$JS.API.STREAM.UPDATE.CANDLES", JSON.stringify({ ...info.config, max_msgs: messages }));
  expect(answer.json<{ error?: unknown }>().error).toBeUndefined();
}

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
  const rows = await run();
  expect(await around.database.query("select venue, instrument from indicator.pub_parked")).toEqual([
    { venue: "test", instrument: "BBB-USD" },
  ]);
  const expected = script.candlesAfter(script.messages.length);
  const count = (of: string) => rows.filter((row) => row.includes(of)).length;
  for (const of of ["AAA-USD", "CCC-USD"]) expect(count(of)).toBe(expected.filter(({ instrument }) => instrument === of).length);
  expect(count("BBB-USD")).toBeLessThan(expected.filter(({ instrument }) => instrument === "BBB-USD").length);
});

test("a message that cannot be read is dead-lettered, and its series goes on", async () => {
  const [first, ...rest] = script.messages.slice(0, 200) as [(typeof script.messages)[number], ...(typeof script.messages)[number][]];
  const bad = { ...first, headers: { "Nats-Msg-Id": "bad" }, data: new TextEncoder().encode('{"venue":') };
  await publish(around.bus, [bad, first, ...rest]);
  const rows = await run();
  const letter = await around.bus.getMessage("DLQ", 1);
  expect(new TextDecoder().decode(letter?.data)).toContain("not JSON");
  expect(rows).toHaveLength(script.candlesAfter(200).length);
});

test("the service's rights do not reach the aggregator's tables, only its views", async () => {
  await expect(around.pool.query("select count(*) from aggregator.pub_candles")).resolves.toBeDefined();
  await expect(around.pool.query("select count(*) from aggregator.pub_lanes")).resolves.toBeDefined();
  await expect(around.pool.query("select count(*) from aggregator.candles")).rejects.toThrow("permission denied");
  await expect(around.pool.query("delete from aggregator.pub_candles")).rejects.toThrow("permission denied");
});
