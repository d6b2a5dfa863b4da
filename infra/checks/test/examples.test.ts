import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { candle } from "@tickfleet/contracts/candle-messages";
import { exampleOf } from "@tickfleet/contracts/examples";
import { userPermissions } from "@tickfleet/contracts/generate-permissions";
import { classOf, type MessageDefinition, subjectOf } from "@tickfleet/contracts/message";
import { signal } from "@tickfleet/contracts/pattern-messages";
import { liveTemplate } from "@tickfleet/contracts/registry";
import { createBatchColumns, decodeTradeBatch } from "@tickfleet/contracts/trade-batch";
import { listServices } from "@tickfleet/local/fleet-services";
import { migrateServices } from "@tickfleet/local/streams-and-schemas";
import { openBus } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { type ServiceUnderTest, spawnService } from "@tickfleet/testkit/process";
import { scratchFolder } from "@tickfleet/testkit/scratch";
import { type TcpProxy, tcpProxy } from "@tickfleet/testkit/tcp-proxy";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ExampleLine, NotHereError, need, prepare, type RunningExample, startExample } from "./example-programs.ts";
import { passwordOf, type SecuredNats, startSecuredNats } from "./secured-nats.ts";

// The examples of docs/examples, each as its own process and as the user that outsiders are given, over a stretch of the demo that our own
// services turn into candles. What they must print is computed here from the same messages, with the contracts' own reader.

const LANGUAGES = Object.keys(prepare);
const MINUTE_MS = 60_000;
const MINUTES = 12;
const START_MS = Date.UTC(2026, 0, 5, 10);
/** Services of the chain; the others send nothing that an example shows. */
const CHAIN = listServices()
  .map(({ name }) => name)
  .filter((name) => ["ingest", "aggregator"].includes(name));
const SUBJECTS = ["live.v1.candle.*.*.*", "live.v1.signal.>", "live.v1.trade.>"];
const instrument = { venue: "demo", instrument: "BTC-USDT", timeframe: "1m" };

const liveCandle = subjectOf({ ...candle, template: liveTemplate(candle) as string }, instrument);

interface Received {
  subject: string;
  sequence: number;
  data: Uint8Array;
}

let nats: SecuredNats;
let database: TestDatabase;
let viewer: NatsConnection;
const received: Received[] = [];
const proxies = new Map<string, TcpProxy>();
const examples = new Map<string, RunningExample>();
const absent = new Map<string, string>();
const services: ServiceUnderTest[] = [];
/** The last candle of `liveCandle` that all hold before the connections are lost. */
let heldBefore: Received;
const toldBefore = new Map<string, number>();

beforeAll(async () => {
  [nats, database] = await Promise.all([startSecuredNats(userPermissions()), startDatabase()]);
  const provisioner = await openBus({ url: nats.url, name: "provisioner", user: "provisioner", password: passwordOf("provisioner") });
  await provisionStreams(provisioner);
  await provisioner.close();
  await migrateServices(
    database.url,
    listServices().map(({ name }) => name),
    new AbortController().signal,
  );
  viewer = await connect({ servers: nats.url, user: "viewer", pass: passwordOf("viewer") });
  for (const subject of SUBJECTS) {
    viewer.subscribe(subject, {
      callback: (_, message) => {
        received.push({ subject: message.subject, sequence: Number(message.headers?.get("Nats-Sequence")), data: message.data });
      },
    });
  }
  await viewer.flush();
  await Promise.all(LANGUAGES.map(start));
  const env = {
    INGEST_SOURCES: "demo",
    INGEST_DEMO_START_MS: String(START_MS),
    INGEST_DEMO_END_MS: String(START_MS + MINUTES * MINUTE_MS),
  };
  for (const name of CHAIN) {
    const login = { NATS_URL: nats.url, NATS_USER: name, NATS_PASSWORD: passwordOf(name), DATABASE_URL: database.url };
    services.push(
      await spawnService(name, { ...login, ...(name === "ingest" ? { ...env, INGEST_SPOOL_DIR: scratchFolder("example-spool") } : {}) }),
    );
  }
}, 900_000);

