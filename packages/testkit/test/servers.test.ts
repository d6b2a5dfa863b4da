import { candle } from "@tickfleet/contracts/candle-messages";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dumpDatabase, restoreDatabase, startDatabase, type TestDatabase } from "../src/database.ts";
import { restoreStore, snapshotStore, startNats, type TestNats } from "../src/nats.ts";
import { tcpProxy } from "../src/tcp-proxy.ts";
import { timescale } from "../src/timescale.ts";

describe("a broker for tests", () => {
  let nats: TestNats;
  let bus: Bus;

  beforeEach(async () => {
    nats = await startNats();
    bus = await openBus({ url: nats.url, name: "testkit" });
    await provisionStreams(bus);
  });

  afterEach(async () => {
    await bus.connection.close();
    await nats.close();
  });

  const store = async (stream: "MARKET" | "CANDLES", count: number): Promise<number> => {
    const of = { venue: "demo", instrument: "X", timeframe: "1m" };
    const message = {
      subject: subjectOf(stream === "MARKET" ? tradeBatch : candle, of),
      headers: {},
      data: new TextEncoder().encode("{}"),
    };
    return (await bus.publishBatch(Array.from({ length: count }, () => message))).lastSeq;
  };

  /** The server was away in between, so the first questions may find nobody. */
  const lastSeq = async (stream: string): Promise<number> => {
    let found = -1;
    await expect
      .poll(
        async () => {
          found = await bus.streamPosition(stream).then(
            (position) => position.lastSeq,
            () => -1,
          );
          return found;
        },
        { timeout: 20_000 },
      )
      .not.toBe(-1);
    return found;
  };

  test("keeps its address and what it acknowledged over kill -9", async () => {
    const { url, pid } = nats;
    expect(await store("MARKET", 3)).toBe(3);
    await nats.kill();
    expect(nats.pid).toBeNull();
    await nats.start();
    expect([nats.url, await lastSeq("MARKET")]).toEqual([url, 3]);
    expect(nats.pid).not.toBe(pid);
  });

  test("goes back to a snapshot, with all streams or only one", async () => {
    await store("MARKET", 3);
    await store("CANDLES", 2);
    const snapshot = await snapshotStore(nats);
    expect(await lastSeq("MARKET")).toBe(3);
    await store("MARKET", 4);
    await store("CANDLES", 5);

    await restoreStore(nats, snapshot, ["CANDLES"]);
    expect([await lastSeq("MARKET"), await lastSeq("CANDLES")]).toEqual([7, 2]);
    await restoreStore(nats, snapshot);
    expect([await lastSeq("MARKET"), await lastSeq("CANDLES")]).toEqual([3, 2]);
  });

  test("two at once know nothing of each other", async () => {
    await using other = await startNats();
    expect(other.port).not.toBe(nats.port);
    await store("MARKET", 1);
    const second = await openBus({ url: other.url, name: "testkit" });
    await expect(second.streamPosition("MARKET")).rejects.toThrow(/does not exist/);
    await second.connection.close();
  });
});

describe("a database for tests", () => {
  const count = async (database: TestDatabase): Promise<unknown> => (await database.query("select count(*)::int as n from t"))[0]?.["n"];

  test("each caller has an empty one of his own on the same server", async () => {
    await using first = await startDatabase();
    await using second = await startDatabase();
    expect(first.server.adminUrl).toBe(second.server.adminUrl);
    await first.query("create table t (n int)");
    await second.query("create table t (n int)");
    await first.query("insert into t values ($1)", [1]);
    expect([await count(first), await count(second)]).toEqual([1, 0]);
  });

  test("keeps what it committed over kill -9, at the same address", async () => {
    await using database = await startDatabase({ ownServer: true });
    await database.query("create table t as select * from generate_series(1, 1000) n");
    for (const end of ["kill", "stop"] as const) {
      // all connections that it keeps are idle ones of a server that is gone then
      expect(await Promise.all(Array.from({ length: 5 }, () => count(database)))).toEqual(Array(5).fill(1000));
      await database.server[end]();
      expect(database.server.pid).toBeNull();
      await expect(count(database)).rejects.toThrow(/ECONNREFUSED/);
      await database.server.start();
    }
    expect(await count(database)).toBe(1000);
  });

  test("the server that others use too refuses to stop, to be killed and to be copied", async () => {
    await using database = await startDatabase();
    const { server } = database;
    for (const act of [server.stop, server.kill, server.start]) await expect(act()).rejects.toThrow(/is shared/);
    await expect(dumpDatabase(server)).rejects.toThrow(/ownServer/);
    expect(await database.query("select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("is dropped while a query runs, also by two who do it at once", async () => {
    await using database = await startDatabase();
    const running = database.query("select pg_sleep(600)").catch(String);
    const sleepers = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
    await expect.poll(async () => (await database.query(sleepers))[0]?.["n"], { timeout: 20_000 }).toBe(1);
    await Promise.all([database.close(), database.close()]);
    expect(await running).toMatch(/terminating connection/);
  });

  test("goes back to a dump", async () => {
    await using database = await startDatabase({ ownServer: true });
    await database.query("create table t as select 1 as n");
    const dump = await dumpDatabase(database.server);
    await database.query("insert into t values (2), (3)");
    expect(await count(database)).toBe(3);
    await restoreDatabase(database.server, dump);
    expect(await count(database)).toBe(1);
  });

  test("behind a cut nobody reaches it, and after it everybody again", async () => {
    await using database = await startDatabase();
    await using proxy = await tcpProxy(database.url);
    const ask = async (): Promise<unknown> => {
      const client = new pg.Client({ connectionString: proxy.urlFor(database.url) });
      client.on("error", () => {});
      await client.connect();
      try {
        return (await client.query("select 1 as one")).rows[0]?.one;
      } finally {
        await client.end();
      }
    };
    expect(await ask()).toBe(1);
    await proxy.cut();
    await expect(ask()).rejects.toThrow(/ECONNREFUSED/);
    await proxy.restore();
    expect(await ask()).toBe(1);
  });

  test("TimescaleDB is had where a test host or TIMESCALE_URL is there", async ({ skip }) => {
    if ((await timescale()) === null) skip("no TimescaleDB server at hand");
    await using database = await startDatabase({ edition: "timescale" });
    await database.query("create extension if not exists timescaledb");
    const [row] = await database.query("select current_setting('timescaledb.license') as license");
    expect(row?.["license"]).toMatch(/^(apache|timescale)$/);
  });
});
