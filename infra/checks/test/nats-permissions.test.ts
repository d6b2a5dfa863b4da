import { readFileSync } from "node:fs";
import { type NatsConnection, PermissionViolationError } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { candle, formingCandle } from "@tickfleet/contracts/candle-messages";
import { exampleOf } from "@tickfleet/contracts/examples";
import { userPermissions } from "@tickfleet/contracts/generate-permissions";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { type MessageDefinition, partitionFilters, STORED_SUBJECTS, subjectOf } from "@tickfleet/contracts/message";
import { liveTemplate, messages } from "@tickfleet/contracts/registry";
import { PARTITIONS } from "@tickfleet/contracts/tokens";
import { openBus } from "@tickfleet/runtime/bus";
import { openOrderedReader } from "@tickfleet/runtime/ordered-reader";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NATS_CONFIG, passwordOf, type SecuredNats, startSecuredNats } from "./secured-nats.ts";

const users = userPermissions();
const names = users.map((user) => user.user);
const parameters = {
  venue: "binance",
  instrument: "BTC-USDT",
  timeframe: "1m",
  connection: "spot-1",
  provider: "fleet",
  asset: "BTC",
  service: "aggregator",
  stream: "MARKET",
};

const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition);

let server: SecuredNats;
const connections = new Map<string, NatsConnection>();

beforeAll(async () => {
  server = await startSecuredNats(users);
  for (const name of names) connections.set(name, await connectAs(name));
});

afterAll(async () => {
  for (const connection of connections.values()) await connection.close();
  await server?.[Symbol.asyncDispose]();
});

/** Who may publish each message of the registry. Written out, so that a change of the rules is a change here. */
const PUBLISHERS: Readonly<Record<string, readonly string[]>> = {
  "trade-batch": ["ingest"],
  clock: ["ingest"],
  status: ["ingest"],
  gap: ["ingest"],
  candle: ["aggregator"],
  "candle-recomputed": ["aggregator"],
  "forming-candle": ["aggregator"],
  enriched: ["indicator"],
  "enriched-recomputed": ["indicator"],
  pattern: ["pattern-detector"],
  signal: ["pattern-detector"],
  sentiment: ["sentiment"],
  futures: ["futures-collector"],
  "dead-letter": ["aggregator"],
  "ingest-replay": ["operator"],
  "ingest-status": ["operator"],
  "ingest-dead-letter-retry": ["operator"],
};

const OTHER_PUBLISHES: readonly (readonly [string, readonly string[]])[] = [
  [subjectOf(required("dead-letter"), { service: "ingest", stream: "MARKET" }), ["ingest"]],
  [subjectOf(required("dead-letter"), { service: "indicator", stream: "CANDLES" }), ["indicator"]],
  [subjectOf(required("dead-letter"), { service: "api", stream: "MARKET" }), []],
  ["$JS.API.STREAM.INFO.MARKET", ["ingest", "aggregator", "api", "operator", "provisioner"]],
  ["$JS.API.STREAM.INFO.CANDLES", ["aggregator", "indicator", "api", "operator", "provisioner"]],
  ["$JS.API.STREAM.INFO.ENRICHED", ["indicator", "pattern-detector", "api", "operator", "provisioner"]],
  ["$JS.API.DIRECT.GET.MARKET", ["ingest", "aggregator", "api", "operator"]],
  ["$JS.API.DIRECT.GET.CANDLES.a.subject", ["aggregator", "indicator", "api", "operator"]],
  ["$JS.API.DIRECT.GET.ENRICHED.a.subject", ["indicator", "pattern-detector", "api", "operator"]],
  ["$JS.API.STREAM.INFO.CONTEXT", ["pattern-detector", "sentiment", "futures-collector", "api", "operator", "provisioner"]],
  ["$JS.API.DIRECT.GET.DLQ", ["ingest", "api", "operator"]],
  ["$JS.API.CONSUMER.CREATE.MARKET", ["ingest", "aggregator", "provisioner"]],
  ["$JS.API.CONSUMER.CREATE.CONTEXT", ["pattern-detector", "provisioner"]],
  ["$JS.API.CONSUMER.CREATE.MARKET.reader", ["ingest", "aggregator", "provisioner"]],
  ["$JS.API.CONSUMER.CREATE.CANDLES.reader", ["aggregator", "indicator", "provisioner"]],
  ["$JS.API.CONSUMER.CREATE.ENRICHED.reader", ["indicator", "pattern-detector", "provisioner"]],
  ["$JS.API.CONSUMER.CREATE.CONTEXT.reader", ["pattern-detector", "provisioner"]],
  ["$JS.API.CONSUMER.CREATE.SIGNALS.reader", ["pattern-detector", "provisioner"]],
  ["$JS.API.CONSUMER.DURABLE.CREATE.MARKET.reader", ["provisioner"]],
  ["$JS.API.STREAM.CREATE.OTHER", ["provisioner"]],
  ["$JS.API.STREAM.PURGE.OTHER", ["provisioner"]],
  ["$JS.API.STREAM.DELETE.OTHER", ["provisioner"]],
  ["_INBOX_ingest.forged", []],
  ["anything.else", []],
];

