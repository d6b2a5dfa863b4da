import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { clock } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { afterEach, beforeEach, expect, test } from "vitest";
import { restoreStore, snapshotStore } from "../../testkit/src/nats.ts";
import type { Bus } from "../src/bus.ts";
import type { InputMessage } from "../src/ordered-reader.ts";
import {
  type CountingReplica,
  createGate,
  type Gate,
  heldLanes,
  inVersion2,
  type LaneSurroundings,
  numbered,
  openLaneSurroundings,
  seenBy,
  startCounting,
} from "./counting-lanes.ts";

let around: LaneSurroundings;
let replicas: CountingReplica[] = [];

beforeEach(async () => {
  around = await openLaneSurroundings();
  replicas = [];
});

afterEach(async () => {
  for (const replica of replicas) await replica.stop().catch(() => undefined);
  await around[Symbol.asyncDispose]();
});

function start(...parameters: Parameters<typeof startCounting> extends [LaneSurroundings, ...infer Rest] ? Rest : never): CountingReplica {
  const replica = startCounting(around, ...parameters);
  replicas.push(replica);
  return replica;
}

async function publish(from: number, to: number, partition = 3): Promise<void> {
  for (let number = from; number <= to; number++) await around.bus.publishBatch([numbered(partition, number)]);
}

/** Does something to the broker, and waits until the connection that it ended has come back. */
async function overReconnect<T>(act: () => Promise<T>): Promise<T> {
  const before = around.bus.reconnects();
  const result = await act();
  await expect.poll(() => around.bus.reconnects(), { timeout: 20_000, interval: 20 }).toBeGreaterThan(before);
  return result;
}

test("a broker that loses its tail while the positions are checked after a reconnect is checked again at once", async () => {
  await publish(1, 3);
  const snapshot = await overReconnect(() => snapshotStore(around.nats));
  await publish(4, 6);
  let armed = false;
  let losses = 0;
  // the answer to the last question of a check arrives; then the broker goes, and comes back without its tail
  const bus: Bus = {
    ...around.bus,
    getMessage: async (stream, seq) => {
      const message = await around.bus.getMessage(stream, seq);
      if (armed && stream === "CANDLES") {
        armed = false;
        losses += 1;
        await overReconnect(() => restoreStore(around.nats, snapshot));
      }
      return message;
    },
  };
  const replica = start({ bus });
  await expect.poll(() => seenBy(around, 3), { timeout: 10_000 }).toEqual([1, 2, 3, 4, 5, 6]);
  armed = true;
  await overReconnect(async () => {
    await around.nats.kill();
    await around.nats.start();
  });
  await expect.poll(() => replica.said.map(({ detail }) => detail).join("\n"), { timeout: 10_000 }).toContain("lost its tail");
  expect(losses).toBe(1);
});

test("a process that stops while it renews its membership is no member afterwards", async () => {
  const committing = createGate();
  const joining = createGate();
  let held = false;
  const replica = start({ leaseMs: 1_000 }, (handler, store) => {
    const commit = handler.commit.bind(handler);
    handler.commit = async (updates) => {
      held = true;
      await committing.pass();
      return commit(updates);
    };
    const join = store.join.bind(store);
    store.join = async () => {
      // while the loop stands in its commit, only the renewal beside it joins
      if (held) await joining.pass();
      return join();
    };
  });
  await publish(1, 1);
  await joining.reached;
  replica.abort();
  committing.open();
  await Promise.race([replica.done, sleep(500)]);
  joining.open();
  await replica.done;
  await sleep(200);
  expect((await around.pool.query("select owner from counting.members")).rows).toEqual([]);
});

test("an output stream that loses its tail while a rebuild reads it holds nobody up", async () => {
  await publish(1, 3);
  const first = start();
  await expect.poll(() => seenBy(around, 3), { timeout: 10_000 }).toEqual([1, 2, 3]);
  const snapshot = await overReconnect(() => snapshotStore(around.nats));
  await publish(4, 6);
  await expect.poll(() => seenBy(around, 3), { timeout: 10_000 }).toEqual([1, 2, 3, 4, 5, 6]);
  await first.stop();
  const { created } = await around.bus.streamPosition("MARKET");
  await around.pool.query("update counting.lanes set stream_created = 'another stream' where lane = 3");
  let losses = 0;
  const bus: Bus = {
    ...around.bus,
    getLast: async (stream, filter) => {
      const last = await around.bus.getLast(stream, filter);
      if (last?.seq === 6 && losses++ === 0) {
        await overReconnect(() => restoreStore(around.nats, snapshot, ["CANDLES"]));
      }
      return last;
    },
  };
  const second = start({ bus }, (handler) => {
    handler.history = async () => ({ streamCreated: created, seq: 6, inputId: "in-6", messages: none(null), close: async () => {} });
  });
  await expect.poll(() => second.said.at(-1), { timeout: 20_000 }).toEqual({ ok: true, detail: "16 of 16 lanes" });
  expect(losses).toBe(1);
  expect((await around.bus.streamPosition("CANDLES")).lastSeq).toBe(3);
});

