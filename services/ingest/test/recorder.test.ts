import { exampleOf } from "@tickfleet/contracts/examples";
import { clock } from "@tickfleet/contracts/market-messages";
import { type Payload, subjectOf } from "@tickfleet/contracts/message";
import { LaneStore, type OwnedLane } from "@tickfleet/database/checkpoint";
import { migrate } from "@tickfleet/database/migrator";
import { openPool } from "@tickfleet/database/pool";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { startDatabase } from "@tickfleet/testkit/database";
import { expect, test } from "vitest";
import { Recorder } from "../src/recorder.ts";
import { RecorderStore } from "../src/store.ts";

const LEASE_MS = 60_000;

test("a dead letter is recorded with its cause, and at its own time where it has one that can be read", async () => {
  await using ends = new AsyncDisposableStack();
  const database = await startDatabase();
  ends.defer(() => database.close());
  await migrate({ url: database.url, service: "ingest", folder: new URL("../migrations/", import.meta.url) });
  const pool = openPool(database.url, { max: 2, name: "test", schema: "ingest" });
  ends.defer(() => pool.end());
  const lanes = new LaneStore(pool, "ingest", "test", LEASE_MS);
  const [lane] = (await lanes.acquire(1)) as [OwnedLane];
  const recorder = new Recorder(new RecorderStore(pool, lanes, LEASE_MS), () => undefined);
  const example = exampleOf(clock) as Payload<typeof clock>;
  const { venue, connection } = example;
  const subject = subjectOf(clock, { venue, connection });
  const messageOf = (seq: number, text: string): InputMessage => ({
    seq,
    subject,
    id: String(seq),
    data: Buffer.from(text),
    header: () => "",
  });

  const begunMs = Date.now();
  recorder.deadLettered(0, messageOf(1, "not JSON"), "invalid");
  recorder.deadLettered(0, messageOf(2, JSON.stringify(example)), "fault");
  expect(await recorder.commit([{ ...lane, streamCreated: "t", seq: 2, inputId: "2", outputs: {}, keep: false }])).toBe(true);

  const rows = await database.query<{ cause: string; kind: string; us: string }>(
    `select kind, payload ->> 'cause' as cause, (extract(epoch from time) * 1000000)::int8 as us from ingest.market_events order by input_seq`,
  );
  expect(rows.map(({ kind, cause }) => [kind, cause])).toEqual([
    ["unreadable", "invalid"],
    ["unreadable", "fault"],
  ]);
  expect(Number(rows[0]?.us)).toBeGreaterThanOrEqual(begunMs * 1000);
  expect(Number(rows[1]?.us)).toBe(example.time);
});
