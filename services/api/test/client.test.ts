import { createClient } from "@tickfleet/client/client";
import type { GatewayError } from "@tickfleet/client/gateway-error";
import type { LiveConnection, LiveMessage, LiveOptions, LiveState } from "@tickfleet/client/live-connection";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connectEvents } from "./event-connection.ts";
import {
  createCandle,
  type Gateway,
  insertCandles,
  insertInstrument,
  MINUTE,
  publishCandle,
  START,
  startGateway,
  type TestCandle,
  until,
} from "./harness.ts";
import { connectStream } from "./stream-connection.ts";

const CHANNEL = "candle:binance:BTC-USDT:1m";
const at = (i: number): number => START + i * MINUTE;
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
  await insertInstrument(gateway.database, "binance", "BTC-USDT", "BTCUSDT");
  await insertCandles(
    gateway.database,
    Array.from({ length: 25 }, (_, i) => createCandle({ openTime: at(i) })),
  );
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

/** The gateway's stream, until the test ends. */
function connect(options: Partial<LiveOptions> = {}): LiveConnection {
  const live = createClient({ url: gateway.url }).live({ onState: () => {}, ...options });
  onTestFinished(() => live.close());
  return live;
}

test("a list is walked to its end, page for page", async () => {
  const client = createClient({ url: gateway.url });
  const query = { venue: "binance", instrument: "BTC-USDT", timeframe: "1m", from: START, limit: 10, to: undefined };
  const rows: TestCandle[] = [];
  for await (const row of client.list<TestCandle>("candles", query)) rows.push(row);
  expect(rows.map((row) => row.openTime)).toEqual(Array.from({ length: 25 }, (_, i) => at(i)));
});

test("what the gateway refuses is an error with its code and what to do; a gateway that is not there is one too", async () => {
  const refused = await createClient({ url: gateway.url })
    .page("candles", { venue: "binance", instrument: "btcusdt", timeframe: "1m" })
    .catch((error: GatewayError) => error);
  expect(refused).toMatchObject({ status: 404, code: "unknown-instrument", fix: "did you mean BTC-USDT?", requestId: expect.any(String) });
  const missing = await createClient({ url: "http://127.0.0.1:9" })
    .get("instruments")
    .catch((error: GatewayError) => error);
  expect(missing).toMatchObject({ status: 0, code: "unreachable" });
});

test("over restarts of the gateway every candle comes once and in order, and a new channel begins with its snapshot", async () => {
  const states: LiveState["state"][] = [];
  const messages: LiveMessage<TestCandle>[] = [];
  const live = connect({ onState: ({ state }) => states.push(state) });
  live.subscribe<TestCandle>(CHANNEL, { snapshot: 3 }, (message) => messages.push(message));
  await until(() => messages.some(({ type }) => type === "snapshot"), "a snapshot");
  // a candle channel goes on from the place that the first heartbeat after its snapshot tells
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  const times = Array.from({ length: 60 }, (_, i) => at(100 + i));
  for (const [i, openTime] of times.entries()) {
    if (i % 20 === 7) void gateway.restart();
    await publishCandle(gateway.bus, createCandle({ openTime }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (i % 20 === 19) await until(() => states.at(-1) === "open" && messages.length > i, "back");
  }
  const updates = (): number[] => messages.flatMap((message) => (message.type === "update" ? [message.data.openTime] : []));
  await until(() => updates().length >= times.length, "all of them");
  expect(updates()).toEqual(times);
  expect(messages.filter(({ type }) => type === "snapshot" || type === "resync")).toHaveLength(1);
  expect(states.filter((state) => state === "offline").length).toBeGreaterThanOrEqual(3);

  const others: LiveMessage<TestCandle>[] = [];
  const stop = live.subscribe<TestCandle>("candle:*:*:5m", { snapshot: 5 }, (message) => others.push(message));
  await publishCandle(gateway.bus, createCandle({ openTime: at(200), timeframe: "5m" }));
  await until(() => others.some((message) => message.type === "snapshot" || message.type === "update"), "the other channel");
  stop();

  // more channels than the gateway takes messages a second
  const refused: string[] = [];
  const many = connect({ onRefused: (channel) => refused.push(channel) });
  let snapshots = 0;
  for (const timeframe of TIMEFRAMES) {
    many.subscribe<TestCandle>(`candle:binance:BTC-USDT:${timeframe}`, { snapshot: 1 }, ({ type }) => {
      if (type === "snapshot") snapshots += 1;
    });
    for (const name of ["enriched", "signal", "candles"]) many.subscribe(`${name}:binance:BTC-USDT:${timeframe}`, {}, () => {});
  }
  await until(() => snapshots === TIMEFRAMES.length, "a snapshot of each");
  expect(refused).toEqual(TIMEFRAMES.map((timeframe) => `candles:binance:BTC-USDT:${timeframe}`));
}, 60_000);

/** Publishes candles from the i-th on, until the condition holds; returns the number after the last. */
async function publishUntil(i: number, holds: () => boolean): Promise<number> {
  for (; !holds(); i++) {
    expect(i % 1_000).toBeLessThan(100);
    await publishCandle(gateway.bus, createCandle({ openTime: at(i) }));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return i;
}

test("a connection that is lost before its first heartbeat goes on without a hole", async () => {
  // heartbeats come 5 s after a gateway began
  await gateway.restart();
  const times: number[] = [];
  const live = connect();
  live.subscribe<TestCandle>(CHANNEL, {}, (message) => message.type === "update" && times.push(message.data.openTime));
  const next = await publishUntil(1_000, () => times.length > 0);
  await until(() => times.includes(at(next - 1)), "all of them");
  await gateway.stop();
  for (let i = next; i < next + 5; i++) await publishCandle(gateway.bus, createCandle({ openTime: at(i) }));
  await gateway.restart();
  await until(() => times.includes(at(next + 4)), "what was missed");
  expect(times).toEqual(times.map((_, i) => (times[0] as number) + i * MINUTE));
});

test("a channel that is asked for while the database is away comes with it; known instruments come at once", async () => {
  const rename = (from: string, to: string) => gateway.database.query(`alter view ingest.${from} rename to ${to}`);
  const times: number[] = [];
  const subscribe = () => {
    const live = connect();
    live.subscribe<TestCandle>(CHANNEL, {}, (message) => message.type === "update" && times.push(message.data.openTime));
    return live;
  };
  await rename("pub_instruments", "pub_instruments_away");
  let next = 2_000;
  try {
    await gateway.restart();
    const first = subscribe();
    const firstMs = Date.now();
    next = await publishUntil(next, () => Date.now() - firstMs > 1_000);
    expect(times).toEqual([]);
    await rename("pub_instruments_away", "pub_instruments");
    next = await publishUntil(next, () => times.length > 0);
    first.close();
    await rename("pub_instruments", "pub_instruments_away");
    times.length = 0;
    subscribe();
    await publishUntil(next, () => times.length > 0);
    const unknown = await connectStream(gateway.url);
    onTestFinished(() => unknown.socket.close());
    unknown.send({ op: "subscribe", id: 4, channels: [CHANNEL, "candle:binance:NEW-USDT:1m"] });
    expect(await unknown.next("error")).toMatchObject({ id: 4, code: "unavailable" });
    const events = await connectEvents(gateway.url, `channels=${CHANNEL}`);
    onTestFinished(() => events.close());
    expect(events.status).toBe(200);
  } finally {
    await rename("pub_instruments_away", "pub_instruments").catch(() => undefined);
  }
}, 60_000);
