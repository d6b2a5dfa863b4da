import { readFileSync } from "node:fs";
import { type NatsConnection, PermissionViolationError } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { candle, formingCandle } from "@tickfleet/contracts/candle-messages";
import { exampleOf } from "@tickfleet/contracts/examples";
import { userPermissions } from "@tickfleet/contracts/generate-permissions";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { type MessageDefinition, partitionFilters, STORED_SUBJECTS, type StreamName, subjectOf } from "@tickfleet/contracts/message";
import { liveTemplate, messages, streams } from "@tickfleet/contracts/registry";
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
/** What the broker refused each user of all that is asked below, before there are streams that an answer could change. */
const refused = new Map<string, Refusals>();

beforeAll(async () => {
  server = await startSecuredNats(users);
  for (const name of names) connections.set(name, await connectAs(name));
  const publishes = [...MESSAGES, ...LIVE_MESSAGES, ...DEAD_LETTERS, ...STREAM_REQUESTS, ...OTHER_PUBLISHES].map(([subject]) => subject);
  const subscribes = SUBSCRIBERS.map(([subject]) => subject);
  await Promise.all([...connections].map(async ([name, connection]) => refused.set(name, await askAll(connection, publishes, subscribes))));
});

afterAll(async () => {
  for (const connection of connections.values()) await connection.close();
  await server?.[Symbol.asyncDispose]();
});

/** A subject with the users that may use it. All are written out, so that a change of the rules is a change here. */
type Right = readonly [subject: string, users: readonly string[]];

/** Who may publish each message of the registry. */
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

/** Who reads each stream in order. */
const READERS: Readonly<Record<StreamName, readonly string[]>> = {
  MARKET: ["ingest", "aggregator"],
  CANDLES: ["aggregator", "indicator"],
  ENRICHED: ["indicator", "pattern-detector"],
  PATTERNS: ["pattern-detector"],
  SIGNALS: ["pattern-detector"],
  CONTEXT: ["pattern-detector"],
  DLQ: [],
};

/** Who looks up positions and single messages of each stream. */
const LOOKERS: Readonly<Record<StreamName, readonly string[]>> = {
  MARKET: ["ingest", "aggregator", "api", "operator"],
  CANDLES: ["aggregator", "indicator", "api", "operator"],
  ENRICHED: ["indicator", "pattern-detector", "api", "operator"],
  PATTERNS: ["pattern-detector", "api", "operator"],
  SIGNALS: ["pattern-detector", "api", "operator"],
  CONTEXT: ["pattern-detector", "sentiment", "futures-collector", "api", "operator"],
  DLQ: ["ingest", "api", "operator"],
};

/** Services that may put a message aside under their name. */
const SET_ASIDE: readonly string[] = ["ingest", "aggregator", "indicator", "pattern-detector"];

const MESSAGES = messages.map((definition): Right => [subjectOf(definition, parameters), PUBLISHERS[definition.name] ?? []]);

/** What users see of each stored message. */
const LIVE_MESSAGES = messages.flatMap((definition): Right[] => {
  const template = liveTemplate(definition);
  return template === null ? [] : [[subjectOf({ ...definition, template }, parameters), []]];
});

const DEAD_LETTERS = names.flatMap((service) =>
  streams.map(({ name }): Right => {
    return [subjectOf(required("dead-letter"), { service, stream: name }), SET_ASIDE.includes(service) ? [service] : []];
  }),
);

/** Every request that the broker knows for a stream, and one for a stream that is none of ours. */
const STREAM_REQUESTS = [...streams.map(({ name }) => name), "OTHER" as const].flatMap((stream): Right[] => {
  const readers = stream === "OTHER" ? [] : READERS[stream];
  const lookers = stream === "OTHER" ? [] : LOOKERS[stream];
  const rights: [readonly string[], readonly string[]][] = [
    [[`STREAM.INFO.${stream}`], [...lookers, "provisioner"]],
    [[`DIRECT.GET.${stream}`, `DIRECT.GET.${stream}.a.subject`], lookers],
    [
      [
        ...[`CREATE.${stream}`, `CREATE.${stream}.reader`, `CREATE.${stream}.reader.a.subject`],
        ...["INFO", "DELETE", "MSG.NEXT"].map((verb) => `${verb}.${stream}.reader`),
      ].map((request) => `CONSUMER.${request}`),
      [...readers, "provisioner"],
    ],
    [
      [
        ...["CREATE", "UPDATE", "DELETE", "PURGE", "SNAPSHOT", "RESTORE", "MSG.GET", "MSG.DELETE", "PEER.REMOVE", "LEADER.STEPDOWN"].map(
          (verb) => `STREAM.${verb}.${stream}`,
        ),
        ...["NAMES", "LIST"].map((verb) => `CONSUMER.${verb}.${stream}`),
        ...["DURABLE.CREATE", "PAUSE", "RESET", "UNPIN", "LEADER.STEPDOWN"].map((verb) => `CONSUMER.${verb}.${stream}.reader`),
      ],
      ["provisioner"],
    ],
    [[`ACCOUNT.STREAM.MOVE.FLEET.${stream}`, `ACCOUNT.STREAM.CANCEL_MOVE.FLEET.${stream}`], []],
  ];
  const acknowledgements = [`$JS.ACK.${stream}.reader.1.1.1.1.0`, `$JS.FC.${stream}.reader.a`];
  return [
    ...rights.flatMap(([requests, allowed]) => requests.map((request): Right => [`$JS.API.${request}`, allowed])),
    ...acknowledgements.map((subject): Right => [subject, []]),
  ];
});

