import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@tickfleet/contracts/market-messages";
import { parametersOf } from "@tickfleet/contracts/message";
import { migrate } from "@tickfleet/database/migrator";
import { openPool, type Pool } from "@tickfleet/database/pool";
import { openBus } from "@tickfleet/runtime/bus";
import { createLogger } from "@tickfleet/runtime/logger";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { startDatabase } from "@tickfleet/testkit/database";
import { startNats } from "@tickfleet/testkit/nats";
import { expect, test } from "vitest";
import { Publisher } from "../src/publisher.ts";
import { QualityLog } from "../src/quality-log.ts";
import { ReplayJobs } from "../src/replay-jobs.ts";
import { ReplayStore } from "../src/replay-store.ts";
import { Spool } from "../src/spool.ts";

const ROWS = 200;

interface Jobs {
  /** Hands a job in for a file of some rows. */
  submit(id: string, instrument: string): Promise<void>;
  /** Runs what was handed in, until the end of the test. */
  run(): void;
  states(): Promise<{ id: string; state: string }[]>;
  /** Jobs of the status messages in MARKET. */
  statuses(): Promise<string[]>;
}

/** @param wire what becomes of the pool before the jobs get it */
async function openJobs(ends: AsyncDisposableStack, wire = (pool: Pool): Pool => pool): Promise<Jobs> {
  const nats = await startNats();
  ends.defer(() => nats.close());
  const database = await startDatabase();
  ends.defer(() => database.close());
  await migrate({ url: database.url, service: "ingest", folder: new URL("../migrations/", import.meta.url) });
  const bus = await openBus({ url: nats.url, name: "ingest" });
  ends.defer(() => bus.close());
  await provisionStreams(bus);
  const pool = openPool(database.url, { max: 2, name: "test", schema: "ingest" });
  ends.defer(() => pool.end());
  const folder = mkdtempSync(join(tmpdir(), "replay-jobs-"));
  ends.defer(() => rmSync(folder, { recursive: true }));
  const spool = new Spool({ folder: join(folder, "spool"), maxBytes: 1e9, onError: (error) => expect.unreachable(String(error)) });
  ends.defer(() => spool.close());
  const stopping = new AbortController();
  const publisher = new Publisher({
    bus,
    spool,
    mayWrite: () => true,
    provision: () => provisionStreams(bus).then(() => undefined),
    onPublished: () => undefined,
    onStatus: () => undefined,
  });
  const quality = new QualityLog({ insert: async () => undefined, onError: (error) => expect.unreachable(String(error)) });
  const logger = createLogger("ingest", "0", "fatal");
  const jobs = new ReplayJobs({ store: new ReplayStore(wire(pool)), spool, publisher, quality, logger, signal: stopping.signal });
  const file = join(folder, "trades.csv");
  const rows = Array.from({ length: ROWS }, (_, i) => `2024-03-01T00:00:${String(i % 60).padStart(2, "0")}Z,${100 + i},1`);
  writeFileSync(file, ["time,price,size", ...rows.sort()].join("\n"));

  return {
    submit: (id, instrument) => jobs.submit({ id, files: [file], speed: "max", venue: "test", instrument }),
    run() {
      const running = [publisher.run(stopping.signal), jobs.run()];
      ends.defer(async () => {
        stopping.abort();
        await Promise.all(running);
      });
    },
    states: () => database.query("select id, state from ingest.replays order by id"),
    async statuses() {
      const headers: string[] = [];
      const { lastSeq } = await bus.streamPosition("MARKET");
      for (let seq = 1; seq <= lastSeq; seq++) {
        const message = await bus.getMessage("MARKET", seq);
        if (message !== null && parametersOf(status, message.subject) !== null) headers.push(message.headers?.get("Replay") ?? "");
      }
      return headers.sort();
    },
  };
}

const BOTH_DONE = ["first", "second"].map((id) => ({ id, state: "done" }));

test("a job that came before the jobs left behind were read runs once", async () => {
  await using ends = new AsyncDisposableStack();
  const { submit, run, states, statuses } = await openJobs(ends);
  await submit("first", "BTC-USDT");
  run();
  // the second one waits its turn: when it is done, whatever the first one's run made is spooled
  await submit("second", "ETH-USDT");
  await expect.poll(states, { timeout: 30_000 }).toEqual(BOTH_DONE);
  expect(await statuses()).toEqual(["first", "first", "second", "second"]);
});

test("a job whose row is read before the database's answer to it comes runs once", async () => {
  await using ends = new AsyncDisposableStack();
  const answer = Promise.withResolvers<void>();
  const { submit, run, states, statuses } = await openJobs(ends, (pool) => {
    const query = async (text: string, values: unknown[]): Promise<unknown> => {
      const result = await pool.query(text, values);
      if (text.startsWith("insert into ingest.replays") && values[0] === "first") await answer.promise;
      return result;
    };
    return { query } as unknown as Pool;
  });
  const submitting = submit("first", "BTC-USDT");
  await expect.poll(states).toHaveLength(1);
  run();
  await expect.poll(states, { timeout: 30_000 }).toEqual(BOTH_DONE.slice(0, 1));
  answer.resolve();
  await submitting;
  await submit("second", "ETH-USDT");
  await expect.poll(states, { timeout: 30_000 }).toEqual(BOTH_DONE);
  expect(await statuses()).toEqual(["first", "first", "second", "second"]);
});
