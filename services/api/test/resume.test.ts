import { candle } from "@tickfleet/contracts/candle-messages";
import { sentiment } from "@tickfleet/contracts/context-messages";
import { exampleOf } from "@tickfleet/contracts/examples";
import { subjectOf } from "@tickfleet/contracts/message";
import { signal } from "@tickfleet/contracts/pattern-messages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_REPLAY } from "../src/stream-replay.ts";
import { connectEvents } from "./event-connection.ts";
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
import { connectStream } from "./stream-connection.ts";

const CHANNEL = "candle:binance:BTC-USDT:1m";
const at = (i: number): number => START + i * MINUTE;
let gateway: Gateway;
let minute = 0;

beforeAll(async () => {
  gateway = await startGateway();
  await insertInstrument(gateway.database, "binance", "BTC-USDT", "BTCUSDT");
  await insertInstrument(gateway.database, "binance", "ETH-USDT", "ETHUSDT");
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

/** Publishes and stores candles of the next minutes; returns their times. */
async function closeMinutes(count: number, instrument = "BTC-USDT"): Promise<number[]> {
  const times = Array.from({ length: count }, () => at(minute++));
  for (const openTime of times) await publishCandle(gateway.bus, createCandle({ instrument, openTime }));
  await insertCandles(
    gateway.database,
    times.map((openTime) => createCandle({ instrument, openTime })),
  );
  return times;
}

const timesOf = (messages: { type: string; data: { openTime: number } }[]): number[] =>
  messages.filter(({ type }) => type === "update").map(({ data }) => data.openTime);

test("a WebSocket that comes back with its cursor gets exactly what it missed, then what comes", async () => {
  const first = await connectStream(gateway.url);
  first.send({ op: "subscribe", id: 1, channels: [CHANNEL, "candle:*:ETH-USDT:1m"], closed: true });
  const { cursor } = await first.next("ack");
  expect(cursor).toMatch(/^CANDLES:\d+:[0-9a-z]+$/);
  first.socket.terminate();
  const missed = [...(await closeMinutes(700)), ...(await closeMinutes(3, "ETH-USDT"))];
  await publishCandle(gateway.bus, createCandle({ openTime: at(0), timeframe: "5m" }));
  const second = await connectStream(gateway.url);
  second.send({ op: "subscribe", id: 2, channels: [CHANNEL, "candle:*:ETH-USDT:1m"], closed: true, after: cursor });
  const live = await closeMinutes(5);
  await until(() => timesOf(second.messages).length >= missed.length + live.length, "all of them");
  expect(timesOf(second.messages)).toEqual([...missed, ...live]);
  expect(second.of("resumed")[0].replayed).toBeGreaterThanOrEqual(missed.length);
  // the last of a stream's sequences is enough, in the words of a person
  const third = await connectStream(gateway.url);
  const last = second.of("update").at(-3).seq;
  third.send({ op: "subscribe", id: 3, channels: [CHANNEL], after: `CANDLES:${last}` });
  expect((await third.next("resumed")).replayed).toBe(2);
  for (const client of [second, third]) client.socket.close();
});

test("up to 5,000 missed messages are sent, one more is told by resync", async () => {
  const channel = "candle:binance:SOL-USDT:1m";
  await insertInstrument(gateway.database, "binance", "SOL-USDT", "SOLUSDT");
  const row = createCandle({ instrument: "SOL-USDT", openTime: 0 });
  const data = (openTime: number): Uint8Array => new TextEncoder().encode(JSON.stringify({ ...row, openTime, stamps: {} }));
  const subject = subjectOf(candle, { venue: "binance", instrument: "SOL-USDT", timeframe: "1m" });
  const first = await connectStream(gateway.url);
  first.send({ op: "subscribe", id: 1, channels: [channel] });
  const { cursor: after } = await first.next("ack");
  // what one client has the gateway has, and another misses
  const isThere = (openTime: number) => until(() => timesOf(first.messages).includes(openTime), "the gateway to have it");
  const times = Array.from({ length: MAX_REPLAY }, (_, i) => at(i));
  for (let i = 0; i < times.length; i += 1_000) {
    await gateway.bus.publishBatch(times.slice(i, i + 1_000).map((openTime) => ({ subject, headers: {}, data: data(openTime) })));
  }
  await isThere(at(MAX_REPLAY - 1));
  const second = await connectStream(gateway.url);
  second.send({ op: "subscribe", id: 2, channels: [channel], after });
  expect((await second.next("resumed")).replayed).toBe(5_000);
  expect(timesOf(second.messages)).toEqual(times);
  expect(second.of("resync")).toEqual([]);

  await gateway.bus.publishBatch([{ subject, headers: {}, data: data(at(MAX_REPLAY)) }]);
  await isThere(at(MAX_REPLAY));
  const third = await connectStream(gateway.url);
  third.send({ op: "subscribe", id: 3, channels: [channel], after });
  expect((await third.next("resumed")).replayed).toBe(0);
  expect(third.of("resync").map((message) => message.channel)).toEqual([channel]);
  expect(third.of("update")).toEqual([]);
  await gateway.bus.publishBatch([{ subject, headers: {}, data: data(at(MAX_REPLAY + 1)) }]);
  await until(() => timesOf(third.messages).includes(at(MAX_REPLAY + 1)), "live after a resync");
  for (const client of [first, second, third]) client.socket.close();
});

test("after a stream was made anew comes resync with the list to read, and a snapshot", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", id: 1, channels: [CHANNEL], snapshot: 3, after: "CANDLES:1:zzzz" });
  expect(await client.next("resync")).toMatchObject({
    channel: CHANNEL,
    read: "/api/v1/candles?venue=binance&instrument=BTC-USDT&timeframe=1m",
  });
  expect((await client.next("snapshot")).data).toHaveLength(3);
  const [openTime] = await closeMinutes(1);
  await until(() => timesOf(client.messages).includes(openTime as number), "live after a resync");
  client.socket.close();
});

test("signals and context come on their channels, stored messages with their place", async () => {
  const client = await connectStream(gateway.url);
  client.send({ op: "subscribe", id: 1, channels: ["signal:*:*:*", "sentiment:*:BTC", "forming:binance:*:1m"] });
  expect((await client.next("ack")).rejected).toEqual([]);
  const data = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const sent = exampleOf(signal) as Record<string, string>;
  await gateway.bus.publishBatch([{ subject: subjectOf(signal, sent), headers: {}, data: data(sent) }]);
  const mood = exampleOf(sentiment) as Record<string, string>;
  await gateway.bus.publishBatch([{ subject: subjectOf(sentiment, mood), headers: {}, data: data(mood) }]);
  publishForming(gateway.bus, createCandle({ openTime: at(9_000) }), 1);
  await until(() => client.of("update").length === 3, "three messages");
  expect(client.of("update").map(({ channel, kind, stream }) => [channel, kind, stream])).toEqual([
    ["signal:binance:BTC-USDT:1m", "signal", "SIGNALS"],
    ["sentiment:fleet:BTC", "sentiment", "CONTEXT"],
    ["forming:binance:BTC-USDT:1m", "forming-candle", undefined],
  ]);
  expect(client.of("update")[0].data).toEqual(sent);
  client.socket.close();
});

test("server-sent events carry a cursor that Last-Event-ID takes up again without hole or repeat", async () => {
  const query = `channels=${CHANNEL}&closed=true`;
  const first = await connectEvents(gateway.url, query);
  expect([first.status, first.headers.get("content-type"), first.headers.get("x-accel-buffering")]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
    "no",
  ]);
  await first.next("ack");
  const seen = await closeMinutes(4);
  await until(() => first.events.length === 5, "four candles");
  first.close();
  const missed = await closeMinutes(6);
  const second = await connectEvents(gateway.url, query, { "last-event-id": first.events[2]?.id as string });
  const live = await closeMinutes(2);
  await until(() => timesOf(second.events.map(({ data }) => data)).length === 10, "ten candles");
  expect(timesOf(second.events.map(({ data }) => data))).toEqual([...seen.slice(2), ...missed, ...live]);
  await until(() => second.comments > 0, "a heartbeat");
  expect(second.lastId).toMatch(/^CANDLES:\d+:/);
  second.close();
});

