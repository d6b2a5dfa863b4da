import { LaneStore } from "@tickfleet/database/checkpoint";
import { openPool, waitForDatabase } from "@tickfleet/database/pool";
import { consume } from "@tickfleet/runtime/consume";
import { openContextLog } from "@tickfleet/runtime/context-log";
import type { ServiceDefinition } from "@tickfleet/runtime/run-service";
import { patternDetectorConfig } from "./config.ts";
import { PatternHandler } from "./pattern-handler.ts";
import { PatternStore, SCHEMA } from "./store.ts";

/** No versions of rows are kept: what cannot go on from its checkpoint is built again from history. */
export const KEEP_EVERY_MS = Number.MAX_SAFE_INTEGER;
export const OUTPUT_STREAMS: readonly string[] = ["PATTERNS", "SIGNALS"];

/** ENRICHED and CONTEXT -> patterns and signals -> PATTERNS, SIGNALS and the tables. */
export const patternDetector: ServiceDefinition<typeof patternDetectorConfig> = {
  name: "pattern-detector",
  version: "0.1.0",
  config: patternDetectorConfig,
  async start(context) {
    const { bus, config, health, logger, metrics, signal } = context;
    const pool = openPool(config.DATABASE_URL, { max: 4, name: "pattern-detector", schema: SCHEMA });
    context.onShutdown("database", () => pool.end());
    await waitForDatabase(pool, signal, (reason) => {
      health.ready("database", false, reason);
      logger.warn({ reason }, "waiting for the database");
    });
    health.ready("database", true);
    const contextLog = openContextLog(bus, logger);
    context.onShutdown("context", () => contextLog.close());
    const lanes = new LaneStore(pool, SCHEMA, `pattern-detector-${crypto.randomUUID()}`, config.PATTERN_DETECTOR_LEASE_MS);
    const reading = consume({
      service: "pattern-detector",
      bus,
      logger,
      store: lanes,
      handler: new PatternHandler(new PatternStore(pool, lanes, config.PATTERN_DETECTOR_LEASE_MS), pool, contextLog),
      inputStream: "ENRICHED",
      outputStreams: OUTPUT_STREAMS,
      partitioned: true,
      onReady: (ok, detail) => health.ready("patterns", ok, detail),
      signal,
      metrics,
      maxMessages: config.PATTERN_DETECTOR_MAX_MESSAGES,
      commitEveryMs: config.PATTERN_DETECTOR_COMMIT_MS,
      keepEveryMs: KEEP_EVERY_MS,
    });
    reading.catch((error: unknown) => context.fail(error));
    context.onShutdown("reading", () => reading);
  },
};
