import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDatabase } from "../../packages/testkit/src/database.ts";
import { DemoFleet, MINUTE_MS, type Stretch } from "./demo-fleet.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Printed by the script `check:community` below the test. */
    facts?: Record<string, string>;
  }
}

const DAY_MS = 86_400_000;
/** Lies in chunks that are old enough for the columnstore. */
const YESTERWEEK_MS = Math.floor((Date.now() - 7 * DAY_MS) / DAY_MS) * DAY_MS;
const stretch: Stretch = { startMs: YESTERWEEK_MS - 40 * MINUTE_MS, endMs: YESTERWEEK_MS + 20 * MINUTE_MS };
const JOB_MS = 60_000;

const CHUNKS = `select chunk_name, is_compressed from timescaledb_information.chunks
  where hypertable_schema = 'ingest' and hypertable_name = 'trades' order by range_start`;
const JOBS = `select job_id, proc_name, owner::text as owner, config ->> 'compress_after' as compress_after, config ->> 'drop_created_before' as drop_created_before
  from timescaledb_information.jobs where hypertable_schema = 'ingest' and hypertable_name = 'trades' order by proc_name`;

interface Job {
  job_id: number;
  proc_name: string;
  owner: string;
  compress_after: string | null;
  drop_created_before: string | null;
}

/** Whether `TIMESCALE_URL` names a server with the columnstore and policies. */
async function hasCommunity(): Promise<boolean> {
  if (!process.env["TIMESCALE_URL"]) return false;
  await using database = await startDatabase({ edition: "timescale" });
  await database.query("create extension if not exists timescaledb");
  const [row] = await database.query<{ license: string | null }>("select current_setting('timescaledb.license', true) as license");
  return row?.license === "timescale";
}

const isCommunity = await hasCommunity();

