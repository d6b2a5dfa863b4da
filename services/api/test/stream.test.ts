import { candleRecomputed } from "@tickfleet/contracts/candle-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { openPool } from "@tickfleet/database/pool";
import { openBus } from "@tickfleet/runtime/bus";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createCandle,
  type Gateway,
  insertCandles,
  insertInstrument,
  MINUTE,
  publishCandle,
  publishForming,
  START,
  startGateway,
  until,
} from "./harness.ts";
import { connectStream, heldCandles } from "./stream-connection.ts";

const CHANNEL = "candle:binance:BTC-USDT:1m";
const at = (i: number): number => START + i * MINUTE;
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
  await insertInstrument(gateway.database, "binance", "BTC-USDT", "BTCUSDT");
  await insertInstrument(gateway.database, "binance", "ETH-USDT", "ETHUSDT");
  await insertCandles(
    gateway.database,
    Array.from({ length: 10 }, (_, i) => createCandle({ openTime: at(i) })),
  );
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

test("good channels start although others are refused, with a reason", async () => {
  const client = await connectStream(gateway.url);
  client.send({
    op: "subscribe",
    id: 7,
    channels: [CHANNEL, "candle:binance:btcusdt:1m", "candle:binance:BTC-USDT:2m", "trade:x", "trades:x:y", "candle:*:*:1h"],
  });
  const ack = await client.next("ack");
  expect(ack).toMatchObject({ id: 7, accepted: [CHANNEL, "candle:*:*:1h"] });
  expect(ack.rejected.map((one: { code: string; fix: string }) => [one.code, one.fix.slice(0, 30)])).toEqual([
    ["unknown-instrument", "did you mean BTC-USDT?"],
    ["unknown-timeframe", "it is a timeframe of 1m, 3m, 5"],
    ["bad-channel", "it is trade:<venue>:<instrumen"],
    ["unknown-class", "did you mean trade? it is a ch"],
  ]);
  client.send({ op: "list", id: "a" });
  expect(await client.next("list")).toEqual({ type: "list", id: "a", channels: [CHANNEL, "candle:*:*:1h"] });
  client.send({ op: "nonsense" });
  client.socket.send("{");
  await until(() => client.of("error").length === 2, "two errors");
  client.socket.close();
});

test("a snapshot, then numbered updates; only higher revisions, and no forming candle under a closed one", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", id: 1, channels: [CHANNEL], snapshot: 5 });
  const snapshot = await client.next("snapshot");
  expect(snapshot.data.map((row: { openTime: number }) => row.openTime)).toEqual([at(5), at(6), at(7), at(8), at(9)]);
  expect(snapshot.data[0]).toEqual(createCandle({ openTime: at(5) }));

  publishForming(gateway.bus, createCandle({ openTime: at(9) }), 1);
  publishForming(gateway.bus, createCandle({ openTime: at(10) }), 2);
  await until(() => client.of("update").length === 1, "the forming candle");
  await publishCandle(gateway.bus, createCandle({ openTime: at(10) }));
  await publishCandle(gateway.bus, createCandle({ openTime: at(10) }));
  await publishCandle(gateway.bus, createCandle({ openTime: at(8) }));
  await publishCandle(gateway.bus, createCandle({ openTime: at(8), state: "revised", revision: 1 }));
  await until(() => client.of("update").length === 3, "closed and revised");
  publishForming(gateway.bus, createCandle({ openTime: at(10) }), 3);
  publishForming(gateway.bus, createCandle({ openTime: at(11) }), 4);
  await until(() => client.of("update").length === 4, "the next forming candle");

  // a candle that comes twice has two places in the stream, and is sent once
  const first = client.of("update")[1].seq;
  const updates = client.of("update").map((message) => [message.seq, message.prev, message.data.openTime, message.data.state]);
  expect(updates).toEqual([
    [undefined, undefined, at(10), "forming"],
    [first, snapshot.seq, at(10), "closed"],
    [first + 3, first, at(8), "revised"],
    [undefined, undefined, at(11), "forming"],
  ]);
  client.socket.close();
});