/** A history without messages, that ends when the gate lets it. */
async function* none(gate: Gate | null): AsyncGenerator<never> {
  await gate?.pass();
  yield* [];
}

test("a rebuild ends at the signal, and its lanes are free", async () => {
  const { created } = await around.bus.streamPosition("MARKET");
  const rebuilding = createGate();
  rebuilding.open();
  const replica = start({}, (handler) => {
    handler.history = async () => ({ streamCreated: created, seq: 0, inputId: "", messages: endless(rebuilding), close: async () => {} });
  });
  await rebuilding.reached;
  replica.abort();
  expect(await Promise.race([replica.done.then(() => "ended"), sleep(3_000, "still there")])).toBe("ended");
  expect(await heldLanes(around)).toEqual([]);
  expect((await around.pool.query("select owner from counting.members")).rows).toEqual([]);
});

/** A history that takes for ever to read. */
async function* endless(gate: Gate): AsyncGenerator<InputMessage> {
  for (let seq = 1; ; seq++) {
    await sleep(5);
    await gate.pass();
    yield { seq, subject: numbered(0, seq).subject, id: "", data: new Uint8Array(), header: () => "" };
  }
}

test("a last commit that fails in the shutdown leaves the lanes free all the same", async () => {
  const committing = createGate();
  const replica = start({}, (handler) => {
    handler.commit = async () => {
      await committing.pass();
      throw Object.assign(new Error("the database went away"), { code: "ECONNRESET" });
    };
  });
  await publish(1, 1);
  await committing.reached;
  expect(await heldLanes(around)).toHaveLength(16);
  replica.abort();
  committing.open();
  await replica.done;
  expect(await heldLanes(around)).toEqual([]);
});

test("the signal ends the pause before the next attempt", async () => {
  const replica = start({}, (_handler, store) => {
    store.join = async () => {
      throw Object.assign(new Error("the database is away"), { code: "ECONNREFUSED" });
    };
  });
  await expect.poll(() => replica.said.length, { timeout: 20_000, interval: 5 }).toBe(7);
  const begun = performance.now();
  await replica.stop();
  // the sixth pause is of 1.6 s at least
  expect(performance.now() - begun).toBeLessThan(800);
});

test("it is not ready before it has taken its lanes, nor while it rebuilds one, and says so", async () => {
  const { created } = await around.bus.streamPosition("MARKET");
  const [taking, rebuilding] = [createGate(), createGate()];
  const replica = start({}, (handler) => {
    handler.history = async (lane) => {
      await taking.pass();
      if (lane !== 2) return null;
      return { streamCreated: created, seq: 0, inputId: "", messages: none(rebuilding), close: async () => {} };
    };
  });
  expect(replica.said).toEqual([{ ok: false, detail: "taking lanes" }]);
  await taking.reached;
  expect(replica.said).toHaveLength(1);
  taking.open();
  await rebuilding.reached;
  expect(replica.said.slice(1)).toEqual([{ ok: false, detail: "rebuilding lane 2 (3 of 16): 0 messages of history" }]);
  rebuilding.open();
  await expect.poll(() => replica.said.at(-1), { timeout: 5_000 }).toEqual({ ok: true, detail: "16 of 16 lanes" });
});

test("it is ready as a standby while a process that died holds the lanes, and takes them when its leases end", async () => {
  await around.pool.query("insert into counting.members values ('dead', now() + interval '2 s')");
  await around.pool.query("update counting.lanes set owner = 'dead', expires = now() + interval '2 s'");
  const replica = start({ leaseMs: 1_000 });
  const standby = { ok: true, detail: "standby: other processes hold the lanes" };
  await expect.poll(() => replica.said.at(-1), { timeout: 1_000, interval: 10 }).toEqual(standby);
  await expect.poll(() => replica.said.at(-1), { timeout: 10_000 }).toEqual({ ok: true, detail: "16 of 16 lanes" });
  expect(replica.said.slice(1).every(({ ok }) => ok)).toBe(true);
});

/** Makes room for messages of a second version, as the release that brings them does. */
async function openSecondVersion(): Promise<void> {
  const manager = await jetstreamManager(around.bus.connection);
  const { config } = await manager.streams.info("MARKET");
  await manager.streams.update("MARKET", { ...config, subjects: [...config.subjects, "md.v2.trade.>", "md.v2.clock.>"] });
}

async function epochs(): Promise<number> {
  return (await around.pool.query<{ sum: number }>("select sum(epoch)::int as sum from counting.lanes")).rows[0]?.sum ?? 0;
}

