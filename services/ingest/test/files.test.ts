import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exampleOf } from "@tickfleet/contracts/examples";
import { status } from "@tickfleet/contracts/market-messages";
import { type Payload, subjectOf } from "@tickfleet/contracts/message";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { createFixture, type IngestFixture } from "./ingest-process.ts";

const folder = mkdtempSync(join(tmpdir(), "ingest files "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START = Date.UTC(2024, 10, 11) / 1000;
const DAY = 86_400;
let fixture: IngestFixture;

beforeEach(async () => {
  fixture = await createFixture();
  await fixture.start();
});
afterEach(async () => {
  await fixture.close();
});

function written(name: string, header: string, rows: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, [header, ...rows].join("\n"));
  return path;
}

/** Ten rows of a day with ids from `first` on. */
function numbered(name: string, day: number, first: number): string {
  const rows = Array.from({ length: 10 }, (_, i) => `${START + day * DAY + i},100,${1 + day},${first + i}`);
  return written(name, "time,price,size,id", rows);
}

const connections = async (): Promise<unknown[]> =>
  (await fixture.database.query("select distinct subject_tail from ingest.pub_market_events where kind = 'status' order by 1")).map(
    (row) => row["subject_tail"],
  );

test("an identity that is on record at another time is kept as a quality event, and recorded once; the same file again is nothing", async () => {
  const named = { venue: "binance", instrument: "BTC-USDT" };
  const [first, second] = [numbered("a.csv", 0, 700), numbered("b.csv", 1, 705)];
  expect(await fixture.replay("first", [first], named)).toMatchObject({ trades: 10, recorded: 10 });
  expect(await fixture.replay("second", [second], named)).toMatchObject({ trades: 10, recorded: 5 });
  const events = "select instrument, reason, raw::jsonb ->> 'sourceSeq' as seq from ingest.quality_events order by 3";
  const clashes = ["705", "706", "707", "708", "709"].map((seq) => ({
    instrument: "BTC-USDT",
    reason: "its identity is that of a trade at another time",
    seq,
  }));
  expect(await fixture.database.query(events)).toEqual(clashes);
  expect(await fixture.replay("again", [first], named)).toMatchObject({ trades: 10, recorded: 0 });
  expect(await fixture.database.query(events)).toEqual(clashes);
  const sum = "select count(*)::int as trades, count(distinct source_seq)::int as ids, sum(size)::int as size from ingest.pub_trades";
  expect(await fixture.database.query(sum)).toEqual([{ trades: 15, ids: 15, size: 20 }]);
});

test("rows that a data frame numbered from 0 are all recorded, day after day, at any venue", async () => {
  for (const venue of ["binance", "mine"]) {
    for (const day of [0, 1]) {
      const file = numbered(`frame-${day}.csv`, day, 0);
      expect(await fixture.replay(`${venue}-${day}`, [file], { venue, instrument: "BTC-USDT" })).toMatchObject({ recorded: 10 });
    }
  }
  expect(await fixture.database.query("select from ingest.quality_events")).toEqual([]);
});

test("files of other instruments have a clock of their own; a later file of the same ones goes on", async () => {
  const file = (day: number, ...symbols: string[]): string =>
    written(
      `${symbols.join("")}${day}.csv`,
      "time,symbol,price,size",
      symbols.flatMap((symbol, i) => [`${START + day * DAY + i},${symbol},5,1`, `${START + day * DAY + 5 + i},${symbol},6,1`]),
    );
  await fixture.replay("cd", [file(3, "C", "D")]);
  await fixture.replay("ef", [file(0, "E", "F")]);
  const names = await connections();
  expect(names).toHaveLength(2);
  for (const name of names) expect(name).toMatch(/^replay-[0-9a-f]{8}$/);
  const latest = `select subject_tail as name, max(time) as time from ingest.pub_market_events where kind = 'clock' group by 1 order by 2`;
  const times = (await fixture.database.query<{ time: string }>(latest)).map((row) => Number(row.time) / 1e3);
  expect(times).toEqual([START + 6, START + 3 * DAY + 6]);
  await fixture.replay("dc", [file(4, "D", "C")]);
  expect(await connections()).toEqual(names);
  const gaps = await fixture.database.query("select instrument, state from ingest.pub_gaps order by 1");
  expect(gaps).toEqual(["C", "D"].map((instrument) => ({ instrument, state: "unfilled" })));
});

test("rows with control characters are kept aside, whatever they are in, and nothing else waits for them", async () => {
  const rows = ["AB,5,1,a", "A\0B,5,1,b", "AB,6,1,c\0", "AB,7,1,d"].map((row, i) => `${START + i},${row}`);
  const file = written("nul.csv", "time,symbol,price,size,id", rows);
  expect(await fixture.replay("nul", [file])).toMatchObject({ state: "done", trades: 2, recorded: 2, quarantined: 2 });
  const events = await fixture.database.query("select instrument, reason, raw from ingest.quality_events order by time, instrument");
  expect(events).toHaveLength(2);
  expect(events).toContainEqual({ instrument: "AB", reason: "id has control characters", raw: expect.stringContaining("c\\u0000") });
  expect(events).toContainEqual({
    instrument: null,
    reason: expect.stringContaining("nul.csv row 1: symbol"),
    raw: rows[1]?.replace("\0", "\\0"),
  });
  const next = written("after.csv", "time,symbol,price,size", [`${START},CD,5,1`]);
  expect(await fixture.replay("after", [next])).toMatchObject({ state: "done", recorded: 1 });
  const instruments = await fixture.database.query("select instrument from ingest.pub_instruments order by 1");
  expect(instruments).toEqual([{ instrument: "AB" }, { instrument: "CD" }]);
});

test("a message with a name that no table takes becomes a dead letter, and the recorder goes on", async () => {
  await fixture.replay("before", [written("EF.csv", "time,price,size", [`${START},5,1`])]);
  await fixture.stop();
  const { instruments, ...head } = exampleOf(status) as Payload<typeof status>;
  const told = { ...head, venue: "csv", connection: "c", instruments: instruments.map((each) => ({ ...each, instrument: "A\0B" })) };
  const subject = subjectOf(status, { venue: "csv", connection: "c" });
  const { lastSeq } = await fixture.bus.publishBatch([{ subject, headers: {}, data: Buffer.from(JSON.stringify(told)) }]);
  await fixture.start();
  await fixture.recordedUpTo(lastSeq);
  expect((await fixture.bus.streamPosition("DLQ")).lastSeq).toBe(1);
  expect(await fixture.replay("after", [written("GH.csv", "time,price,size", [`${START},5,1`])])).toMatchObject({ recorded: 1 });
});

test("a job tells venue and instruments while it runs; what is refused is logged once, names with what they may be", async () => {
  const slow = { id: "slow", files: [numbered("slow.csv", 0, 1)], speed: 0.01, venue: "mine", instrument: "S-L" };
  expect(await fixture.command("replay", slow)).toEqual({ accepted: true, jobId: "slow" });
  const job = async (): Promise<unknown> => (await fixture.command<{ jobs: unknown[] }>("status", { id: "slow" })).jobs[0];
  const headless = written("headless.csv", "when,what,amount", ["1,2,3"]);
  const refused = await fixture.command<{ error: string }>("replay", { id: "headless", files: [headless], speed: "max" });
  expect(refused.error).toMatch(/^headless\.csv: header has no column for time, price/);
  const logged = (): number => fixture.log.join("\n").split("header has no column").length - 1;
  await expect.poll(logged).toBe(1);
  await expect.poll(job, { timeout: 10_000 }).toMatchObject({ state: "running", venue: "mine", instruments: ["S-L"] });
  const refusals = await Promise.all(
    [{ venue: "a.b" }, { venue: "" }, { instrument: "a:b" }].map((names) => fixture.command("replay", { ...slow, ...names })),
  );
  expect(refusals).toEqual([
    { error: expect.stringMatching(/^ingest-replay: venue: expected a venue of lower-case letters/) },
    { error: expect.stringMatching(/^ingest-replay: venue: expected a venue of lower-case letters/) },
    { error: expect.stringMatching(/^ingest-replay: instrument: expected an instrument of letters/) },
  ]);
});

test("prints outside of trading hours are counted, and a file of unknown days fails, naming the known ones", async () => {
  const at = (time: string): string => `2024-11-11 ${time},100,1`;
  const file = written("SPY.csv", "time,price,size", ["08:59:59", "09:00:00", "15:00:00", "23:59:59"].map(at));
  expect(await fixture.replay("spy", [file], { calendar: "us-equity" })).toMatchObject({
    state: "done",
    trades: 4,
    recorded: 4,
    quarantined: 0,
    outsideSession: 1,
  });
  const events = await fixture.database.query("select instrument, reason from ingest.quality_events");
  expect(events).toEqual([{ instrument: "SPY", reason: "outside session" }]);
  const old = written("OLD.csv", "when,price,size", ["1996-11-11 15:00:00,100,1"]);
  const job = await fixture.replay("old", [old], { calendar: "us-equity", columns: { time: "when" } });
  expect(job).toMatchObject({ state: "failed", error: expect.stringMatching(/OLD\.csv: .*from 1997-12-29 to 2031-01-05/) });
  expect(await fixture.database.query("select from ingest.pub_instruments where instrument = 'OLD'")).toEqual([]);
});