afterAll(async () => {
  await Promise.all([...examples.values()].map((example) => example.stop()));
  await Promise.all(services.map((service) => service.kill()));
  for (const proxy of proxies.values()) await proxy.close();
  await viewer?.close();
  await nats?.[Symbol.asyncDispose]();
  await database?.close();
});

describe("an example is passed over", () => {
  const fails = (said: string): Promise<void> => need("sh", ["-c", 'printf "%s" "$0" >&2; exit 1', said]);

  test.each([
    'main.go:20:2: example.org/x@v1.0.0: Get "https://example.org/x.zip": dial tcp: lookup example.org: no such host',
    "go: go.mod requires go >= 1.26.8 (running go 1.24.0; GOTOOLCHAIN=local)",
    "WARNING: Retrying after connection broken by 'NewConnectionError()'\nERROR: No matching distribution found for x",
    "The virtual environment was not created successfully because ensurepip is not available.",
  ])("where its runtime or registry is not at hand: %s", async (said) => {
    await expect(fails(said)).rejects.toBeInstanceOf(NotHereError);
    await expect(need("no-such-runtime", ["--version"])).rejects.toBeInstanceOf(NotHereError);
  });

  test.each([
    "# tickfleet.example/subscribe\n./main.go:30:2: undefined: nothing",
    "verifying module: checksum mismatch",
    "ERROR: No matching distribution found for x",
    "",
  ])("not where it is at fault itself: %j", async (said) => {
    const error = await fails(said).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(NotHereError);
  });

  test("not where its Go does not compile", async (context) => {
    if (absent.has("go")) context.skip(absent.get("go") as string);
    const folder = scratchFolder("example-broken");
    writeFileSync(join(folder, "go.mod"), "module broken\n");
    writeFileSync(join(folder, "main.go"), "package main\n\nfunc main() { undefined() }\n");
    const building = need("go", ["build", "-o", join(folder, "broken"), "."], { cwd: folder });
    await expect(building).rejects.toThrow("undefined: undefined");
    await expect(building).rejects.not.toBeInstanceOf(NotHereError);
  });
});

test("our services send candles and trades over the whole stretch", async () => {
  // the last minute stays open: no clock comes after its end
  const last = START_MS + (MINUTES - 2) * MINUTE_MS;
  const ofLastMinute = () =>
    received.filter(({ subject, data }) => isCandle(subject) && openTimeOf(data) === last && subject.endsWith(".1m")).length;
  await expect.poll(ofLastMinute, { timeout: 120_000 }).toBeGreaterThanOrEqual(8);
  for (const service of services.splice(0)) await service.stop();
  expect(received.filter(({ subject }) => isCandle(subject)).length).toBeGreaterThanOrEqual((MINUTES - 1) * 8);
  expect(received.filter(({ subject }) => classOf(subject) === "trade").length).toBeGreaterThan(100);
});

describe.each(LANGUAGES)("%s", (language) => {
  test("prints every message once, checked against its schema and decoded", async (context) => {
    const example = exampleOrSkip(language, context.skip);
    await expect.poll(() => example.lines.length, { timeout: 60_000, interval: 200 }).toBeGreaterThanOrEqual(received.length);
    expect(bySubject(example.lines)).toEqual(bySubject(linesOf(received)));
  });
});

test("connections are lost and come back; then a candle again, its revision, one that fits no schema, and a signal", async () => {
  heldBefore = received.filter(({ subject }) => subject === liveCandle).at(-1) as Received;
  const held = JSON.parse(new TextDecoder().decode(heldBefore.data)) as Record<string, unknown>;
  for (const [language, example] of examples) toldBefore.set(language, example.lines.length);
  for (const proxy of proxies.values()) await proxy.cut();
  await publish("aggregator", candle, held);
  for (const proxy of proxies.values()) await proxy.restore();
  // the same candle again changes nothing, but the first that arrives tells of the one that did not
  const toldAgain = async (): Promise<number> => {
    await publish("aggregator", candle, held);
    return Math.min(...[...examples.keys()].map((language) => linesSince(language).length));
  };
  await expect.poll(toldAgain, { timeout: 60_000, interval: 500 }).toBeGreaterThan(0);
  await publish("aggregator", candle, { ...held, revision: 7, state: "revised" });
  await publish("aggregator", candle, { ...held, openTime: "noon" });
  await publish("pattern-detector", signal, { ...exampleOf(signal), ...instrument });
});

