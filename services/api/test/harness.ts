import { fileURLToPath } from "node:url";
import { candle, candleSchema, formingCandle } from "@tickfleet/contracts/candle-messages";
import { type Payload, subjectOf } from "@tickfleet/contracts/message";
import { viewGrants } from "@tickfleet/contracts/view-grants";
import { migrate } from "@tickfleet/database/migrator";
import { schemaOf } from "@tickfleet/database/roles";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { readConfig } from "@tickfleet/runtime/config";
import { createHealth } from "@tickfleet/runtime/health";
import { createLogger } from "@tickfleet/runtime/logger";
import { createMetrics } from "@tickfleet/runtime/metrics";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { startNats, type TestNats } from "@tickfleet/testkit/nats";
import { apiConfig } from "../src/config.ts";
import { api } from "../src/service.ts";

export const MINUTE = 60_000;
/** 2024-03-01T00:00:00Z */
export const START = 1_709_251_200_000;

export type TestCandle = Omit<Payload<typeof candle>, "stamps">;
/** An answer of the gateway, as loosely typed as a stranger sees it. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads answers by their wire names
export type Answer = { status: number; headers: Headers; body: any };

export interface Gateway extends AsyncDisposable {
  url: string;
  nats: TestNats;
  database: TestDatabase;
  bus: Bus;
  get(path: string): Promise<Answer>;
  stop(): Promise<void>;
  /** Ends the gateway and starts another one on its port. */
  restart(): Promise<void>;
}

/** Broker, database with the real migrations, and a gateway on a free port. */
export async function startGateway(): Promise<Gateway> {
  const nats = await startNats();
  const database = await startDatabase();
  await migrateAll(database.url);
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus);
  let running = await startService(nats.url, database.url, 0);
  const { url } = running;
  return {
    url,
    nats,
    database,
    bus,
    get: (path) => request(`${url}${path}`),
    stop: () => running.stop(),
    async restart() {
      await running.stop();
      running = await startService(nats.url, database.url, Number(new URL(url).port));
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await bus.close();
      await database.close();
      await nats.close();
    },
  };
}

export async function migrateAll(url: string): Promise<void> {
  for (const service of ["ingest", "aggregator", "indicator", "pattern-detector", "sentiment", "futures-collector", "api"]) {
    const own = `${schemaOf(service)}.`;
    const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(own)) }));
    await migrate({ url, service, folder: fileURLToPath(new URL(`../../${service}/migrations`, import.meta.url)), grants });
  }
}

/** Runs the service in this process, as `runService` does. */
async function startService(natsUrl: string, databaseUrl: string, apiPort: number): Promise<{ url: string; stop(): Promise<void> }> {
  const config = readConfig(apiConfig, { NATS_URL: natsUrl, DATABASE_URL: databaseUrl, API_PORT: String(apiPort), LOG_LEVEL: "fatal" });
  const serviceBus = await openBus({ url: natsUrl, name: "api" });
  const abort = new AbortController();
  const health = createHealth();
  const stops: (() => Promise<void>)[] = [() => serviceBus.close()];
  let port = 0;
  const logger = createLogger("api", "test", config.LOG_LEVEL);
  const info = logger.info.bind(logger);
  logger.info = ((fields: { apiPort?: number }, ...rest: string[]) => {
    port = fields.apiPort ?? port;
    info(fields, ...rest);
  }) as typeof logger.info;
  await api.start({
    name: "api",
    config,
    logger,
    bus: serviceBus,
    metrics: createMetrics("api"),
    health,
    signal: abort.signal,
    onShutdown: (_, stop) => void stops.push(stop),
    fail: (error) => {
      throw error;
    },
  });
  health.started();
  let stopped = false;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      if (stopped) return;
      stopped = true;
      abort.abort();
      for (const stop of stops.reverse()) await stop();
    },
  };
}

export async function request(url: string, init?: RequestInit): Promise<Answer> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  const json = answer.headers.get("content-type")?.includes("json") ?? false;
  return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text };
}

/** Resolves as soon as the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`10 s passed and not yet: ${what}`);
}

export function createCandle(fields: Partial<TestCandle> & { openTime: number }): TestCandle {
  const { openTime } = fields;
  const price = 60_000.1 + (openTime - START) / MINUTE / 10;
  const numbers = {
    volumeBase: 0.1 + 0.2,
    volumeBuy: 0.1,
    volumeSell: 0.2,
    volumeUnknown: 0,
    volumeQuote: price / 3,
    sumPriceSize: price / 3,
  };
  const zero = { sumBidDepth: 0, sumAskDepth: 0, sumSpreadBps: 0, quoteTrades: 0, crossedQuotes: 0, vd: -0.1, cvd: -0.1, cvdBase: 0 };
  const none = Object.fromEntries(Object.keys(candleSchema.shape).map((name) => [name, null])) as unknown as TestCandle;
  return {
    ...none,
    ...{ venue: "binance", instrument: "BTC-USDT", timeframe: "1m", anchor: "UTC", session: "all", calendar: "crypto" },
    closeTime: openTime + MINUTE,
    ...{ state: "closed", completeness: "full", origin: "trades", badMinutes: 0, flags: 0, revision: 0, algo: "1" },
    ...{ open: price, high: price + 1, low: price - 1, close: price, trades: 2, tradesBuy: 1, tradesSell: 1 },
    ...numbers,
    ...zero,
    ...fields,
  };
}

export async function insertInstrument(
  database: TestDatabase,
  venue: string,
  instrument: string,
  venueSymbol: string,
  calendar = "crypto",
) {
  await database.query(
    `insert into ingest.instruments (venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms, first_trade_time, last_trade_time)
     values ($1, $2, $3, $4, 'spot', 1, 2, 5, 250, to_timestamp($5), to_timestamp($5 + 60))`,
    [venue, instrument, venueSymbol, calendar, START / 1_000],
  );
}

/** Writes candles as the aggregator does: the row of the key is replaced. */
export async function insertCandles(database: TestDatabase, candles: readonly TestCandle[]): Promise<void> {
  const names = Object.keys(candleSchema.shape);
  const columns = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  const rows = candles.map((row) => ({
    ...Object.fromEntries(names.map((name, i) => [columns[i], row[name as keyof TestCandle]])),
    open_time: new Date(row.openTime).toISOString(),
    close_time: new Date(row.closeTime).toISOString(),
  }));
  await database.query(
    `insert into aggregator.candles (${columns.join(", ")}, lane, input_seq, absent_minutes, sums)
     select ${columns.join(", ")}, 0, 0, 0, '' from json_populate_recordset(null::aggregator.candles, $1)
     on conflict (venue, instrument, timeframe, anchor, session, open_time) do update
     set ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}`,
    [JSON.stringify(rows)],
  );
}

/** Sends a closed candle through the stream, as the aggregator does. */
export async function publishCandle(bus: Bus, row: TestCandle): Promise<void> {
  const { venue, instrument, timeframe } = row;
  const data = new TextEncoder().encode(JSON.stringify({ ...row, stamps: {} }));
  await bus.publishBatch([{ subject: subjectOf(candle, { venue, instrument, timeframe }), headers: {}, data }]);
}

export function publishForming(bus: Bus, row: TestCandle, update: number): void {
  const { venue, instrument, timeframe } = row;
  const payload = { ...row, state: "forming", stamps: {}, update, basedOnSeq: update };
  bus.publishCore(formingCandle, { venue, instrument, timeframe }, payload);
}
