import { sentiment } from "@tickfleet/contracts/context-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startNats, type TestNats } from "../../testkit/src/nats.ts";
import { type Bus, openBus } from "../src/bus.ts";
import { type ContextLog, openContextLog } from "../src/context-log.ts";
import { provisionStreams } from "../src/provision.ts";

const MINUTE = 60_000;
let nats: TestNats;
let bus: Bus;
let log: ContextLog | null = null;

beforeEach(async () => {
  nats = await startNats();
  bus = await openBus({ url: nats.url, name: "test" });
});

afterEach(async () => {
  await log?.close();
  log = null;
  await bus.close();
  await nats.close();
});

const open = (): ContextLog => {
  log = openContextLog(bus, pino({ level: "silent" }));
  return log;
};

async function store(value: number, validFrom: number): Promise<void> {
  const item = { provider: "fleet", asset: "BTC", time: validFrom - MINUTE, validFrom, ttlMs: 60 * MINUTE, value };
  const payload = { ...item, confidence: 0.5, documents: 1, sources: [], algo: "test@1.0.0" };
  const data = new TextEncoder().encode(JSON.stringify(payload));
  await bus.publishBatch([{ subject: subjectOf(sentiment, { provider: "fleet", asset: "BTC" }), headers: {}, data }]);
}

const valueAt = (timeMs: number): number | null => log?.at("binance", "BTC-USDT", timeMs).sentiment?.value ?? null;

test("an empty stream is read to its end, for all times up to 30 s from now", async () => {
  await provisionStreams(bus);
  const { isReadFor, readToEnd } = open();
  expect(isReadFor(0)).toBe(false);
  await readToEnd();
  const now = Date.now();
  expect([isReadFor(now), isReadFor(now + 25_000), isReadFor(now + 60_000)]).toEqual([true, true, false]);
});

test("what is stored before the end is asked for is there when it is reached; later items come by themselves", async () => {
  await provisionStreams(bus);
  const { readToEnd } = open();
  const validFrom = Date.now() + 2 * MINUTE;
  for (let i = 0; i < 50; i++) await store(i / 50, validFrom + i);
  await readToEnd();
  expect(valueAt(validFrom + 49)).toBe(49 / 50);
  await store(1, validFrom + 50);
  await readToEnd();
  expect(valueAt(validFrom + 50)).toBe(1);
  await store(-1, validFrom + 51);
  await expect.poll(() => valueAt(validFrom + 51), { timeout: 5_000 }).toBe(-1);
});

test("a stream that is not there refuses, and is read once it was made", async () => {
  const { readToEnd } = open();
  await expect(readToEnd()).rejects.toThrow("CONTEXT cannot be read");
  await provisionStreams(bus);
  await store(0.5, Date.now() + 2 * MINUTE);
  await expect
    .poll(
      () =>
        readToEnd()
          .then(() => true)
          .catch(() => false),
      { timeout: 10_000 },
    )
    .toBe(true);
  expect(valueAt(Date.now() + 3 * MINUTE)).toBe(0.5);
});

test("a stream that was made anew is read from its beginning: what it does not hold no longer counts", async () => {
  await provisionStreams(bus);
  const { readToEnd } = open();
  await store(0.5, Date.now() + 2 * MINUTE);
  await readToEnd();
  expect(valueAt(Date.now() + 3 * MINUTE)).toBe(0.5);
  await bus.connection.request("$JS.API.STREAM.DELETE.CONTEXT");
  await provisionStreams(bus);
  await expect
    .poll(
      () =>
        readToEnd()
          .then(() => true)
          .catch(() => false),
      { timeout: 15_000 },
    )
    .toBe(true);
  expect(valueAt(Date.now() + 3 * MINUTE)).toBeNull();
});