test("a request for events that cannot be served says what is wrong with all of it", async () => {
  const answer = await gateway.get("/api/v1/stream?channels=candle:binance:BTC-USDT:2m,trade:x&snapshot=many&after=41&closed=maybe");
  expect(answer.body.errors.map((fault: { field: string }) => fault.field)).toEqual(["snapshot", "closed", "after"]);
  const channels = await gateway.get("/api/v1/stream?channels=candle:binance:BTC-USDT:2m,trade:x");
  expect(channels.body).toMatchObject({
    status: 400,
    code: "unknown-timeframe",
    errors: [{}, { code: "bad-channel", fix: expect.stringContaining("trade:<venue>") }],
  });
  const evil = await connectEvents(gateway.url, `channels=${CHANNEL}`, { origin: "https://evil.example.com" });
  expect(evil.status).toBe(403);
  const local = await connectEvents(gateway.url, `channels=${CHANNEL}`, { origin: "http://localhost:5173" });
  expect([local.status, local.headers.get("access-control-allow-origin")]).toEqual([200, "http://localhost:5173"]);
  local.close();
});

test("the latency of every hop is told by stream and message", async () => {
  await closeMinutes(1);
  publishForming(gateway.bus, createCandle({ openTime: at(9_100) }), 2);
  await until(async () => (await gateway.get("/api/v1/latency")).body.data.length > 0, "a sample");
  const { body } = await gateway.get("/api/v1/latency");
  const candles = body.data.find((entry: { message: string }) => entry.message === "candle");
  expect(candles).toMatchObject({ stream: "CANDLES", hops: [{ from: "stored", to: "gateway" }] });
  expect(candles.hops[0].samples).toBeGreaterThan(100);
  expect(candles.hops[0].p50).toBeLessThanOrEqual(candles.hops[0].p99);
});

test("at the end readers of events are told too", async () => {
  const reader = await connectEvents(gateway.url, `channels=${CHANNEL}`);
  await reader.next("ack");
  await gateway.stop();
  expect((await reader.next("shutdown")).data.reconnectInMs).toBeGreaterThanOrEqual(250);
  await until(() => reader.ended, "the end");
});