describe.each(LANGUAGES)("%s after a lost connection", (language) => {
  test("tells the gap, passes over what it holds, takes a revision, refuses what fits no schema", async (context) => {
    exampleOrSkip(language, context.skip);
    await expect.poll(() => linesSince(language).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(4);
    const lines = linesSince(language);
    expect(lines.filter(({ subject }) => subject === liveCandle)).toMatchObject([
      { kind: "gap", after: heldBefore.sequence },
      { kind: "candle", revision: 7 },
      { kind: "invalid" },
    ]);
    expect(lines.filter(({ subject }) => subject !== liveCandle)).toMatchObject([{ kind: "signal", revision: 0 }]);
  });
});

/** Starts an example through a proxy of its own. */
async function start(language: string): Promise<void> {
  try {
    const program = await (prepare[language] as () => ReturnType<(typeof prepare)[string]>)();
    const proxy = await tcpProxy(nats.url);
    proxies.set(language, proxy);
    const login = { NATS_URL: proxy.urlFor(nats.url), NATS_USER: "viewer", NATS_PASSWORD: passwordOf("viewer") };
    examples.set(language, await startExample(program, login));
  } catch (error) {
    if (!(error instanceof NotHereError)) throw error;
    absent.set(language, error.message);
  }
}

function exampleOrSkip(language: string, skip: (reason: string) => never): RunningExample {
  const example = examples.get(language);
  return example ?? skip(absent.get(language) ?? "it did not start");
}

function linesSince(language: string): ExampleLine[] {
  return (examples.get(language)?.lines ?? []).slice(toldBefore.get(language));
}

/** Stores a message as the user that may. */
async function publish(user: string, definition: MessageDefinition, payload: Record<string, unknown>): Promise<void> {
  const bus = await openBus({ url: nats.url, name: user, user, password: passwordOf(user) });
  const data = new TextEncoder().encode(JSON.stringify(payload));
  await bus.publishBatch([{ subject: subjectOf(definition, instrument), headers: {}, data }]);
  await bus.close();
}

/** What an example prints of messages that come in order. */
function linesOf(messages: readonly Received[]): ExampleLine[] {
  const revisions = new Map<string, number>();
  return messages.flatMap(({ subject, sequence, data }) => {
    const kind = classOf(subject);
    if (kind === "trade") return [{ kind, subject, sequence, ...tradesOf(data) }];
    const message = JSON.parse(new TextDecoder().decode(data));
    const { venue, instrument: name, timeframe, anchor, session, openTime, revision } = message;
    const key = [kind, venue, name, timeframe, anchor, session, openTime].join(":");
    if (revision <= (revisions.get(key) ?? -1)) return [];
    revisions.set(key, revision);
    return [{ kind, subject, sequence, key, revision, value: kind === "candle" ? message.close : message.score }];
  });
}

function tradesOf(data: Uint8Array): object {
  const columns = createBatchColumns();
  decodeTradeBatch(data, columns);
  const { count, size, sizeScale, price, priceScale, eventTimeUs } = columns;
  const volume = size.subarray(0, count).reduce((sum, one) => sum + one, 0) / 10 ** sizeScale;
  return { count, volume, time: eventTimeUs[count - 1], price: (price[count - 1] as number) / 10 ** priceScale };
}

/** Lines by subject, in the order in which they came: subscriptions of one client are not ordered among each other. */
function bySubject(lines: readonly ExampleLine[]): Record<string, ExampleLine[]> {
  return Object.groupBy(lines, ({ subject }) => subject) as Record<string, ExampleLine[]>;
}

function isCandle(subject: string): boolean {
  return classOf(subject) === "candle";
}

function openTimeOf(data: Uint8Array): number {
  return (JSON.parse(new TextDecoder().decode(data)) as { openTime: number }).openTime;
}
