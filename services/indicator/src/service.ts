import { LaneStore } from "@tickfleet/database/checkpoint";
import { openPool, waitForDatabase } from "@tickfleet/database/pool";
import { consume } from "@tickfleet/runtime/consume";
import type { ServiceDefinition } from "@tickfleet/runtime/run-service";
import { indicatorConfig } from "./config.ts";
import { EnrichedHandler } from "./enriched-handler.ts";
import { EnrichedStore } from "./store.ts";

/** No versions of rows are kept: what cannot go on from its checkpoint is built again from history. */
export const KEEP_EVERY_MS = Number.MAX_SAFE_INTEGER;

/** CANDLES -> indicators -> ENRICHED and the table. */
export const indicator: ServiceDefinition<typeof indicatorConfig> = {
  name: "indicator",
  version: "0.1.0",
  config: indicatorConfig,
  async start(context) {
    const { bus, config, health, logger, metrics, signal } = context;
    const pool = openPool(config.DATABASE_URL, { max: 4, name: "indicator", schema: "indicator" });
    context.onShutdown("database", () => pool.end());
    await waitForDatabase(pool, signal, (reason) => {
      health.ready("database", false, reason);
      logger.warn({ reason }, "waiting for the database");
    });
    health.ready("database", true);
    const lanes = new LaneStore(pool, "indicator", `indicator-${crypto.randomUUID()}`, config.INDICATOR_LEASE_MS);
    const reading = consume({
      service: "indicator",
      bus,
      logger,
      store: lanes,
      handler: new EnrichedHandler(new EnrichedStore(pool, lanes, config.INDICATOR_LEASE_MS), pool),
      inputStream: "CANDLES",
      outputStreams: ["ENRICHED"],
      partitioned: true,
      onReady: (ok, detail) => health.ready("enriched candles", ok, detail),
      signal,
      metrics,
      maxMessages: config.INDICATOR_MAX_MESSAGES,
      commitEveryMs: config.INDICATOR_COMMIT_MS,
      keepEveryMs: KEEP_EVERY_MS,
    });
    reading.catch((error: unknown) => context.fail(error));
    context.onShutdown("reading", () => reading);
  },
};