test("a message of an unknown version stops its lane, says so, and lets a newer process go on with it", async () => {
  await openSecondVersion();
  const replica = start({ leaseMs: 1_000 });
  await expect.poll(() => replica.said.at(-1)?.ok, { timeout: 5_000 }).toBe(true);
  await publish(1, 2);
  await around.bus.publishBatch([inVersion2(numbered(3, 3))]);
  await publish(4, 5);
  await publish(6, 7, 4);
  await expect.poll(() => seenBy(around, 4), { timeout: 5_000 }).toEqual([6, 7]);
  expect(await seenBy(around, 3)).toEqual([1, 2]);
  const stands = { ok: false, detail: expect.stringMatching(/^lane 3 stands before message 3, md\.v2\.trade\.3\.test\.X4: .*newer/) };
  expect(replica.said.at(-1)).toEqual(stands);
  // the lane is free, and not taken again and again
  const settled = await epochs();
  await sleep(1_000);
  expect([await epochs(), (await heldLanes(around)).includes(3), replica.said.at(-1)]).toEqual([settled, false, stands]);
  start({ leaseMs: 1_000, isKnown: () => true });
  await expect.poll(() => seenBy(around, 3), { timeout: 10_000 }).toEqual([1, 2, 3, 4, 5]);
  await expect.poll(() => heldLanes(around), { timeout: 10_000 }).toHaveLength(16);
  await expect.poll(() => replica.said.at(-1)?.ok, { timeout: 5_000 }).toBe(true);
});

test("where every lane stands before a message for all, one newer process takes all of them", async () => {
  await openSecondVersion();
  const replica = start({ leaseMs: 1_000 });
  await expect.poll(() => replica.said.at(-1)?.ok, { timeout: 5_000 }).toBe(true);
  await around.bus.publishBatch([inVersion2({ ...numbered(0, 1), subject: subjectOf(clock, { venue: "test", connection: "c" }) })]);
  await expect.poll(() => heldLanes(around), { timeout: 5_000 }).toEqual([]);
  await expect.poll(() => replica.said.at(-1)?.ok, { timeout: 1_000, interval: 5 }).toBe(false);
  const newer = start({ leaseMs: 1_000, isKnown: () => true });
  await expect.poll(() => heldLanes(around), { timeout: 10_000 }).toHaveLength(16);
  await expect.poll(() => seenBy(around, 15), { timeout: 10_000 }).toEqual([1]);
  // once it has read the message and gone, the older one goes on with what comes after it
  await newer.stop();
  await expect.poll(() => replica.said.at(-1), { timeout: 10_000 }).toEqual({ ok: true, detail: "16 of 16 lanes" });
});

/** Holds the commit that writes message 1 at a gate; tells which messages were folded. */
function held(gate: Gate, outcome: () => void = () => {}): { folded: number[]; change: Parameters<typeof startCounting>[2] } {
  const folded: number[] = [];
  const change: Parameters<typeof startCounting>[2] = (handler) => {
    const { apply, commit } = handler;
    handler.apply = (input, lane, message, emit) => {
      folded.push(message.seq);
      apply.call(handler, input, lane, message, emit);
    };
    let first = true;
    handler.commit = async (updates) => {
      const isHeld = first && updates.some(({ seq }) => seq > 0);
      if (isHeld) first = false;
      const done = commit.call(handler, updates);
      if (isHeld) {
        await gate.pass();
        outcome();
      }
      return done;
    };
  };
  return { folded, change };
}

test("messages are folded while a commit runs; what they made is published and committed after it", async () => {
  const gate = createGate();
  const { folded, change } = held(gate);
  start({}, change);
  await publish(1, 1);
  await gate.reached;
  await publish(2, 3);
  await expect.poll(() => folded.includes(2), { timeout: 10_000, interval: 20 }).toBe(true);
  await sleep(200);
  expect((await around.bus.streamPosition("CANDLES")).lastSeq).toBe(1);
  gate.open();
  await expect.poll(() => seenBy(around, 3), { timeout: 10_000 }).toEqual([1, 2, 3]);
  expect((await around.bus.streamPosition("CANDLES")).lastSeq).toBe(3);
});

test("a commit that fails after messages were folded beside it is made again, with them, and doubles nothing", async () => {
  const gate = createGate();
  const { folded, change } = held(gate, () => {
    throw Object.assign(new Error("the answer was lost"), { code: "ECONNRESET" });
  });
  start({}, change);
  await publish(1, 1);
  await gate.reached;
  await publish(2, 3);
  await expect.poll(() => folded.includes(2), { timeout: 10_000, interval: 20 }).toBe(true);
  gate.open();
  await expect.poll(() => seenBy(around, 3), { timeout: 10_000 }).toEqual([1, 2, 3]);
  expect(folded.filter((seq) => seq === 2)).toHaveLength(2);
  expect((await around.bus.streamPosition("CANDLES")).lastSeq).toBe(3);
});
