import { setTimeout as sleep } from "node:timers/promises";
import { sentiment } from "@tickfleet/contracts/context-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { restoreStore, snapshotStore, startNats, type TestNats } from "../../testkit/src/nats.ts";
import { type Bus, type OutgoingMessage, openBus } from "../src/bus.ts";
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

const open = (through: Bus = bus): ContextLog => {
  log = openContextLog(through, pino({ level: "silent" }));
  return log;
};

function message(value: number, validFrom: number, id: string | null = null): OutgoingMessage {
  const item = { provider: "fleet", asset: "BTC", time: validFrom - MINUTE, validFrom, ttlMs: 60 * MINUTE, value };
  const payload = { ...item, confidence: 0.5, documents: 1, sources: [], algo: "test@1.0.0" };
  const data = new TextEncoder().encode(JSON.stringify(payload));
  const headers = id === null ? {} : { "Nats-Msg-Id": id };
  return { subject: subjectOf(sentiment, { provider: "fleet", asset: "BTC" }), headers, data };
}

async function store(value: number, validFrom: number, id: string | null = null): Promise<void> {
  await bus.publishBatch([message(value, validFrom, id)]);
}

/** Does something to the broker, and waits until the connection that it ended has come back. */
async function overReconnect<T>(act: () => Promise<T>): Promise<T> {
  const before = bus.reconnects();
  const result = await act();
  await expect.poll(() => bus.reconnects(), { timeout: 20_000, interval: 20 }).toBeGreaterThan(before);
  return result;
}

/** The way to the broker, on which what is asked of streams waits for something. */
const lookingAfter = (wait: () => Promise<void>): Bus => ({
  ...bus,
  streamPosition: async (stream) => {
    await wait();
    return bus.streamPosition(stream);
  },
});

/** Waits until the log has been read to its end, over readings that begin again. */
async function untilRead(): Promise<void> {
  const isRead = (): Promise<boolean> =>
    (log as ContextLog).readToEnd(endless).then(
      () => true,
      () => false,
    );
  await expect.poll(isRead, { timeout: 15_000 }).toBe(true);
}

const endless = new AbortController().signal;

const valueAt = (timeMs: number): number | null => log?.at("binance", "BTC-USDT", timeMs).sentiment?.value ?? null;

test("an empty stream is read to its end, for all times up to 30 s from now", async () => {
  await provisionStreams(bus);
  const { isReadFor, readToEnd } = open();
  expect(isReadFor(0)).toBe(false);
  await readToEnd(endless);
  const now = Date.now();
  expect([isReadFor(now), isReadFor(now + 25_000), isReadFor(now + 60_000)]).toEqual([true, true, false]);
});

test("what is stored before the end is asked for is there when it is reached; later items come by themselves", async () => {
  await provisionStreams(bus);
  const { readToEnd } = open();
  const validFrom = Date.now() + 2 * MINUTE;
  for (let i = 0; i < 50; i++) await store(i / 50, validFrom + i);
  await readToEnd(endless);
  expect(valueAt(validFrom + 49)).toBe(49 / 50);
  await store(1, validFrom + 50);
  await readToEnd(endless);
  expect(valueAt(validFrom + 50)).toBe(1);
  await store(-1, validFrom + 51);
  await expect.poll(() => valueAt(validFrom + 51), { timeout: 5_000 }).toBe(-1);
});

test("a stream that is not there refuses, and is read once it was made", async () => {
  const { readToEnd } = open();
  await expect(readToEnd(endless)).rejects.toThrow("CONTEXT cannot be read");
  await provisionStreams(bus);
  await store(0.5, Date.now() + 2 * MINUTE);
  await untilRead();
  expect(valueAt(Date.now() + 3 * MINUTE)).toBe(0.5);
});

test("a stream that was made anew is read from its beginning: what it does not hold no longer counts", async () => {
  await provisionStreams(bus);
  const { readToEnd } = open();
  await store(0.5, Date.now() + 2 * MINUTE);
  await readToEnd(endless);
  expect(valueAt(Date.now() + 3 * MINUTE)).toBe(0.5);
  await bus.connection.request("$JS.API.STREAM.DELETE.CONTEXT");
  await provisionStreams(bus);
  await untilRead();
  expect(valueAt(Date.now() + 3 * MINUTE)).toBeNull();
});

test("a tail that the broker lost, and publishers stored anew before the next look, is read: what was lost no longer counts", async () => {
  await provisionStreams(bus);
  const validFrom = Date.now() + 10 * MINUTE;
  for (let i = 0; i < 4; i++) await store(i / 10, validFrom + i, `kept-${i}`);
  const kept = await overReconnect(() => snapshotStore(nats));
  for (let i = 4; i < 10; i++) await store(i / 10, validFrom + i, `lost-${i}`);
  let looks = Promise.resolve();
  const { isReadFor } = open(lookingAfter(() => looks));
  await untilRead();
  expect([isReadFor(0), valueAt(validFrom + MINUTE)]).toEqual([true, 0.9]);

  const refilled = Promise.withResolvers<void>();
  looks = refilled.promise;
  await overReconnect(() => restoreStore(nats, kept));
  for (let i = 4; i < 10; i++) await store(-i / 10, validFrom + i + MINUTE, `anew-${i}`);
  const isReadBeforeLook = isReadFor(0);
  refilled.resolve();
  await untilRead();
  const read = [valueAt(validFrom + MINUTE), valueAt(validFrom + 4 + MINUTE), valueAt(validFrom + 9 + MINUTE)];
  expect([isReadBeforeLook, isReadFor(0), ...read]).toEqual([false, true, 0.3, -0.4, -0.9]);
});

test("an end that the broker loses while it is read on is not waited for", async () => {
  await provisionStreams(bus);
  const validFrom = Date.now() + 10 * MINUTE;
  // more than a reader takes ahead
  const storeMany = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i += 500)
      await Promise.all(Array.from({ length: 500 }, (_, j) => store((i + j) / 10_000, validFrom + i + j, `item-${i + j}`)));
  };
  await storeMany(0, 5_500);
  const kept = await overReconnect(() => snapshotStore(nats));
  await storeMany(5_500, 6_000);
  let looks = 0;
  open({
    ...bus,
    streamPosition: async (stream) => {
      const position = await bus.streamPosition(stream);
      looks += 1;
      // the first question is where to begin
      if (looks === 2) await overReconnect(() => restoreStore(nats, kept));
      return position;
    },
  });
  await untilRead();
  expect(looks).toBeGreaterThan(2);
  expect((await bus.streamPosition("CONTEXT")).lastSeq).toBe(5_500);
  expect(valueAt(validFrom + MINUTE)).toBe(0.5499);
});

test("who waits for the end is let go at the signal", async () => {
  const answered = Promise.withResolvers<void>();
  const { readToEnd } = open(lookingAfter(() => answered.promise));
  const abort = new AbortController();
  const waiting = readToEnd(abort.signal);
  abort.abort(new Error("stopped"));
  const ended = Promise.race([waiting, sleep(1_000, "it still waits")]);
  await expect(ended.finally(() => answered.resolve())).rejects.toThrow("stopped");
  await expect(readToEnd(abort.signal)).rejects.toThrow("stopped");
});
