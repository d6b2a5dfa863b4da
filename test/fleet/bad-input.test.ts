import { beforeAll, describe, expect, test } from "vitest";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { type ServiceUnderTest, spawnService } from "../../packages/testkit/src/process.ts";
import { type TcpProxy, tcpProxy } from "../../packages/testkit/src/tcp-proxy.ts";
import { DemoFleet, MINUTE_MS } from "./demo-fleet.ts";

const START_MS = Date.UTC(2026, 0, 5, 23);
const stretch = { startMs: START_MS, endMs: START_MS + (isLong ? 60 : 25) * MINUTE_MS };
const SERVICES = ["ingest", "aggregator", "api"] as const;
const CONFIGURED = [...SERVICES, "sentiment", "futures-collector"] as const;
const TOLD_MS = 90_000;

const wrong: Record<(typeof CONFIGURED)[number], Record<string, string>> = {
  ingest: { INGEST_SOURCES: "binance,moon", INGEST_SPOOL_BYTES: "much", INGEST_LEASE_MS: "1" },
  aggregator: { AGGREGATOR_MAX_MESSAGES: "0", AGGREGATOR_COMMIT_MS: "soon", AGGREGATOR_LEASE_MS: "-1" },
  sentiment: { SENTIMENT_SOURCES: "reddit,x", SENTIMENT_SCHEDULE: "now and then", SENTIMENT_REDDIT_SUBREDDITS: "a/b" },
  "futures-collector": { FUTURES_SOURCES: "moon", FUTURES_SCHEDULE: "61 * * * *", FUTURES_BINANCE_INSTRUMENTS: "BTC-USDT" },
  api: { API_PORT: "65536", API_DATABASE_CONNECTIONS: "none", API_STREAM_CONNECTIONS: "0" },
};

test.each(CONFIGURED)("a wrong configuration of %s ends it with 78 and every fault, without the password", async (name) => {
  const shared = { NATS_URL: "http://127.0.0.1:4222", DATABASE_URL: "mysql://fleet:s3cret@127.0.0.1/db", LOG_LEVEL: "loud", OPS_PORT: "x" };
  const env = { ...shared, ...wrong[name] };
  const service = await spawnService(name, env, { until: "spawned" });
  expect(await service.exited).toEqual({ code: 78, signal: null });
  const text = service.lines.join("\n");
  const faults = service.lines.filter((line) => /^ {2}[A-Z_]+ .*Set it with/.test(line)).map((line) => line.trim().split(" ")[0]);
  expect(faults.sort()).toEqual(Object.keys(env).sort());
  expect(text).toContain("http://127.0.0.1:4222");
  expect(text).not.toContain("s3cret");
});

test.each(CONFIGURED)("%s without DATABASE_URL says that it must be set", async (name) => {
  const service = await spawnService(name, {}, { until: "spawned" });
  expect(await service.exited).toEqual({ code: 78, signal: null });
  expect(service.lines.join("\n")).toMatch(/DATABASE_URL .*it must be set; it is not set/);
});

interface Readiness {
  status: string;
  components: Record<string, { ok: boolean; detail: string }>;
}

/** What a service says of itself; null where it does not answer. */
async function readinessOf(service: ServiceUnderTest): Promise<Readiness | null> {
  try {
    return (await (await fetch(`http://127.0.0.1:${service.opsPort}/readyz`, { signal: AbortSignal.timeout(2_000) })).json()) as Readiness;
  } catch {
    return null;
  }
}

/** Waits until a service is not ready and gives a reason that fits. */
async function unready(service: ServiceUnderTest, reason: RegExp): Promise<void> {
  const reasons = async (): Promise<string> => {
    const readiness = await readinessOf(service);
    if (readiness === null || readiness.status === "ready") return `${service.name}: ${JSON.stringify(readiness)}`;
    return Object.entries(readiness.components)
      .filter(([, { ok }]) => !ok)
      .map(([name, { detail }]) => `${name}: ${detail}`)
      .join("\n");
  };
  await expect.poll(reasons, { timeout: TOLD_MS, interval: 50 }).toMatch(reason);
}

/** Lines of a log that an operator looks at. */
function warnings(service: ServiceUnderTest, from = 0): string {
  return service.lines
    .slice(from)
    .filter((line) => /"level":"(warn|error|fatal)"/.test(line))
    .join("\n");
}

