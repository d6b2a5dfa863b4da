import { fileURLToPath } from "node:url";
import { STORED_SUBJECTS } from "@tickfleet/contracts/message";
import { viewGrants } from "@tickfleet/contracts/view-grants";
import { LaneStore } from "@tickfleet/database/checkpoint";
import { migrate } from "@tickfleet/database/migrator";
import { openPool, type Pool } from "@tickfleet/database/pool";
import { type Bus, type OutgoingMessage, openBus } from "@tickfleet/runtime/bus";
import { consume } from "@tickfleet/runtime/consume";
import type { ConsumerOptions } from "@tickfleet/runtime/consumer-options";
import { openOrderedReader } from "@tickfleet/runtime/ordered-reader";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { startNats, type TestNats } from "@tickfleet/testkit/nats";
import pino from "pino";
import { CandleHandler } from "../src/candle-handler.ts";
import { FormingUpdates } from "../src/forming.ts";
import { CandleStore } from "../src/store.ts";

const LEASE_MS = 3_000;

/** Broker and database of one test, with the aggregator's schema. */
export interface Surroundings extends AsyncDisposable {
  nats: TestNats;
  database: TestDatabase;
  bus: Bus;
  pool: Pool;
}

export async function openSurroundings(edition: "plain" | "timescale" = "plain"): Promise<Surroundings> {
  const nats = await startNats();
  const database = await startDatabase({ edition });
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus, { duplicateWindowMs: 100 });
  for (const service of ["ingest", "aggregator"]) {
    const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(`${service}.`)) }));
    await migrate({ url: database.url, service, folder: fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url)), grants });
  }
  const pool = openPool(database.url, { max: 6, name: "test", schema: "aggregator" });
  return {
    nats,
    database,
    bus,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await bus.close();
      await database.close();
      await nats.close();
    },
  };
}

/** Stores messages in MARKET. */
export async function publish(bus: Bus, messages: readonly OutgoingMessage[]): Promise<void> {
  await connected(bus);
  for (let i = 0; i < messages.length; i += 500) await bus.publishBatch(messages.slice(i, i + 500));
}

/** Waits until the broker answers again. */
export async function connected(bus: Bus): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await bus.streamPosition("MARKET");
      return;
    } catch (error) {
      if (attempt > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export interface Replica {
  done: Promise<void>;
  handler: CandleHandler;
  stop(): Promise<void>;
}

/** The aggregator's consume loop in this process; `change` may replace the handler's parts. */
export function startReplica(
  around: Surroundings,
  { leaseMs = LEASE_MS, ...options }: Partial<ConsumerOptions> & { leaseMs?: number } = {},
  change: (handler: CandleHandler) => void = () => {},
): Replica {
  const lanes = new LaneStore(around.pool, "aggregator", `replica-${crypto.randomUUID()}`, leaseMs);
  const handler = new CandleHandler(
    new CandleStore(around.pool, lanes, leaseMs),
    around.pool,
    new FormingUpdates(around.bus, { minuteMs: 15, longerMs: 50 }),
  );
  change(handler);
  const abort = new AbortController();
  const done = consume({
    service: "aggregator",
    bus: around.bus,
    logger: pino({ level: "silent" }),
    store: lanes,
    handler,
    inputStream: "MARKET",
    outputStreams: ["CANDLES"],
    partitioned: true,
    onReady: () => {},
    signal: abort.signal,
    ...options,
  });
  done.catch(() => undefined);
  return {
    done,
    handler,
    async stop() {
      abort.abort();
      await done;
    },
  };
}

/** Waits until every lane has read up to the end of MARKET. */
export async function caughtUp(around: Surroundings, timeoutMs = 120_000): Promise<void> {
  const { lastSeq } = await around.bus.streamPosition("MARKET");
  const until = Date.now() + timeoutMs;
  for (;;) {
    const { rows } = await around.pool.query<{ least: number }>("select min(seq) as least from aggregator.lanes");
    if ((rows[0]?.least ?? 0) >= lastSeq) return;
    if (Date.now() > until) throw new Error(`lanes are at ${rows[0]?.least} of ${lastSeq}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Every row of the candles, as text in key order. */
export async function candleRows(around: Surroundings): Promise<string[]> {
  const { rows } = await around.pool.query<{ line: string }>(
    `select to_jsonb(candle)::text as line from aggregator.pub_candles as candle order by venue, instrument, timeframe, open_time`,
  );
  return rows.map((row) => row.line);
}

/** The messages of CANDLES, by partition and in order. */
export async function outputsByPartition(bus: Bus): Promise<Record<string, string[]>> {
  const { lastSeq } = await bus.streamPosition("CANDLES");
  const reader = await openOrderedReader(bus, "CANDLES", 1, [STORED_SUBJECTS]);
  const byPartition: Record<string, string[]> = {};
  for (let seq = 0; seq < lastSeq; ) {
    for (const message of await reader.take(1_000, 2_000)) {
      seq = message.seq;
      const partition = message.subject.split(".")[3] as string;
      byPartition[partition] ??= [];
      byPartition[partition].push(`${message.subject} ${message.id} ${new TextDecoder().decode(message.data)}`);
    }
  }
  await reader.close();
  return byPartition;
}
