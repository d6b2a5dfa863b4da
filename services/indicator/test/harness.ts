import { fileURLToPath } from "node:url";
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
import { EnrichedHandler } from "../src/enriched-handler.ts";
import { KEEP_EVERY_MS } from "../src/service.ts";
import { EnrichedStore } from "../src/store.ts";

const LEASE_MS = 3_000;
const MOST_IN_BATCH = 500;

/** Broker and database of one test, with the schemas of aggregator and indicator. */
export interface Surroundings extends AsyncDisposable {
  nats: TestNats;
  database: TestDatabase;
  bus: Bus;
  /** With the rights of the indicator service. */
  pool: Pool;
}

export async function openSurroundings(): Promise<Surroundings> {
  const nats = await startNats();
  const database = await startDatabase();
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus, { duplicateWindowMs: 100 });
  for (const service of ["aggregator", "indicator"]) {
    const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(`${service}.`)) }));
    await migrate({ url: database.url, service, folder: fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url)), grants });
  }
  const pool = openPool(database.url, { max: 6, name: "test", schema: "indicator" });
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

/** Stores messages in CANDLES. */
export async function publish(bus: Bus, messages: readonly OutgoingMessage[]): Promise<void> {
  for (let i = 0; i < messages.length; i += MOST_IN_BATCH) await bus.publishBatch(messages.slice(i, i + MOST_IN_BATCH));
}

export interface Replica {
  done: Promise<void>;
  handler: EnrichedHandler;
  stop(): Promise<void>;
}

/** The service's consume loop in this process; `change` may replace the handler's parts. */
export function startReplica(
  around: Surroundings,
  options: Partial<ConsumerOptions> = {},
  change: (handler: EnrichedHandler) => void = () => {},
): Replica {
  const lanes = new LaneStore(around.pool, "indicator", `replica-${crypto.randomUUID()}`, LEASE_MS);
  const handler = new EnrichedHandler(new EnrichedStore(around.pool, lanes, LEASE_MS), around.pool);
  change(handler);
  const abort = new AbortController();
  const done = consume({
    service: "indicator",
    bus: around.bus,
    logger: pino({ level: "silent" }),
    store: lanes,
    handler,
    inputStream: "CANDLES",
    outputStreams: ["ENRICHED"],
    partitioned: true,
    onReady: () => {},
    signal: abort.signal,
    keepEveryMs: KEEP_EVERY_MS,
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

/** Waits until every lane that something was sent to has read all of it. */
export async function caughtUp(around: Surroundings, timeoutMs = 120_000): Promise<void> {
  const ends = await laneEnds(around.bus, "CANDLES");
  const until = Date.now() + timeoutMs;
  for (;;) {
    const { rows } = await around.pool.query<Position>("select lane, stream_created, seq, input_id from indicator.lanes");
    const behind = [];
    for (const row of rows) if (row.seq < (ends.get(row.lane)?.seq ?? 0) || !(await holds(around, row))) behind.push(row);
    if (behind.length === 0) return;
    if (Date.now() > until) throw new Error(`lanes are behind: ${JSON.stringify(behind)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Position {
  lane: number;
  stream_created: string | null;
  seq: number;
  input_id: string;
}

/** Whether a lane's position is one of the stream as it is: a test may have spoilt it, to have the lane built again. */
async function holds(around: Surroundings, { stream_created, seq, input_id }: Position): Promise<boolean> {
  const { created, firstSeq } = await around.bus.streamPosition("CANDLES");
  if (seq === 0) return true;
  if (stream_created !== created) return false;
  if (seq < firstSeq) return true;
  return (await around.bus.getMessage("CANDLES", seq))?.headers?.get("Nats-Msg-Id") === input_id;
}

interface StoredMessage {
  seq: number;
  subject: string;
  id: string;
  text: string;
}

export async function messagesOf(bus: Bus, stream: string): Promise<StoredMessage[]> {
  const { lastSeq } = await bus.streamPosition(stream);
  const reader = await openOrderedReader(bus, stream, 1, ["md.v1.>"]);
  const messages: StoredMessage[] = [];
  for (let seq = 0; seq < lastSeq; ) {
    for (const message of await reader.take(1_000, 2_000)) {
      seq = message.seq;
      messages.push({ seq, subject: message.subject, id: message.id, text: new TextDecoder().decode(message.data) });
    }
  }
  await reader.close();
  return messages;
}

/** The last message of every lane. */
export async function laneEnds(bus: Bus, stream: string): Promise<Map<number, { seq: number; id: string }>> {
  const ends = new Map<number, { seq: number; id: string }>();
  for (const { seq, id, subject } of await messagesOf(bus, stream)) ends.set(Number(subject.split(".")[3]), { seq, id });
  return ends;
}

/** The messages of ENRICHED, by partition and in order. */
export async function outputsByPartition(bus: Bus): Promise<Record<string, string[]>> {
  const byPartition: Record<string, string[]> = {};
  for (const { subject, id, text } of await messagesOf(bus, "ENRICHED")) {
    const partition = subject.split(".")[3] as string;
    byPartition[partition] ??= [];
    byPartition[partition].push(`${subject} ${id} ${text}`);
  }
  return byPartition;
}

/** Every row with its state, as text in key order. */
export async function enrichedRows(around: Surroundings): Promise<string[]> {
  const { rows } = await around.pool.query<{ line: string }>(
    `select to_jsonb(row)::text as line from indicator.enriched_candles as row order by venue, instrument, timeframe, open_time`,
  );
  return rows.map((row) => row.line);
}