const OTHER_PUBLISHES: readonly Right[] = [
  ["$JS.API.INFO", ["provisioner"]],
  ["$JS.API.STREAM.NAMES", ["provisioner"]],
  ["$JS.API.STREAM.LIST", ["provisioner"]],
  ["$JS.API.ACCOUNT.PURGE.FLEET", []],
  ["$JS.API.SERVER.REMOVE", []],
  ["$JS.API.META.LEADER.STEPDOWN", []],
  ["$SYS.REQ.SERVER.PING", []],
  ["$SYS.REQ.USER.INFO", []],
  ...names.map((name): Right => [`_INBOX_${name}.forged`, []]),
  ["anything.else", []],
];

/** Those who may listen to what is for users. */
const LISTENERS: readonly string[] = ["api", "operator", "viewer"];

const SUBSCRIBERS: readonly Right[] = [
  ["live.v1.>", LISTENERS],
  ["forming.v1.>", LISTENERS],
  ...LIVE_MESSAGES.map(([subject]): Right => [subject, LISTENERS]),
  ...messages.map((definition): Right => {
    const subject = subjectOf(definition, parameters);
    if (subject.startsWith("forming.v1.")) return [subject, LISTENERS];
    return [subject, subject.startsWith("ctl.v1.ingest.") ? ["ingest"] : []];
  }),
  ...streams.flatMap(({ subjects }) => subjects).map((subject): Right => [subject, []]),
  ...["ctl.v1.>", "md.v1.>", ">", "$JS.>", "$JS.API.>", "$JS.EVENT.>", "$SYS.>", "_INBOX.>", "_R_.>"].map(
    (subject): Right => [subject, []],
  ),
  ...names.map((name): Right => [`_INBOX_${name}.>`, name === "viewer" ? [] : [name]]),
];

test("every message of the registry has its publishers here", () => {
  expect(Object.keys(PUBLISHERS).sort()).toEqual(messages.map(({ name }) => name).sort());
});

describe.each(names)("%s", (name) => {
  test.each([
    ["publishes the messages that are its own, and no others", MESSAGES],
    ["never publishes what users see", LIVE_MESSAGES],
    ["puts messages aside under its own name alone", DEAD_LETTERS],
    ["asks the broker what it needs of each stream, and nothing else", STREAM_REQUESTS],
    ["publishes nothing else", OTHER_PUBLISHES],
  ] as const)("%s", (_, rights) => {
    const taken = rights.map(([subject]) => subject).filter((subject) => !refused.get(name)?.publishes.has(subject));
    expect(taken).toEqual(allowedTo(name, rights));
  });

  test("subscribes to what it listens to, and nothing else", () => {
    const taken = SUBSCRIBERS.map(([subject]) => subject).filter((subject) => !refused.get(name)?.subscribes.has(subject));
    expect(taken).toEqual(allowedTo(name, SUBSCRIBERS));
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
    expect((await askAll(answering, [answer.subject], [])).publishes).toEqual(new Set([answer.subject]));
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

function allowedTo(name: string, rights: readonly Right[]): string[] {
  return rights.filter(([, allowed]) => allowed.includes(name)).map(([subject]) => subject);
}

interface Refusals {
  publishes: ReadonlySet<string>;
  subscribes: ReadonlySet<string>;
}

/** Tries everything side by side. The server answers violations before the pong of the flush that follows. */
async function askAll(connection: NatsConnection, publishes: readonly string[], subscribes: readonly string[]): Promise<Refusals> {
  const found = { publishes: new Set<string>(), subscribes: new Set<string>() };
  const statuses = connection.status();
  const watching = (async () => {
    for await (const status of statuses) {
      if (status.type !== "error" || !(status.error instanceof PermissionViolationError)) continue;
      const { operation, subject } = status.error;
      (operation === "publish" ? found.publishes : found.subscribes).add(subject);
    }
  })();
  for (const subject of publishes) connection.publish(subject);
  const subscriptions = subscribes.map((subject) => connection.subscribe(subject, { callback: () => {} }));
  await connection.flush();
  await connection.flush();
  for (const subscription of subscriptions) subscription.unsubscribe();
  (statuses as unknown as { stop(): void }).stop();
  await watching;
  return found;
}
