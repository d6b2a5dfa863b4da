import { resolve } from "node:path";
import { LaneStore } from "@tickfleet/database/checkpoint";
import { describeDatabaseError, openPool, type Pool, waitForDatabase } from "@tickfleet/database/pool";
import { consume } from "@tickfleet/runtime/consume";
import { provisionStreams } from "@tickfleet/runtime/provision";
import type { ServiceContext, ServiceDefinition } from "@tickfleet/runtime/run-service";
import { runBinance } from "./binance.ts";
import { ingestConfig } from "./config.ts";
import { answerCommands } from "./control.ts";
import { runDemo } from "./demo.ts";
import { onDeadLetterRetry } from "./on-dead-letter-retry.ts";
import { Publisher } from "./publisher.ts";
import { QualityLog } from "./quality-log.ts";
import { Recorder } from "./recorder.ts";
import { ReplayJobs } from "./replay-jobs.ts";
import { ReplayStore } from "./replay-store.ts";
import { Spool } from "./spool.ts";
import { RecorderStore } from "./store.ts";
import { LeaseLostError, WriterLease } from "./writer-lease.ts";

type Context = ServiceContext<typeof ingestConfig>;

/** Most messages folded before a commit of the recorder. */
const RECORDER_MESSAGES = 200;
const RECORDER_COMMIT_MS = 250;
const POOL_SIZE = 6;

/** sources -> intake -> spool -> publisher -> MARKET -> recorder -> tables */
export const ingest: ServiceDefinition<typeof ingestConfig> = { name: "ingest", version: "0.1.0", config: ingestConfig, start };

async function start(context: Context): Promise<void> {
  const { config, logger, health, signal } = context;
  const pool = openPool(config.DATABASE_URL, {
    max: POOL_SIZE,
    name: "ingest",
    schema: "ingest",
    onIdleError: (error) => logger.warn({ err: error }, "the database dropped an idle connection"),
  });
  context.onShutdown("database", () => pool.end());
  health.ready("lease", false, "waiting for the database");
  // A process that waits, for the database or for another's end, has started: it is only not ready.
  begin(context, pool).catch((error: unknown) => {
    if (!signal.aborted) context.fail(error);
  });
}

async function begin(context: Context, pool: Pool): Promise<void> {
  const { config, logger, health, signal } = context;
  const waiting = (reason: string): void => {
    health.ready("lease", false, reason);
    logger.warn({ reason }, "waiting");
  };
  await waitForDatabase(pool, signal, waiting);
  const lease = new WriterLease(pool, "market-writer", config.INGEST_LEASE_MS);
  await lease.acquire(signal, once(waiting));
  health.ready("lease", true);
  renewLease(context, lease);
  signal.throwIfAborted();
  startPipeline(context, pool, lease);
}

function startPipeline(context: Context, pool: Pool, lease: WriterLease): void {
  const { config, logger, health, signal, bus } = context;
  const folder = resolve(config.INGEST_SPOOL_DIR);
  const spool = new Spool({ folder, maxBytes: config.INGEST_SPOOL_BYTES, onError: context.fail });
  context.onShutdown("spool", async () => spool.close());
  const publisher = createPublisher(context, spool, lease);
  const store = new ReplayStore(pool);
  const quality = createQualityLog(context, store);
  run(context, "publisher", publisher.run(signal));
  startRecorder(context, pool);
  const jobs = new ReplayJobs({ store, spool, publisher, quality, logger, signal });
  run(context, "replays", jobs.run());
  if (config.INGEST_SOURCES.includes("demo")) {
    const { INGEST_DEMO_SEED: seed, INGEST_DEMO_START_MS: startMs = null, INGEST_DEMO_END_MS: endMs = null } = config;
    run(context, "demo", runDemo({ spool, quality, folder, seed, startMs, endMs, signal }));
  }
  if (config.INGEST_SOURCES.includes("binance")) {
    const binance = {
      instruments: config.INGEST_BINANCE_INSTRUMENTS,
      streamUrl: config.INGEST_BINANCE_WS_URL,
      restUrl: config.INGEST_BINANCE_REST_URL,
      apiKey: config.INGEST_BINANCE_KEY,
      livenessMs: config.INGEST_BINANCE_LIVENESS_MS,
      reconnectMs: config.INGEST_BINANCE_RECONNECT_MS,
      onConnected: (connection: string, connected: boolean) => health.ready(connection, true, connected ? "connected" : "not connected"),
    };
    run(context, "binance", runBinance({ spool, quality, logger, signal, ...binance }));
  }
  const stop = answerCommands(bus, logger, {
    replay: async (command) => {
      await jobs.submit(command);
      return { accepted: true, jobId: command.id };
    },
    status: async ({ id }) => ({ jobs: await store.listReplays(id) }),
    deadLetterRetry: (command) => onDeadLetterRetry(command, bus, spool),
  });
  context.onShutdown("commands", async () => stop());
}