const DATABASE_AWAY = /ECONNREFUSED|ECONNRESET|terminated|Connection|connection/;
const BROKER_AWAY = /broker: (waiting for|connection to) nats:\/\/127\.0\.0\.1/;

describe("servers that are away", { timeout: 300_000 }, () => {
  let expected: { candles: string[]; trades: string[] };

  beforeAll(async () => {
    await using undisturbed = await DemoFleet.open();
    await Promise.all([undisturbed.start("ingest", undisturbed.demo(stretch)), undisturbed.start("aggregator")]);
    await undisturbed.settled();
    expected = { candles: await undisturbed.candles(), trades: await undisturbed.trades() };
  });

  /** A fleet, and the network between its services and their servers. */
  interface Reachable extends AsyncDisposable {
    fleet: DemoFleet;
    broker: TcpProxy;
    database: TcpProxy;
  }

  async function open(): Promise<Reachable> {
    const fleet = await DemoFleet.open();
    const [broker, database] = await Promise.all([tcpProxy(fleet.nats.url), tcpProxy(fleet.database.url)]);
    return {
      fleet,
      broker,
      database,
      async [Symbol.asyncDispose]() {
        await fleet[Symbol.asyncDispose]();
        await Promise.all([broker.close(), database.close()]);
      },
    };
  }

  /** All three services, over the proxies. */
  async function startAll({ fleet, broker, database }: Reachable, until: "ready" | "spawned"): Promise<ServiceUnderTest[]> {
    const servers = { NATS_URL: broker.urlFor(fleet.nats.url), DATABASE_URL: database.urlFor(fleet.database.url) };
    return Promise.all(SERVICES.map((name) => fleet.start(name, { ...servers, ...(name === "ingest" ? fleet.demo(stretch) : {}) }, until)));
  }

  async function everythingIsThere(fleet: DemoFleet, services: readonly ServiceUnderTest[]): Promise<void> {
    for (const service of services) await service.untilReady();
    await fleet.settled();
    expect(services.map((service) => service.ended())).toEqual([null, null, null]);
    expect(await fleet.trades()).toEqual(expected.trades);
    expect(await fleet.candles()).toEqual(expected.candles);
  }

  test("at the start: each service waits, says for what, and goes on by itself", async () => {
    await using reachable = await open();
    const { fleet, broker, database } = reachable;
    await broker.cut();
    await database.cut();
    const services = await startAll(reachable, "spawned");
    for (const service of services) await unready(service, BROKER_AWAY);
    for (const service of services) await expect.poll(() => warnings(service), { timeout: TOLD_MS }).toContain("waiting for the broker");
    await broker.restore();
    for (const service of services) await unready(service, DATABASE_AWAY);
    for (const service of services) await expect.poll(() => warnings(service), { timeout: TOLD_MS }).toMatch(/database|"waiting"/);
    await database.restore();
    await everythingIsThere(fleet, services);
  });

  test.runIf(isLong).each(["cut", "stall"] as const)("in the middle (%s): readiness and log say so, and nothing is lost", async (how) => {
    await using reachable = await open();
    const { fleet, broker, database } = reachable;
    const services = await startAll(reachable, "ready");
    await expect
      .poll(async () => (await fleet.bus.streamPosition("MARKET")).lastSeq, { timeout: TOLD_MS, interval: 5 })
      .toBeGreaterThan(100);
    let from = services.map((service) => service.lines.length);
    if (how === "stall") {
      broker.stall();
      database.stall();
      await new Promise((resolve) => setTimeout(resolve, 4_000));
    } else {
      await database.cut();
      for (const service of services) await unready(service, DATABASE_AWAY);
      services.forEach((service, i) => void expect(warnings(service, from[i])).toMatch(/database|ECONN|onnection/));
      await database.restore();
      for (const service of services) await service.untilReady();
      from = services.map((service) => service.lines.length);
      await broker.cut();
      for (const service of services) await unready(service, BROKER_AWAY);
      services.forEach((service, i) => void expect(warnings(service, from[i])).toContain("broker connection"));
    }
    await broker.restore();
    await database.restore();
    await everythingIsThere(fleet, services);
  });
});
