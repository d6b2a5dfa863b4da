import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clock } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { restoreStore, snapshotStore, startNats, type TestNats } from "@tickfleet/testkit/nats";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AnotherWriterError, Publisher } from "../src/publisher.ts";
import { Spool } from "../src/spool.ts";

const SUBJECT = subjectOf(clock, { venue: "test", connection: "c" });
const NEVER = new AbortController().signal;

let nats: TestNats;
let bus: Bus;
let folder: string;
let spool: Spool;
let ends: (() => Promise<void>)[];

beforeEach(async () => {
  nats = await startNats();
  bus = await openBus({ url: nats.url, name: "ingest" });
  await provision();
  folder = mkdtempSync(join(tmpdir(), "publisher-"));
  spool = openSpool(folder);
  ends = [];
});
afterEach(async () => {
  for (const end of ends) await end();
  spool.close();
  await bus.close().catch(() => undefined);
  await nats.close();
  rmSync(folder, { recursive: true });
});

/** No dedup window to speak of: nothing may rest on it. */
async function provision(): Promise<void> {
  await provisionStreams(bus, { duplicateWindowMs: 100 });
}

function openSpool(path: string): Spool {
  return new Spool({ folder: path, maxBytes: 1e9, onError: (error) => expect.unreachable(String(error)) });
}

function startPublisher(
  of = spool,
  make = provision,
): { publisher: Publisher; stop: () => Promise<void>; statuses: string[]; failed: Promise<unknown> } {
  const stopping = new AbortController();
  const statuses: string[] = [];
  const publisher = new Publisher({
    bus,
    spool: of,
    mayWrite: () => true,
    provision: make,
    onPublished: () => undefined,
    onStatus: (_ok, detail) => statuses.push(detail),
  });
  const failed = publisher.run(stopping.signal).catch((error: unknown) => error);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await failed;
  };
  ends.push(stop);
  return { publisher, stop, statuses, failed };
}

function append(from: number, to: number): void {
  for (let i = from; i <= to; i++) spool.append("s", i, { subject: SUBJECT, data: Buffer.from(String(i)) });
  spool.commit();
}

async function stored(): Promise<number[]> {
  const { firstSeq, lastSeq } = await bus.streamPosition("MARKET");
  const found: number[] = [];
  for (let seq = firstSeq; seq <= lastSeq; seq++)
    found.push(Number(Buffer.from((await bus.getMessage("MARKET", seq))?.data ?? []).toString()));
  return found;
}

function range(to: number): number[] {
  return Array.from({ length: to }, (_, i) => i + 1);
}

test("messages are stored in order, once each, over restarts of the publisher and the broker", async () => {
  append(1, 700);
  const first = startPublisher();
  await first.publisher.settled(700, NEVER);
  await first.stop();
  append(701, 900);
  const second = startPublisher();
  await nats.kill();
  append(901, 1_000);
  await nats.start();
  expect(await second.publisher.settled(1_000, NEVER)).toMatchObject({ seq: 1_000 });
  expect(await stored()).toEqual(range(1_000));
});

test("a broker that lost its newest messages gets them again", async () => {
  append(1, 300);
  const { publisher, statuses } = startPublisher();
  await publisher.settled(300, NEVER);
  const snapshot = await snapshotStore(nats);
  append(301, 600);
  await publisher.settled(600, NEVER);
  await restoreStore(nats, snapshot);
  append(601, 650);
  await publisher.settled(650, NEVER);
  await expect.poll(stored, { timeout: 20_000 }).toEqual(range(650));
  expect(statuses.join()).toContain("lost messages 301 to 600");
});

test("a stream that was deleted is made again and gets all that the spool holds", async () => {
  append(1, 300);
  const { publisher, statuses } = startPublisher();
  await publisher.settled(300, NEVER);
  await bus.connection.request("$JS.API.STREAM.DELETE.MARKET");
  append(301, 310);
  await publisher.settled(310, NEVER);
  expect(await stored()).toEqual(range(310));
  expect(statuses.join()).toContain("made anew");
});

test("a stream whose last messages were removed by hand goes on behind them", async () => {
  append(1, 40);
  const { publisher, stop } = startPublisher();
  await publisher.settled(40, NEVER);
  await stop();
  const info = await bus.connection.request("$JS.API.STREAM.INFO.MARKET");
  const { config } = info.json<{ config: object }>();
  await bus.connection.request("$JS.API.STREAM.DELETE.MARKET");
  await bus.connection.request("$JS.API.STREAM.CREATE.MARKET", JSON.stringify({ ...config, deny_delete: false }));
  const second = startPublisher();
  await second.publisher.settled(40, NEVER);
  await expect.poll(async () => (await bus.streamPosition("MARKET")).lastSeq).toBe(40);
  for (let seq = 31; seq <= 40; seq++) await bus.connection.request("$JS.API.STREAM.MSG.DELETE.MARKET", JSON.stringify({ seq }));
  await second.stop();
  append(41, 45);
  const third = startPublisher();
  await third.publisher.settled(45, NEVER);
  expect((await stored()).slice(-5)).toEqual([41, 42, 43, 44, 45]);
  expect((await bus.streamPosition("MARKET")).lastSeq).toBe(45);
});

test("a publisher that finds another's messages at the end stops, and one that starts behind them goes on", async () => {
  append(1, 10);
  const { publisher, failed } = startPublisher();
  await publisher.settled(10, NEVER);
  await bus.publishBatch([{ subject: SUBJECT, headers: { "Nats-Msg-Id": "other-1" }, data: Buffer.from("11") }]);
  append(11, 12);
  expect(await failed).toBeInstanceOf(AnotherWriterError);
  const heir = startPublisher();
  await heir.publisher.settled(12, NEVER);
  expect(await stored()).toEqual([...range(11), 11, 12]);
});

test("a spool that lost its end goes on under a new name", async () => {
  append(1, 10);
  const lost = startPublisher();
  await lost.publisher.settled(10, NEVER);
  await lost.stop();
  spool.close();
  rmSync(folder, { recursive: true });
  spool = openSpool(folder);
  append(1, 3);
  const { publisher } = startPublisher();
  await publisher.settled(3, NEVER);
  expect(await stored()).toEqual([...range(10), 1, 2, 3]);
});

test("whoever waits for messages that the broker never took goes on at the signal", async () => {
  const { publisher, stop } = startPublisher();
  await nats.kill();
  append(1, 10);
  const stopping = new AbortController();
  const waiting = publisher.settled(10, stopping.signal);
  setTimeout(() => stopping.abort(), 100);
  expect(await waiting).toBeNull();
  expect(await publisher.settled(10, stopping.signal)).toBeNull();
  await stop();
});

test("a publisher that waits for its next attempt ends at the signal", async () => {
  await bus.connection.request("$JS.API.STREAM.DELETE.MARKET");
  let attempts = 0;
  const { stop } = startPublisher(spool, async () => {
    attempts += 1;
  });
  // by then it waits for more than a second
  await expect.poll(() => attempts, { timeout: 20_000 }).toBe(6);
  const begun = performance.now();
  await stop();
  expect(performance.now() - begun).toBeLessThan(500);
});