const SUBSCRIBERS: readonly (readonly [string, readonly string[]])[] = [
  ["live.v1.>", ["api", "operator", "viewer"]],
  ["live.v1.candle.binance.BTC-USDT.1m", ["api", "operator", "viewer"]],
  ["forming.v1.>", ["api", "operator", "viewer"]],
  [required("ingest-replay").template, ["ingest"]],
  ["ctl.v1.>", []],
  ["md.v1.>", []],
  ["dlq.v1.>", []],
  [">", []],
  ["$JS.>", []],
  ["_INBOX.>", []],
  ...names.filter((name) => name !== "viewer").map((name) => [`_INBOX_${name}.>`, [name]] as const),
];

describe.each(names)("%s", (name) => {
  test.each(messages.map((definition) => [definition.name, definition] as const))("%s", async (message, definition) => {
    expect(Object.keys(PUBLISHERS)).toContain(message);
    expect(await mayPublish(name, subjectOf(definition, parameters))).toBe(PUBLISHERS[message]?.includes(name));
  });

  test.each(messages.filter((definition) => liveTemplate(definition) !== null).map((definition) => [definition.name, definition] as const))(
    "never what users see of %s",
    async (_, definition) => {
      expect(await mayPublish(name, subjectOf({ ...definition, template: liveTemplate(definition) as string }, parameters))).toBe(false);
    },
  );

  test.each(OTHER_PUBLISHES)("publish %s", async (subject, allowed) => {
    expect(await mayPublish(name, subject)).toBe(allowed.includes(name));
  });

  test.each(SUBSCRIBERS)("subscribe %s", async (subject, allowed) => {
    expect(await maySubscribe(name, subject)).toBe(allowed.includes(name));
  });
});

