import { fileURLToPath } from "node:url";
import { viewGrants } from "@tickfleet/contracts/view-grants";
import { LaneStore } from "@tickfleet/database/checkpoint";
import { migrate } from "@tickfleet/database/migrator";
import { openPool, type Pool } from "@tickfleet/database/pool";
import { schemaOf } from "@tickfleet/database/roles";
import { type Bus, type OutgoingMessage, openBus } from "@tickfleet/runtime/bus";
import { consume } from "@tickfleet/runtime/consume";
import type { ConsumerOptions } from "@tickfleet/runtime/consumer-options";
import { openContextLog } from "@tickfleet/runtime/context-log";
import { openOrderedReader } from "@tickfleet/runtime/ordered-reader";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { startNats, type TestNats } from "@tickfleet/testkit/nats";
import pino from "pino";
import { PatternHandler } from "../src/pattern-handler.ts";
import { KEEP_EVERY_MS, OUTPUT_STREAMS } from "../src/service.ts";
import { PatternStore, SCHEMA } from "../src/store.ts";

const LEASE_MS = 3_000;
const MOST_IN_BATCH = 500;
const silent = pino({ level: "silent" });

/** Broker and database of one test, with the schemas of indicator and pattern-detector. */
export interface Surroundings extends AsyncDisposable {
  nats: TestNats;
  database: TestDatabase;
  bus: Bus;
  /** With the rights of the pattern-detector. */
  pool: Pool;
}

export async function openSurroundings(): Promise<Surroundings> {
  const nats = await startNats();
  const database = await startDatabase();
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus, { duplicateWindowMs: 100 });
  await migrateSchemas(database);
  const pool = openPool(database.url, { max: 6, name: "test", schema: SCHEMA });
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

/** Makes the schemas that are not there. */
export async function migrateSchemas(database: TestDatabase): Promise<void> {
  for (const service of ["indicator", "pattern-detector"]) {
    const own = `${schemaOf(service)}.`;
    const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(own)) }));
    await migrate({ url: database.url, service, folder: fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url)), grants });
  }
}

/** Stores messages in their stream. */
export async function publish(bus: Bus, messages: readonly OutgoingMessage[]): Promise<void> {
  for (let i = 0; i < messages.length; i += MOST_IN_BATCH) await bus.publishBatch(messages.slice(i, i + MOST_IN_BATCH));
}

export interface Replica {
  done: Promise<void>;
  handler: PatternHandler;
  stop(): Promise<void>;
}

/** The service's consume loop in this process; `change` may replace the handler's parts. */
export function startReplica(
  around: Surroundings,
  options: Partial<ConsumerOptions> = {},
  change: (handler: PatternHandler) => void = () => {},
): Replica {
  const lanes = new LaneStore(around.pool, SCHEMA, `replica-${crypto.randomUUID()}`, LEASE_MS);
  const context = openContextLog(around.bus, silent);
  const handler = new PatternHandler(new PatternStore(around.pool, lanes, LEASE_MS), around.pool, context);
  change(handler);
  const abort = new AbortController();
  const consuming = consume({
    service: "pattern-detector",
    bus: around.bus,
    logger: silent,
    store: lanes,
    handler,
    inputStream: "ENRICHED",
    outputStreams: OUTPUT_STREAMS,
    partitioned: true,
    onReady: () => {},
    signal: abort.signal,
    keepEveryMs: KEEP_EVERY_MS,
    ...options,
  });
  const done = consuming.finally(() => context.close());
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
  const ends = await laneEnds(around.bus, "ENRICHED");
  const until = Date.now() + timeoutMs;
  for (;;) {
    const { rows } = await around.pool.query<Position>("select lane, stream_created, seq, input_id from pattern_detector.lanes");
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
  const { created, firstSeq } = await around.bus.streamPosition("ENRICHED");
  if (seq === 0) return true;
  if (stream_created !== created) return false;
  if (seq < firstSeq) return true;
  return (await around.bus.getMessage("ENRICHED", seq))?.headers?.get("Nats-Msg-Id") === input_id;
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

/** The messages of PATTERNS and SIGNALS, by partition and in order. */
export async function outputsByPartition(bus: Bus): Promise<Record<string, string[]>> {
  const byPartition: Record<string, string[]> = {};
  for (const stream of OUTPUT_STREAMS) {
    for (const { subject, id, text } of await messagesOf(bus, stream)) {
      const partition = `${stream} ${subject.split(".")[3]}`;
      byPartition[partition] ??= [];
      byPartition[partition].push(`${subject} ${id} ${text}`);
    }
  }
  return byPartition;
}

/** Every row of the three tables, as text in key order. */
export async function storedRows(around: Surroundings): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  for (const [table, kind] of [
    ["bars", ""],
    ["patterns", ", kind"],
    ["signals", ""],
  ] as const) {
    const { rows } = await around.pool.query<{ line: string }>(
      `select to_json(row)::text as line from pattern_detector.${table} as row order by venue, instrument, timeframe, open_time${kind}`,
    );
    tables[table] = rows.map(({ line }) => line);
  }
  return tables;
}
