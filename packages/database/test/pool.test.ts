import { createServer } from "node:net";
import { detectEdition } from "@tickfleet/database/edition";
import { migrate } from "@tickfleet/database/migrator";
import { describeDatabaseError, openPool, poolStatistics, waitForDatabase } from "@tickfleet/database/pool";
import { formatTimestamptz } from "@tickfleet/database/timestamp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, editions, runSql, type TestDatabase } from "./server.ts";

let database: TestDatabase;

describe.each(editions)("%s", (edition) => {
  beforeAll(async () => {
    database = await createDatabase(edition);
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test("values come as exact numbers, and one that does not fit fails its query only", async () => {
    const pool = openPool(database.url, { max: 1, name: "test" });
    const result = await pool.query(
      `select 9007199254740991::int8 as big, 0.1::float8 as float, 1.10::numeric as exact, $1::timestamptz as time,
      array[1, null]::int8[] as list, array['2026-01-01T00:00:00.000001Z']::timestamptz[] as times, null::int8 as none`,
      [formatTimestamptz(1_381_152_600_000_001)],
    );
    expect(result.rows[0]).toEqual({
      big: Number.MAX_SAFE_INTEGER,
      float: 0.1,
      exact: "1.10",
      time: 1_381_152_600_000_001,
      list: [1, null],
      times: [1_767_225_600_000_001],
      none: null,
    });
    await expect(pool.query("select 9007199254740993::int8")).rejects.toThrow("2^53");
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(poolStatistics(pool)).toEqual({ total: 1, idle: 1, waiting: 0 });
    await pool.end();
  });

  test("connections carry name, role and schema", async () => {
    const folder = new URL("./migrations/", import.meta.url);
    await migrate({ url: database.url, service: "book-keeper", folder });
    const pool = openPool(database.url, { max: 1, name: "the name", schema: "book_keeper", statementTimeoutMs: 1234 });
    const result = await pool.query(
      `select current_user as role, current_schema() as schema, current_setting('application_name') as name,
      current_setting('TimeZone') as zone, current_setting('statement_timeout') as timeout`,
    );
    expect(result.rows[0]).toEqual({
      role: "tickfleet_book_keeper",
      schema: "book_keeper",
      name: "the name",
      zone: "UTC",
      timeout: "1234ms",
    });
    await pool.end();
  });

  test("the edition is asked once, and hypertables are there where the server has them", async () => {
    const pool = openPool(database.url, { max: 1, name: "test" });
    const found = await detectEdition(pool);
    expect(edition === "plain" ? ["plain"] : ["apache", "community"]).toContain(found);
    await pool.end();
    expect(await detectEdition(pool)).toBe(found);
    if (edition === "plain") return;
    const rows = await runSql(
      database.url,
      "select hypertable_name from timescaledb_information.hypertables where hypertable_schema = 'book_keeper'",
    );
    expect(rows).toEqual([{ hypertable_name: "things" }]);
  });

  test("waiting for a server that is not there goes on until it is, or until the signal", async () => {
    const port = await freePort();
    const absent = openPool(`postgres://nobody@127.0.0.1:${port}/none`, { max: 1, name: "test" });
    const reasons: string[] = [];
    const aborted = waitForDatabase(absent, AbortSignal.timeout(400), (reason) => reasons.push(reason));
    await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" });
    expect(reasons.length).toBeGreaterThanOrEqual(2);
    expect(reasons[0]).toContain("ECONNREFUSED");
    await absent.end();
    const present = openPool(database.url, { max: 1, name: "test" });
    await waitForDatabase(present);
    await present.end();
  });

  test("a connection lost in its borrower's hands fails the next statement and nothing else", async () => {
    const pool = openPool(database.url, { max: 2, name: "test" });
    const client = await pool.connect();
    const { rows } = await client.query("select pg_backend_pid() as pid");
    await pool.query("select pg_terminate_backend($1)", [rows[0].pid]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expect(client.query("select 1")).rejects.toThrow(/connection|queryable/i);
    client.release(true);
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test("a missing role, database or password is told with what to do", async () => {
    const pool = openPool(database.url, { max: 1, name: "test", schema: "never_migrated" });
    const error = await pool.query("select 1").catch((reason: unknown) => reason);
    expect(describeDatabaseError(error)).toMatch(/tickfleet_never_migrated.*migrate/);
    await pool.end();
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