describe("the chassis within these rights", () => {
  test("streams are provisioned, ingest publishes, aggregator looks up and publishes, viewer receives", async () => {
    const provisioner = await openBus({ url: server.url, name: "provisioner", user: "provisioner", password: passwordOf("provisioner") });
    await provisionStreams(provisioner);
    await provisioner.close();

    const received: [string, string][] = [];
    const viewer = connections.get("viewer") as NatsConnection;
    viewer.subscribe("live.v1.>", {
      callback: (_, message) => {
        received.push([message.subject, message.headers?.get("Nats-Sequence") ?? ""]);
      },
    });
    viewer.subscribe("forming.v1.>", {
      callback: (_, message) => {
        received.push([message.subject, "unstored"]);
      },
    });
    await viewer.flush();

    const ingest = await openBus({ url: server.url, name: "ingest", user: "ingest", password: passwordOf("ingest") });
    const two = [outgoing(tradeBatch), outgoing(tradeBatch)];
    expect(await ingest.publishBatch(two)).toEqual({ lastSeq: 2 });
    await ingest.close();

    const aggregator = await openBus({ url: server.url, name: "aggregator", user: "aggregator", password: passwordOf("aggregator") });
    expect((await aggregator.getLast("MARKET", subjectOf(tradeBatch, parameters)))?.seq).toBe(2);
    expect((await aggregator.getMessage("MARKET", 1))?.seq).toBe(1);
    aggregator.publishCore(formingCandle, parameters, exampleOf(formingCandle));
    expect(await aggregator.publishBatch([outgoing(candle)])).toEqual({ lastSeq: 1 });
    for (const filters of [partitionFilters(ALL), [STORED_SUBJECTS]]) {
      const reader = await openOrderedReader(aggregator, "MARKET", 1, filters);
      expect((await reader.take(10, 5_000)).map(({ seq }) => seq)[0]).toBe(1);
      await reader.close();
    }
    await expect(aggregator.publishBatch([outgoing(tradeBatch)])).rejects.toThrow();
    await aggregator.close();

    const api = await openBus({ url: server.url, name: "api", user: "api", password: passwordOf("api") });
    expect(await api.streamPosition("CANDLES")).toMatchObject({ firstSeq: 1, lastSeq: 1 });
    expect(await api.streamPosition("MARKET")).toMatchObject({ lastSeq: 2 });
    await api.close();

    await expect.poll(() => received.length).toBe(4);
    expect(received.toSorted()).toEqual([
      ["forming.v1.candle.binance.BTC-USDT.1m", "unstored"],
      ["live.v1.candle.binance.BTC-USDT.1m", "1"],
      ["live.v1.trade.binance.BTC-USDT", "1"],
      ["live.v1.trade.binance.BTC-USDT", "2"],
    ]);
  });

  test("a request is answered, and only the asker hears the answer", async () => {
    const subject = subjectOf(required("ingest-status"), {});
    const answering = connections.get("ingest") as NatsConnection;
    const subscription = answering.subscribe(subject, {
      callback: (_, message) => {
        message.respond("answer");
      },
    });
    await answering.flush();
    const answer = await (connections.get("operator") as NatsConnection).request(subject, "question", { timeout: 5_000 });
    expect(answer.string()).toBe("answer");
    subscription.unsubscribe();
    expect(await mayPublish("ingest", answer.subject)).toBe(false);
  });

  test.each(users.map(({ passwordVariable }) => passwordVariable))("the broker does not start without %s", async (variable) => {
    await expect(startSecuredNats(users.filter(({ passwordVariable }) => passwordVariable !== variable))).rejects.toThrow(variable);
  });

  test("the configuration holds no password, only the name of its variable", () => {
    const written = [...readFileSync(NATS_CONFIG, "utf8").matchAll(/password: (\S+)/g)].map(([, value]) => value);
    expect(written).toEqual(users.map(({ passwordVariable }) => `$${passwordVariable}`));
    for (const { passwordVariable } of users) expect(passwordVariable).toMatch(/^[A-Z][A-Z_]*$/);
  });

  test("nobody comes in without a password, or with another's", async () => {
    await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(/authorization/i);
    await expect(connect({ servers: server.url, user: "ingest", pass: passwordOf("api"), reconnect: false })).rejects.toThrow(
      /authorization/i,
    );
  });
});

function required(name: string): MessageDefinition {
  const definition = messages.find((candidate) => candidate.name === name);
  if (definition === undefined) throw new RangeError(`no message ${name}`);
  return definition;
}

function outgoing(definition: MessageDefinition): { subject: string; headers: Record<string, string>; data: Uint8Array } {
  return {
    subject: subjectOf(definition, parameters),
    headers: {},
    data: new TextEncoder().encode(JSON.stringify(exampleOf(definition))),
  };
}

function connectAs(user: string): Promise<NatsConnection> {
  return connect({ servers: server.url, user, pass: passwordOf(user), inboxPrefix: `_INBOX_${user}`, reconnect: false });
}

/** The server answers a violation before the pong of the flush that follows. */
async function mayPublish(user: string, subject: string): Promise<boolean> {
  return permits(user, "publish", subject, (connection) => connection.publish(subject));
}

async function maySubscribe(user: string, subject: string): Promise<boolean> {
  return permits(user, "subscription", subject, (connection) => {
    connection.subscribe(subject, { callback: () => {} });
  });
}

async function permits(user: string, operation: string, subject: string, act: (connection: NatsConnection) => void): Promise<boolean> {
  const connection = connections.get(user) as NatsConnection;
  const violations: PermissionViolationError[] = [];
  const statuses = connection.status();
  const watching = (async () => {
    for await (const status of statuses) {
      if (status.type === "error" && status.error instanceof PermissionViolationError) violations.push(status.error);
    }
  })();
  act(connection);
  await connection.flush();
  await connection.flush();
  (statuses as unknown as { stop(): void }).stop();
  await watching;
  return !violations.some((violation) => violation.operation === operation && violation.subject === subject);
}
