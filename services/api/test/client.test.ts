import { createClient } from "@tickfleet/client/client";
import type { GatewayError } from "@tickfleet/client/gateway-error";
import type { LiveMessage, LiveState } from "@tickfleet/client/live-connection";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { afterAll, beforeAll, expect, test } from "vitest";
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
  const live = createClient({ url: gateway.url }).live({ onState: ({ state }) => states.push(state) });
  live.subscribe<TestCandle>(CHANNEL, { snapshot: 3 }, (message) => messages.push(message));
  await until(() => messages.some(({ type }) => type === "snapshot"), "a snapshot");
  // the place that a reconnect goes on from is told with a heartbeat
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
  const many = createClient({ url: gateway.url }).live({ onState: () => {}, onRefused: (channel) => refused.push(channel) });
  let snapshots = 0;
  for (const timeframe of TIMEFRAMES) {
    many.subscribe<TestCandle>(`candle:binance:BTC-USDT:${timeframe}`, { snapshot: 1 }, ({ type }) => {
      if (type === "snapshot") snapshots += 1;
    });
    for (const name of ["enriched", "signal", "candles"]) many.subscribe(`${name}:binance:BTC-USDT:${timeframe}`, {}, () => {});
  }
  await until(() => snapshots === TIMEFRAMES.length, "a snapshot of each");
  expect(refused).toEqual(TIMEFRAMES.map((timeframe) => `candles:binance:BTC-USDT:${timeframe}`));
  many.close();
  live.close();
}, 60_000);