test("a snapshot holds candles that are published and not stored yet, and the open one", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", channels: [CHANNEL], snapshot: 4 });
  const { data } = await client.next("snapshot");
  expect(data.map((row: { openTime: number; state: string; revision: number }) => [row.openTime, row.state, row.revision])).toEqual([
    [at(8), "revised", 1],
    [at(9), "closed", 0],
    [at(10), "closed", 0],
    [at(11), "forming", 0],
  ]);
  expect(Object.keys(data[3])).toEqual(Object.keys(createCandle({ openTime: 0 })));
  client.socket.close();
});

test("whenever a client joins, its snapshot and updates are the table: no hole, no repeat", async () => {
  const channel = "candle:binance:ETH-USDT:1m";
  const clients: Awaited<ReturnType<typeof connectStream>>[] = [];
  const rows = Array.from({ length: 120 }, (_, i) => createCandle({ instrument: "ETH-USDT", openTime: at(i), revision: 0 }));
  for (const [i, row] of rows.entries()) {
    await publishCandle(gateway.bus, row);
    if (i % 20 === 7) {
      const client = await connectStream(gateway.url);
      client.send({ op: "subscribe", channels: [i % 40 === 7 ? channel : "candle:*:ETH-USDT:1m"], snapshot: 500 });
      clients.push(client);
    }
    // the row is committed some time after it was published, three at once
    if (i % 3 === 2) await insertCandles(gateway.database, rows.slice(i - 2, i + 1));
  }
  for (const client of clients) {
    await until(() => heldCandles(client.messages, channel).length === rows.length, "the client to hold all");
    const held = heldCandles(client.messages, channel).map(({ stamps: _, ...row }) => row);
    expect(held).toEqual(rows);
    expect(client.of("snapshot").filter((message) => message.channel === channel)).toHaveLength(1);
    client.socket.close();
  }
});

test("snapshots that are asked for again and again, while none can be read, come once, as long as the longest of them", async () => {
  const pool = openPool(gateway.database.url, { max: 1, name: "test", schema: "aggregator" });
  const lock = await pool.connect();
  const client = await connectStream(gateway.url);
  try {
    await lock.query("begin");
    await lock.query("lock table aggregator.candles in access exclusive mode");
    for (let i = 1; i <= 9; i++) client.send({ op: "subscribe", id: i, channels: [CHANNEL], snapshot: i === 5 ? 9 : i });
    await until(() => client.of("ack").length === 9, "all to be accepted");
  } finally {
    await lock.query("rollback");
    lock.release();
    await pool.end();
  }
  await until(() => client.of("snapshot").some(({ data }) => data.length === 9), "the longest");
  client.send({ op: "subscribe", id: 10, channels: ["candle:binance:BTC-USDT:3m"], snapshot: 1 });
  await until(() => client.of("snapshot").some(({ channel }) => channel !== CHANNEL), "the one behind them");
  // the first was being read when the others came
  expect(client.of("snapshot").map(({ channel, data }) => [channel, data.length])).toEqual([
    [CHANNEL, 1],
    [CHANNEL, 9],
    ["candle:binance:BTC-USDT:3m", 0],
  ]);
  client.socket.close();
});

test("a recomputed range is told on its channel", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", channels: [CHANNEL] });
  await client.next("ack");
  await publishCandle(gateway.bus, createCandle({ openTime: at(12) }));
  await client.next("update");
  const key = { venue: "binance", instrument: "BTC-USDT", timeframe: "1m", anchor: "UTC", session: "all" };
  const data = { ...key, from: at(3), to: at(12), cause: "late-trade", inputSeq: 5 };
  const subject = subjectOf(candleRecomputed, key);
  await gateway.bus.publishBatch([{ subject, headers: {}, data: new TextEncoder().encode(JSON.stringify(data)) }]);
  const { seq } = client.of("update")[0];
  const head = { type: "recomputed", channel: CHANNEL, kind: "candle-recomputed", stream: "CANDLES" };
  expect(await client.next("recomputed")).toEqual({ ...head, seq: seq + 1, prev: seq, data });
  client.socket.close();
});

