import { fileURLToPath } from "node:url";
import { viewGrants } from "../../packages/contracts/src/view-grants.ts";
import { migrate } from "../../packages/database/src/migrator.ts";
import { type Bus, openBus } from "../../packages/runtime/src/bus.ts";
import { provisionStreams } from "../../packages/runtime/src/provision.ts";
import { startDatabase, type TestDatabase } from "../../packages/testkit/src/database.ts";
import { startNats, type TestNats } from "../../packages/testkit/src/nats.ts";
import { type ServiceUnderTest, spawnService } from "../../packages/testkit/src/process.ts";
import { removeScratch, scratchFolder } from "../../packages/testkit/src/scratch.ts";

export const MINUTE_MS = 60_000;
const SERVICES = ["ingest", "aggregator", "indicator", "pattern-detector", "sentiment", "futures-collector", "api"] as const;
const POLL_MS = 50;
const SETTLE_MS = 150_000;

/** A stretch of the demo's market; the same stretch gives the same trades. */
export interface Stretch {
  startMs: number;
  endMs: number;
}

export interface Servers {
  nats: TestNats;
  database: TestDatabase;
  bus: Bus;
}

/** Broker and database with streams and schemas, and the services that a test starts over them. */
export class DemoFleet implements AsyncDisposable {
  readonly nats: TestNats;
  readonly database: TestDatabase;
  readonly bus: Bus;
  readonly #services: ServiceUnderTest[] = [];
  readonly #spools: string[] = [];

  private constructor(servers: Servers) {
    this.nats = servers.nats;
    this.database = servers.database;
    this.bus = servers.bus;
  }

  static async open(edition: "plain" | "timescale" = "plain"): Promise<DemoFleet> {
    const [nats, database] = await Promise.all([startNats(), startDatabase({ edition })]);
    const bus = await openBus({ url: nats.url, name: "test" });
    const fleet = new DemoFleet({ nats, database, bus });
    await fleet.prepare();
    return fleet;
  }

  /** Makes the streams and schemas that are not there. */
  async prepare(): Promise<void> {
    await provisionStreams(this.bus);
    for (const service of SERVICES) {
      const own = `${service.replaceAll("-", "_")}.`;
      const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(own)) }));
      const folder = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
      await migrate({ url: this.database.url, service, folder, grants });
    }
  }

  /** Starts a service over these servers, or over others that `env` names. */
  async start(name: (typeof SERVICES)[number], env: Readonly<Record<string, string>> = {}, until: "ready" | "spawned" = "ready") {
    const own: Record<string, string> = name === "api" ? { API_PORT: "0" } : {};
    const servers = { NATS_URL: this.nats.url, DATABASE_URL: this.database.url };
    const service = await spawnService(name, { ...servers, ...own, ...env }, { until });
    this.#services.push(service);
    return service;
  }

  /** Processes of a service that were started and have not ended. */
  services(name: string): ServiceUnderTest[] {
    return this.#services.filter((service) => service.name === name && service.ended() === null);
  }

  /** Variables of an ingest that plays a stretch of the demo from an empty spool. */
  demo({ startMs, endMs }: Stretch): Record<string, string> {
    const spool = scratchFolder("fleet-spool");
    this.#spools.push(spool);
    return {
      INGEST_SPOOL_DIR: spool,
      INGEST_SOURCES: "demo",
      INGEST_DEMO_SEED: "7",
      INGEST_DEMO_START_MS: String(startMs),
      INGEST_DEMO_END_MS: String(endMs),
    };
  }

  /** Resolves when the demo has ended, and recorder and aggregator have read all of it. */
  async settled(ends = 1): Promise<void> {
    const deadline = Date.now() + SETTLE_MS;
    for (;;) {
      const { lastSeq } = await this.bus.streamPosition("MARKET");
      const [at] = await this.database.query<{ ends: string; recorded: string; aggregated: string }>(
        `select (select count(*) from ingest.pub_market_events where kind = 'status' and payload ->> 'state' = 'ended') as ends,
           (select max(seq) from ingest.pub_recorder) as recorded, (select min(seq) from aggregator.pub_lanes) as aggregated`,
      );
      if (Number(at?.ends) >= ends && Number(at?.recorded) >= lastSeq && Number(at?.aggregated) >= lastSeq) return;
      if (Date.now() > deadline) throw new Error(`MARKET is at ${lastSeq}, the tables at ${JSON.stringify(at)}\n${this.logged()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Last lines of every service. */
  logged(): string {
    return this.#services.map((service) => `${service.name}\n${service.lines.slice(-10).join("\n")}`).join("\n");
  }

  /** Every candle as text, in key order. */
  async candles(): Promise<string[]> {
    const rows = await this.database.query<{ line: string }>(
      "select to_jsonb(candle)::text as line from aggregator.pub_candles as candle order by venue, instrument, timeframe, open_time",
    );
    return rows.map(({ line }) => line);
  }

  /** Every recorded trade as text, in key order, without where in the stream it was found. */
  async trades(): Promise<string[]> {
    const rows = await this.database.query<{ line: string }>(
      `select (to_jsonb(trade) - 'input_generation' - 'input_seq')::text as line from ingest.pub_trades as trade
       order by venue, instrument, epoch, source_seq, event_time`,
    );
    return rows.map(({ line }) => line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#services.map((service) => service[Symbol.asyncDispose]()));
    await this.bus.close().catch(() => undefined);
    await this.nats.close();
    await this.database.close();
    for (const spool of this.#spools) removeScratch(spool);
  }
}
