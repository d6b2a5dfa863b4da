import { LaneStore } from "@tickfleet/database/checkpoint";
import { openPool, waitForDatabase } from "@tickfleet/database/pool";
import { consume } from "@tickfleet/runtime/consume";
import type { ServiceDefinition } from "@tickfleet/runtime/run-service";
import { CandleHandler } from "./candle-handler.ts";
import { aggregatorConfig } from "./config.ts";
import { FormingUpdates } from "./forming.ts";
import { CandleStore } from "./store.ts";

/** MARKET -> candles on nine timeframes -> CANDLES and the table. */
export const aggregator: ServiceDefinition<typeof aggregatorConfig> = {
  name: "aggregator",
  version: "0.1.0",
  config: aggregatorConfig,
  async start(context) {
    const { bus, config, health, logger, metrics, signal } = context;
    const pool = openPool(config.DATABASE_URL, { max: 4, name: "aggregator", schema: "aggregator" });
    context.onShutdown("database", () => pool.end());
    await waitForDatabase(pool, signal, (reason) => {
      health.ready("database", false, reason);
      logger.warn({ reason }, "waiting for the database");
    });
    health.ready("database", true);
    const lanes = new LaneStore(pool, "aggregator", `aggregator-${crypto.randomUUID()}`, config.AGGREGATOR_LEASE_MS);
    const store = new CandleStore(pool, lanes, config.AGGREGATOR_LEASE_MS);
    const handler = new CandleHandler(
      store,
      pool,
      new FormingUpdates(bus, { minuteMs: config.AGGREGATOR_FORMING_MS, longerMs: config.AGGREGATOR_FORMING_LONGER_MS }),
    );
    const reading = consume({
      service: "aggregator",
      bus,
      logger,
      store: lanes,
      handler,
      inputStream: "MARKET",
      outputStreams: ["CANDLES"],
      partitioned: true,
      onReady: (ok, detail) => health.ready("candles", ok, detail),
      signal,
      metrics,
      maxMessages: config.AGGREGATOR_MAX_MESSAGES,
      commitEveryMs: config.AGGREGATOR_COMMIT_MS,
    });
    reading.catch((error: unknown) => context.fail(error));
    context.onShutdown("reading", () => reading);
  },
};