test("nothing comes after an unsubscribe; a second one is refused", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", id: 1, channels: ["candle:*:*:*"] });
  await client.next("ack");
  await publishCandle(gateway.bus, createCandle({ openTime: at(50), timeframe: "5m" }));
  await client.next("update");
  client.send({ op: "unsubscribe", id: 2, channels: ["candle:*:*:*"] });
  client.send({ op: "unsubscribe", id: 3, channels: ["candle:*:*:*"] });
  await until(() => client.of("ack").length === 3, "acks");
  expect(client.of("ack")[2]).toMatchObject({ accepted: [], rejected: [{ code: "not-subscribed" }] });
  await publishCandle(gateway.bus, createCandle({ openTime: at(55), timeframe: "5m" }));
  client.send({ op: "ping", id: 4 });
  await client.next("pong");
  expect(client.of("update")).toHaveLength(1);
  client.socket.close();
});

test("what the broker stored while the gateway was away from it comes once it is back, in order, before what is new", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", channels: [CHANNEL], snapshot: 3 });
  await client.next("snapshot");
  const before = client.of("update").length;
  await publishCandle(gateway.bus, createCandle({ openTime: at(20) }));
  await gateway.nats.kill();
  await gateway.nats.start();
  // somebody who comes at once publishes before the gateway is connected again
  const bus = await openBus({ url: gateway.nats.url, name: "early" });
  for (let i = 21; i < 60; i++) await publishCandle(bus, createCandle({ openTime: at(i) }));
  await bus.close();
  await until(async () => (await gateway.bus.streamPosition("CANDLES").catch(() => null)) !== null, "this test's own connection");
  await until(() => client.of("update").some((message) => message.data.openTime === at(59)), "live again");
  const times = client
    .of("update")
    .slice(before)
    .map((message) => message.data.openTime);
  expect(times).toEqual(Array.from({ length: 40 }, (_, i) => at(20 + i)));
  expect(client.of("resync")).toEqual([]);
  client.socket.close();
});

test("a page from elsewhere opens no stream; one of the gateway's host or of this machine does", async () => {
  await expect(connectStream(gateway.url, "https://evil.example.com")).rejects.toThrow(/403/);
  await expect(connectStream(gateway.url, "null")).rejects.toThrow(/403/);
  for (const origin of [gateway.url, "http://localhost:5173"]) (await connectStream(gateway.url, origin)).socket.close();
});

test("too many messages a second are refused, a heartbeat counts what was sent", async () => {
  const client = await connectStream(gateway.url);
  for (let i = 0; i < 40; i++) client.send({ op: "ping", id: i });
  await until(() => client.of("error").length + client.of("pong").length === 40, "40 answers");
  expect(client.of("error").length).toBeGreaterThanOrEqual(20);
  // one may have come among the answers
  const before = client.heartbeats.length;
  await until(() => client.heartbeats.length > before, "a heartbeat after them");
  expect(client.heartbeats[before].sent).toBe(40);
  expect(Math.abs(client.heartbeats[before].serverTimeMs - Date.now())).toBeLessThan(5_000);
  client.socket.close();
});

test("a frame beyond 64 KiB ends the connection; another path is no stream", async () => {
  const client = await connectStream(gateway.url);
  client.socket.send("x".repeat(70_000));
  await until(() => client.closed !== null, "closed");
  expect(client.closed?.code).toBe(1009);
  await expect(connectStream(`${gateway.url}/x`)).rejects.toThrow(/404/);
  expect((await gateway.get("/api/v1/stream")).body).toMatchObject({ status: 400, code: "missing-parameter", field: "channels" });
});

test("a client that does not read is let go", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", channels: [CHANNEL] });
  await client.next("ack");
  client.socket.pause();
  const algo = "x".repeat(60_000);
  for (let i = 0; i < 900; i++) publishForming(gateway.bus, createCandle({ openTime: at(1_000), algo }), i);
  await gateway.bus.connection.flush();
  for (let i = 0; i < 400; i++) await publishCandle(gateway.bus, createCandle({ openTime: at(1_000 + i), algo }));
  client.socket.resume();
  await until(() => client.closed !== null, "let go");
  expect([4008, 1006]).toContain(client.closed?.code);
  expect(client.of("update").filter((message) => message.data.state === "forming").length).toBeLessThan(900);
});

test("at the end every client is told, and closed with 1012", async () => {
  const client = await connectStream(gateway.url);
  await gateway.stop();
  const shutdown = await client.next("shutdown");
  expect(shutdown.reconnectInMs).toBeGreaterThanOrEqual(250);
  await until(() => client.closed !== null, "closed");
  expect(client.closed?.code).toBe(1012);
});