function createPublisher(context: Context, spool: Spool, lease: WriterLease): Publisher {
  const { logger, health, metrics, bus } = context;
  const published = metrics.counter("ingest_published_messages_total", "messages stored in MARKET");
  const publishedBytes = metrics.counter("ingest_published_bytes_total", "payload bytes stored in MARKET");
  metrics.gauge("ingest_spool_depth_messages", "messages that are spooled and not yet stored", [], (gauge) => {
    gauge.set(spool.lastN - (spool.acknowledged?.n ?? 0));
  });
  metrics.gauge("ingest_spool_bytes", "bytes of the spool on disk", [], (gauge) => gauge.set(spool.bytes));
  return new Publisher({
    bus,
    spool,
    mayWrite: () => lease.held,
    provision: async () => void (await provisionStreams(bus)),
    onPublished: (messages, size) => {
      published.inc(messages);
      publishedBytes.inc(size);
    },
    onStatus: (ok, detail) => {
      health.ready("publisher", ok, detail);
      if (ok) logger.info("publishing goes on");
      else logger.warn({ detail }, "publishing");
    },
  });
}

function createQualityLog({ logger, metrics }: Context, store: ReplayStore): QualityLog {
  const quarantined = metrics.counter("ingest_quarantined_total", "inputs that were set aside, or are outside the calendar's hours");
  const dropped = metrics.counter("ingest_quarantined_dropped_total", "inputs of these that quality_events could not take in time");
  return new QualityLog({
    insert: (entries) => store.insertQualityEvents(entries),
    onError: (error) => logger.warn({ reason: describeDatabaseError(error) }, "quarantined input not stored yet"),
    onAdded: () => quarantined.inc(),
    onDropped: (first) => {
      dropped.inc();
      if (first) logger.error("too much quarantined input waits for the database: more of live sources is counted and not kept");
    },
  });
}

function startRecorder(context: Context, pool: Pool): void {
  const { config, logger, health, metrics, bus, signal } = context;
  const recorded = metrics.counter("ingest_recorded_trades_total", "trades written to the record");
  const repeated = metrics.counter("ingest_repeated_trades_total", "trades that were in the record already");
  const owner = `recorder:${process.pid}:${Date.now().toString(36)}`;
  const lanes = new LaneStore(pool, "ingest", owner, config.INGEST_LEASE_MS);
  const recorder = new Recorder(new RecorderStore(pool, lanes, config.INGEST_LEASE_MS), (trades, fresh) => {
    recorded.inc(fresh);
    repeated.inc(trades - fresh);
  });
  const reading = consume({
    service: "ingest",
    bus,
    logger,
    store: lanes,
    handler: recorder,
    inputStream: "MARKET",
    outputStreams: [],
    partitioned: false,
    onReady: (ok, detail) => health.ready("recorder", ok, detail),
    signal,
    metrics,
    maxMessages: RECORDER_MESSAGES,
    commitEveryMs: RECORDER_COMMIT_MS,
  });
  run(context, "recorder", reading);
}

function renewLease(context: Context, lease: WriterLease): void {
  const { config, logger } = context;
  const timer = setInterval(() => {
    lease.renew().catch((error: unknown) => {
      if (error instanceof LeaseLostError) context.fail(error);
      else logger.warn({ reason: describeDatabaseError(error) }, "the lease could not be renewed");
    });
  }, config.INGEST_LEASE_MS / 4);
  context.onShutdown("lease", async () => {
    clearInterval(timer);
    await lease.release();
  });
}

/** Runs a part to its end; the shutdown waits for it, and what it throws ends the process. */
function run(context: Context, name: string, part: Promise<unknown>): void {
  const done = part.catch((error: unknown) => {
    if (!context.signal.aborted) context.fail(error);
    context.logger.warn({ err: error, part: name }, "a part ended with an error during the shutdown");
  });
  context.onShutdown(name, async () => void (await done));
}

/** Passes a reason on only when it changes. */
function once(tell: (reason: string) => void): (reason: string) => void {
  let last = "";
  return (reason) => {
    if (reason !== last) tell(reason);
    last = reason;
  };
}
