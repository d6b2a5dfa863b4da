import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@tickfleet/database/migrator";
import { openPool } from "@tickfleet/database/pool";
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

test("a job that came before the jobs left behind were read runs once", async () => {
  await using ends = new AsyncDisposableStack();
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
  const jobs = new ReplayJobs({ store: new ReplayStore(pool), spool, publisher, quality, logger, signal: stopping.signal });
  const file = join(folder, "trades.csv");
  const rows = Array.from({ length: ROWS }, (_, i) => `2024-03-01T00:00:${String(i % 60).padStart(2, "0")}Z,${100 + i},1`);
  writeFileSync(file, ["time,price,size", ...rows.sort()].join("\n"));

  await jobs.submit({ id: "first", files: [file], speed: "max", venue: "test", instrument: "BTC-USDT" });
  const running = [publisher.run(stopping.signal), jobs.run()];
  ends.defer(async () => {
    stopping.abort();
    await Promise.all(running);
  });
  // the second one waits its turn: when it is done, whatever the first one's run made is spooled
  await jobs.submit({ id: "second", files: [file], speed: "max", venue: "test", instrument: "ETH-USDT" });
  const states = (): Promise<{ id: string; state: string }[]> => database.query("select id, state from ingest.replays order by id");
  const done = ["first", "second"].map((id) => ({ id, state: "done" }));
  await expect.poll(states, { timeout: 30_000 }).toEqual(done);
  const headers: string[] = [];
  const { lastSeq } = await bus.streamPosition("MARKET");
  for (let seq = 1; seq <= lastSeq; seq++) {
    const message = await bus.getMessage("MARKET", seq);
    if (message?.subject.startsWith("md.v1.status.")) headers.push(message.headers?.get("Replay") ?? "");
  }
  expect(headers.sort()).toEqual(["first", "first", "second", "second"]);
});