describe.skipIf(!isCommunity)("on TimescaleDB Community (skipped where TIMESCALE_URL names no such server)", { timeout: 300_000 }, () => {
  let fleet: DemoFleet;
  let expected: { candles: string[]; trades: string[] };

  beforeAll(async () => {
    await using plain = await DemoFleet.open("plain");
    await Promise.all([plain.start("ingest", plain.demo(stretch)), plain.start("aggregator")]);
    await plain.settled();
    expected = { candles: await plain.candles(), trades: await plain.trades() };
    fleet = await DemoFleet.open("timescale");
  });
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
  });

  /** Lets the server's own scheduler run a policy, and waits until it has. */
  async function scheduled(proc: string): Promise<void> {
    const [job] = (await fleet.database.query<Job & Record<string, unknown>>(JOBS)).filter((each) => each.proc_name === proc);
    const runs = async (): Promise<{ good: number; bad: number }> => {
      const [row] = await fleet.database.query<{ good: string; bad: string }>(
        `select total_successes as good, total_failures as bad from timescaledb_information.job_stats where job_id = ${job?.job_id}`,
      );
      return { good: Number(row?.good ?? 0), bad: Number(row?.bad ?? 0) };
    };
    const before = await runs();
    await fleet.database.query(`select alter_job(${job?.job_id}, next_start => now())`);
    await expect.poll(runs, { timeout: JOB_MS, interval: 250 }).toEqual({ good: before.good + 1, bad: before.bad });
  }

  test("versions and licence", async ({ task }) => {
    const [row] = await fleet.database.query<{ server: string; extension: string; license: string }>(
      `select current_setting('server_version') as server, extversion as extension, current_setting('timescaledb.license') as license
       from pg_extension where extname = 'timescaledb'`,
    );
    expect(row?.license).toBe("timescale");
    task.meta.facts = { PostgreSQL: row?.server ?? "", TimescaleDB: `${row?.extension}, licence ${row?.license}` };
  });

  test("the migrations make hypertables, a columnstore and its policies, run by the owner of the tables", async ({ task }) => {
    const hypertables = await fleet.database.query(
      `select hypertable_schema || '.' || hypertable_name as name, compression_enabled as columnstore from timescaledb_information.hypertables order by 1`,
    );
    expect(hypertables).toEqual([
      { name: "aggregator.candles", columnstore: false },
      { name: "ingest.trades", columnstore: true },
    ]);
    const jobs = await fleet.database.query<Job & Record<string, unknown>>(JOBS);
    const [columnstore, retention] = jobs;
    expect(columnstore).toMatchObject({ proc_name: "policy_compression", compress_after: "3 days", owner: "tickfleet_ingest_owner" });
    expect(retention).toMatchObject({ proc_name: "policy_retention", drop_created_before: "90 days", owner: "tickfleet_ingest_owner" });
    task.meta.facts = Object.fromEntries(
      jobs.map((job) => [`job ${job.proc_name}`, `after ${job.compress_after ?? job.drop_created_before}, as ${job.owner}`]),
    );
  });

  test("nobody can log in as the owner of the tables", async () => {
    const [role] = await fleet.database.query(
      "select rolconnlimit, rolpassword is null as bare from pg_authid where rolname = 'tickfleet_ingest_owner'",
    );
    expect(role).toEqual({ rolconnlimit: 0, bare: true });
  });

  test("the record and the candles equal those on plain PostgreSQL", async ({ task }) => {
    await Promise.all([fleet.start("ingest", fleet.demo(stretch)), fleet.start("aggregator")]);
    await fleet.settled();
    expect(await fleet.trades()).toEqual(expected.trades);
    expect(await fleet.candles()).toEqual(expected.candles);
    task.meta.facts = { trades: String(expected.trades.length), candles: String(expected.candles.length) };
  });

  test("the scheduler moves old chunks to the columnstore; what they hold stays", async ({ task }) => {
    await scheduled("policy_compression");
    const chunks = await fleet.database.query<{ is_compressed: boolean }>(CHUNKS);
    expect(chunks.map((chunk) => chunk.is_compressed)).toEqual([true, true]);
    expect(await fleet.trades()).toEqual(expected.trades);
    const [size] = await fleet.database.query<{ before: string; after: string }>(
      "select before_compression_total_bytes as before, after_compression_total_bytes as after from hypertable_columnstore_stats('ingest.trades')",
    );
    task.meta.facts = { "bytes before and after": `${size?.before} and ${size?.after}` };
  });

  test("the aggregator's schema made anew is rebuilt from the columnstore", async () => {
    const old = fleet.services("aggregator");
    for (const service of old) await service.stop();
    await fleet.database.query("drop schema aggregator cascade");
    await fleet.prepare();
    await fleet.start("aggregator");
    await fleet.settled();
    expect(await fleet.candles()).toEqual(expected.candles);
  });

  test("trades that are in the columnstore already are refused one by one, new ones of the same days are added", async ({ task }) => {
    const longer = { ...stretch, endMs: stretch.endMs + 10 * MINUTE_MS };
    await using plain = await DemoFleet.open("plain");
    await Promise.all([plain.start("ingest", plain.demo(longer)), plain.start("aggregator")]);
    await plain.settled();
    const more = await plain.trades();
    for (const service of fleet.services("ingest")) await service.stop();
    await fleet.start("ingest", fleet.demo(longer));
    await fleet.settled(2);
    const identities = async (over: DemoFleet) =>
      over.database.query("select venue, instrument, epoch, source_seq, price, size, side from ingest.pub_trades order by 1, 2, 3, 4");
    expect(await identities(fleet)).toEqual(await identities(plain));
    expect(more.length).toBeGreaterThan(expected.trades.length);
    task.meta.facts = { "trades sent again": String(expected.trades.length), "trades added": String(more.length - expected.trades.length) };
  });

  test("the scheduler drops chunks older than 90 days, and no other", async ({ task }) => {
    const before = await fleet.database.query(CHUNKS);
    await fleet.database.query(
      `insert into ingest.trades (instrument_id, event_time, event_time_ns_rest, received_time, epoch, source_seq, price, price_scale, size, size_scale,
         side, side_method, input_generation, input_seq)
       select id, now() - interval '100 days', 0, now(), 'old', 1, 1, 0, 1, 0, 1, 0, 1, 1 from ingest.instruments limit 1`,
    );
    expect((await fleet.database.query(CHUNKS)).length).toBe(before.length + 1);
    // a chunk counts by when it was made, not by the time of its trades
    await scheduled("policy_retention");
    expect((await fleet.database.query(CHUNKS)).length).toBe(before.length + 1);
    await fleet.database.query(
      `update _timescaledb_catalog.chunk set creation_time = now() - interval '91 days' where id = (select max(id) from _timescaledb_catalog.chunk)`,
    );
    await scheduled("policy_retention");
    expect(await fleet.database.query(CHUNKS)).toEqual(before);
    task.meta.facts = { "chunks dropped": "1", "chunks kept": String(before.length) };
  });

  test("no scheduled job failed", async ({ task }) => {
    const stats = await fleet.database.query<{ proc_name: string; total_successes: string; total_failures: string }>(
      `select proc_name, total_successes, total_failures from timescaledb_information.job_stats join timescaledb_information.jobs using (job_id)
       where jobs.hypertable_schema = 'ingest' order by proc_name`,
    );
    expect(stats.map((job) => [job.proc_name, Number(job.total_failures)])).toEqual([
      ["policy_compression", 0],
      ["policy_retention", 0],
    ]);
    task.meta.facts = Object.fromEntries(stats.map((job) => [job.proc_name, `${job.total_successes} runs, ${job.total_failures} failed`]));
  });
});
