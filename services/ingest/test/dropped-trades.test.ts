import { LaneStore, type LaneUpdate } from "@tickfleet/database/checkpoint";
import { migrate } from "@tickfleet/database/migrator";
import { openPool, type Pool } from "@tickfleet/database/pool";
import { createTradeColumns } from "@tickfleet/market/trade";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendTrades, createRecorderRows } from "../src/recorder-rows.ts";
import { RecorderStore } from "../src/store.ts";

const LEASE_MS = 60_000;
const INSTRUMENT = "AAA-USD";

let database: TestDatabase;
let pool: Pool;
let lanes: LaneStore;
let store: RecorderStore;
let update: LaneUpdate;

beforeEach(async () => {
  database = await startDatabase();
  await migrate({ url: database.url, service: "ingest", folder: new URL("../migrations/", import.meta.url) });
  pool = openPool(database.url, { max: 2, name: "test", schema: "ingest" });
  lanes = new LaneStore(pool, "ingest", "test", LEASE_MS);
  const [owned] = await lanes.acquire(1);
  if (owned === undefined) throw new Error("the recorder's lane is not there");
  update = { ...owned, streamCreated: "a stream", keep: false };
  store = new RecorderStore(pool, lanes, LEASE_MS);
});

afterEach(async () => {
  await pool.end();
  await database.close();
});

/** Records trades at these times, the first with this id. */
async function record(firstId: number, ...times: string[]): Promise<void> {
  const batch = Object.assign(createTradeColumns(times.length), { venue: "test", instrument: INSTRUMENT, count: times.length });
  for (const [i, time] of times.entries()) {
    batch.eventTimeUs[i] = Date.parse(time) * 1000;
    batch.receivedTimeUs[i] = Date.parse(time) * 1000;
    batch.sourceSeq[i] = firstId + i;
    batch.price[i] = 100;
    batch.size[i] = 1;
    batch.quoteAgeUs[i] = -1;
  }
  update = { ...update, seq: update.seq + 1 };
  const rows = createRecorderRows();
  appendTrades(rows, batch, update.seq);
  expect(await store.commit([update], rows)).toBe(times.length);
}

async function drop(before: string): Promise<void> {
  await pool.query("delete from ingest.trades where event_time < $1", [before]);
}

async function wholeFrom(): Promise<string | null> {
  const { rows } = await pool.query<{ time: string | null }>(
    `select to_char(whole_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as time from ingest.pub_trade_record`,
  );
  return rows[0]?.time ?? null;
}

async function droppedBefore(): Promise<number | null> {
  const { rows } = await pool.query<{ us: number | null }>("select dropped_before as us from ingest.instruments");
  return rows[0]?.us ?? null;
}

test("the record is whole until its first trades are gone, from the first one left on after that", async () => {
  await record(1, "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", "2026-03-04T09:00:00Z", "2026-03-05T09:00:00Z");
  expect(await wholeFrom()).toBeNull();
  await drop("2026-03-04T00:00:00Z");
  expect(await wholeFrom()).toBe("2026-03-04T09:00:00.000000");
  await drop("2026-03-05T00:00:00Z");
  expect(await wholeFrom()).toBe("2026-03-05T09:00:00.000000");
  await drop("2026-03-06T00:00:00Z");
  expect(await wholeFrom()).toBe("2026-03-05T09:00:00.000001");
});

test("a day that is recorded again after it was dropped does not make the record look whole", async () => {
  await record(1, "2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z", "2026-03-05T09:00:00Z");
  await drop("2026-03-05T00:00:00Z");
  // the recorder that is running has not looked since, and would not for minutes
  expect(await droppedBefore()).toBeNull();
  await record(1, "2026-03-02T09:00:00Z");
  expect(await droppedBefore()).toBe(Date.parse("2026-03-05T09:00:00Z") * 1000);
  expect(await wholeFrom()).toBe("2026-03-05T09:00:00.000000");
});

test("a recorder that starts notes what was dropped, and never takes it back", async () => {
  await record(1, "2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z", "2026-03-05T09:00:00Z");
  await drop("2026-03-04T00:00:00Z");
  store = new RecorderStore(pool, lanes, LEASE_MS);
  await record(4, "2026-03-05T10:00:00Z");
  expect(await droppedBefore()).toBe(Date.parse("2026-03-04T09:00:00Z") * 1000);
  await record(1, "2026-03-02T09:00:00Z");
  store = new RecorderStore(pool, lanes, LEASE_MS);
  await record(5, "2026-03-05T11:00:00Z");
  expect(await wholeFrom()).toBe("2026-03-04T09:00:00.000000");
});
