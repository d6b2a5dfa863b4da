import { setTimeout as sleep } from "node:timers/promises";
import { loadPage, type PageFiles } from "@tickfleet/dashboard/bundle";
import { describeDatabaseError, openPool } from "@tickfleet/database/pool";
import type { ServiceDefinition } from "@tickfleet/runtime/run-service";
import { createApp } from "./app.ts";
import { apiConfig } from "./config.ts";
import { ConnectionStates } from "./connection-states.ts";
import { listen } from "./http-server.ts";
import { InstrumentMemory } from "./instrument-memory.ts";
import { LatencyWatch } from "./latency-watch.ts";
import { ApiStore } from "./store.ts";
import { openStreamServer } from "./stream-server.ts";

export const VERSION = "0.1.0";
const CHECK_EVERY_MS = 2_000;
const STATEMENT_TIMEOUT_MS = 20_000;

/** HTTP and WebSocket over what the other services store and send; keeps nothing. */
export const api: ServiceDefinition<typeof apiConfig> = {
  name: "api",
  version: VERSION,
  config: apiConfig,
  async start(context) {
    const { bus, config, health, logger, metrics, signal } = context;
    const pool = openPool(config.DATABASE_URL, {
      max: config.API_DATABASE_CONNECTIONS,
      name: "api",
      schema: "api",
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    });
    context.onShutdown("database", () => pool.end());
    const store = new ApiStore(pool);
    const instruments = new InstrumentMemory(store);
    const remember = (): void => void instruments.list().catch(() => undefined);
    remember();
    health.ready("database", false, "not asked yet");
    let told = "";
    void watchDatabase(store, signal, (ok, reason) => {
      health.ready("database", ok, reason);
      if (reason === told) return;
      told = reason;
      if (ok) {
        remember();
        logger.info("the database answers again");
      } else logger.warn({ reason }, "the database does not answer");
    });

    const seconds = metrics.histogram(
      "http_seconds",
      "Time to answer a request.",
      [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      ["route", "status"],
    );
    const { API_STREAM_CONNECTIONS: maxConnections, API_ALLOWED_ORIGINS: allowedOrigins } = config;
    const latency = new LatencyWatch(() => performance.timeOrigin + performance.now());
    const stream = await openStreamServer({ bus, store, instruments, logger, latency, maxConnections, allowedOrigins });
    const page = openPage(config.API_CACHE_DIR ?? null);
    const app = createApp({
      store,
      instruments,
      health,
      stream,
      latency,
      connections: new ConnectionStates(bus, Date.now),
      page,
      logger,
      version: VERSION,
      now: Date.now,
      onAnswer: (route, status, duration) => seconds.observe({ route, status: String(status) }, duration),
    });
    const server = await listen(app.fetch, config);
    stream.serve(server.server);
    context.onShutdown("http", server.close);
    context.onShutdown("stream", stream.close);
    metrics.gauge("stream_connections", "Open connections of the stream, WebSockets and server-sent events.", [], (gauge) =>
      gauge.set(stream.connections()),
    );
    page().catch((error: unknown) => logger.warn({ err: error }, "the page could not be made"));
    logger.info({ apiPort: server.port, host: config.API_HOST }, "gateway listens");
  },
};

/** The dashboard, made once; after a failure the next request tries again. */
function openPage(folder: string | null): () => Promise<PageFiles> {
  let made: Promise<PageFiles> | null = null;
  return () => {
    made ??= loadPage(folder).catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}

/** Looks again and again whether the views can be read; the gateway serves what it can meanwhile. */
async function watchDatabase(store: ApiStore, signal: AbortSignal, onState: (ok: boolean, reason: string) => void): Promise<void> {
  while (!signal.aborted) {
    await store.check().then(
      () => onState(true, ""),
      (error: unknown) => onState(false, describeDatabaseError(error)),
    );
    await sleep(CHECK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
