import type { OutgoingMessage } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { isLong, MICRO_BATCHES } from "@tickfleet/testkit/long-form";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  candleRows,
  caughtUp,
  connected,
  openSurroundings,
  outputsByPartition,
  publish,
  type Replica,
  type Surroundings,
  startReplica,
} from "./harness.ts";
import { batchOf, marketScript, START_US, VENUE } from "./market-script.ts";

const script = marketScript(7, isLong ? 90 : 40);

/** The first place at or after `index` that follows a clock: there every lane has something to read. */
function cut(index: number): number {
  return script.messages.findIndex((message, i) => i >= Math.floor(index) && message.subject.includes(".clock.")) + 1;
}

let around: Surroundings;
let replicas: Replica[] = [];

beforeEach(async () => {
  around = await openSurroundings();
  replicas = [];
});

afterEach(async () => {
  for (const replica of replicas) await replica.stop().catch(() => undefined);
  await around[Symbol.asyncDispose]();
});

function start(...parameters: Parameters<typeof startReplica> extends [Surroundings, ...infer Rest] ? Rest : never): Replica {
  const replica = startReplica(around, ...parameters);
  replicas.push(replica);
  return replica;
}

interface Outcome {
  rows: string[];
  outputs: Record<string, string[]>;
}

async function outcome(): Promise<Outcome> {
  await caughtUp(around);
  for (const replica of replicas) await replica.stop();
  return { rows: await candleRows(around), outputs: await outputsByPartition(around.bus) };
}

let undisturbed: Outcome | null = null;

/** What a run without any disturbance leaves. */
async function reference(): Promise<Outcome> {
  if (undisturbed !== null) return undisturbed;
  const present = around;
  around = await openSurroundings();
  const own = replicas;
  replicas = [];
  await publish(around.bus, script.messages);
  start();
  undisturbed = await outcome();
  await around[Symbol.asyncDispose]();
  around = present;
  replicas = own;
  return undisturbed;
}

test("the script bites: revisions, recomputed notices and gaps are in the undisturbed run", async () => {
  const { rows, outputs } = await reference();
  const parsed = rows.map(
    (row) => JSON.parse(row) as { revision: number; timeframe: string; completeness: string; trades: number; state: string },
  );
  expect(parsed.filter((row) => row.timeframe === "1m" && row.revision > 0).length).toBeGreaterThanOrEqual(3);
  expect(new Set(parsed.map((row) => row.completeness))).toEqual(new Set(["full", "backfilled", "partial"]));
  expect(
    Object.values(outputs)
      .flat()
      .some((line) => line.includes("candle-recomputed")),
  ).toBe(true);
  const week = parsed.filter((row) => row.timeframe === "1w");
  expect(week.reduce((sum, row) => sum + row.trades, 0)).toBe(script.trades.length);
});

test.each(MICRO_BATCHES)("micro-batches of %i messages leave the same rows and messages", async (maxMessages) => {
  const expected = await reference();
  await publish(around.bus, maxMessages === 1 ? script.messages.slice(0, cut(4_000)) : script.messages);
  start({ maxMessages, commitEveryMs: maxMessages === 1 ? 50 : 500 });
  if (maxMessages === 1) {
    await caughtUp(around);
    await publish(around.bus, script.messages.slice(cut(4_000)));
  }
  expect(await outcome()).toEqual(expected);
});

test.runIf(isLong)("a process that dies between publish and commit, again and again, leaves the same rows and messages", async () => {
  const expected = await reference();
  await publish(around.bus, script.messages);
  let calls = 0;
  start({ maxMessages: 300 }, (handler) => {
    const commit = handler.commit.bind(handler);
    handler.commit = async (updates) => {
      calls += 1;
      if (calls % 5 === 3) throw Object.assign(new Error("the database went away"), { code: "ECONNRESET" });
      return commit(updates);
    };
  });
  expect(await outcome()).toEqual(expected);
  expect(calls).toBeGreaterThan(10);
});

test.each(isLong ? [3_600_000, 100] : [100])(
  "a process that dies twice while it publishes one stretch doubles nothing (dedup window %i ms)",
  async (duplicateWindowMs) => {
    const expected = await reference();
    await provisionStreams(around.bus, { duplicateWindowMs });
    await publish(around.bus, script.messages);
    const half = cut(script.messages.length / 2);
    const dieBeyond =
      (seq: number) =>
      (handler: Replica["handler"]): void => {
        const commit = handler.commit.bind(handler);
        handler.commit = async (updates) => {
          if (updates.some((update) => update.seq > seq)) throw new TypeError("dead between publish and commit");
          return commit(updates);
        };
      };
    // the first publishes all of one large micro-batch; the second commits a small part of what that had published
    await expect(start({ maxMessages: script.messages.length }, dieBeyond(0)).done).rejects.toThrow("dead between");
    await expect(start({ maxMessages: 500 }, dieBeyond(half)).done).rejects.toThrow("dead between");
    replicas = [];
    start();
    expect(await outcome()).toEqual(expected);
  },
);

test("two replicas that join and leave hand partitions over without a loss", async () => {
  const expected = await reference();
  const first = start({ maxMessages: 200 });
  const third = cut(script.messages.length / 3);
  await publish(around.bus, script.messages.slice(0, third));
  await caughtUp(around);
  const second = start({ maxMessages: 200 });
  await expect.poll(() => second.handler.lanes.size, { timeout: 20_000 }).toBe(8);
  await publish(around.bus, script.messages.slice(third, cut(2 * third)));
  await caughtUp(around);
  await first.stop();
  await expect.poll(() => second.handler.lanes.size, { timeout: 20_000 }).toBe(16);
  await publish(around.bus, script.messages.slice(cut(2 * third)));
  expect(await outcome()).toEqual(expected);
});

test("lanes whose restoring takes longer than the lease are not lost meanwhile", async () => {
  const expected = await reference();
  await publish(around.bus, script.messages);
  const slowly = (handler: Replica["handler"]): void => {
    const restore = handler.restore.bind(handler);
    handler.restore = async (lane) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await restore(lane);
    };
  };
  const first = start({ leaseMs: 1_000 }, slowly);
  await caughtUp(around);
  await first.stop();
  // what they have to restore now takes 16 x 200 ms for one of them
  start({ leaseMs: 1_000, maxMessages: 1 }, slowly);
  start({ leaseMs: 1_000, maxMessages: 1 }, slowly);
  const epochs = async (): Promise<number> =>
    (await around.pool.query<{ sum: number }>("select sum(epoch)::int as sum from aggregator.lanes")).rows[0]?.sum ?? 0;
  await expect.poll(() => replicas.slice(1).map(({ handler }) => handler.lanes.size), { timeout: 20_000 }).toEqual([8, 8]);
  const settled = await epochs();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await epochs()).toBe(settled);
  expect(await outcome()).toEqual(expected);
});

test("a message that makes the handler throw parks its instrument; sent back after the fix it gives the same candles", async () => {
  const expected = await reference();
  const late = 0.96 * script.messages.length;
  const poisoned = script.messages.findIndex(({ subject }, i) => i > late && subject.includes("BBB-USD") && subject.includes(".trade."));
  expect(poisoned).toBeGreaterThan(late);
  const seq = poisoned + 1;
  const poison = (handler: Replica["handler"]): void => {
    const apply = handler.apply.bind(handler);
    handler.apply = (input, lane, message, emit) => {
      if (message.seq === seq && message.header("Dlq-Retry") === "") throw new TypeError("a fault in the code");
      apply(input, lane, message, emit);
    };
  };
  await publish(around.bus, script.messages);
  for (let i = 0; i < 3; i++) await expect(start({}, poison).done).rejects.toThrow("a fault in the code");
  replicas = [];
  const last = start({}, poison);
  await caughtUp(around);
  const parked = (await around.pool.query("select venue, instrument from aggregator.pub_parked")).rows;
  expect(parked).toEqual([{ venue: VENUE, instrument: "BBB-USD" }]);
  const others = (rows: string[]): string[] => rows.filter((row) => !row.includes("BBB-USD"));
  expect(others(await candleRows(around))).toEqual(others(expected.rows));
  await last.stop();
  // the dead letters go back as they were, as late data
  const { lastSeq } = await around.bus.streamPosition("DLQ");
  expect(lastSeq).toBeGreaterThan(10);
  for (let i = 1; i <= lastSeq; i++) {
    const letter = JSON.parse(new TextDecoder().decode((await around.bus.getMessage("DLQ", i))?.data)) as {
      payload: string;
      subject: string;
      streamSeq: number;
    };
    const headers = { "Dlq-Retry": String(letter.streamSeq), "Nats-Msg-Id": `retry-${letter.streamSeq}` };
    await around.bus.publishBatch([{ subject: letter.subject, headers, data: Buffer.from(letter.payload, "base64") }]);
  }
  await publish(
    around.bus,
    script.messages.slice(-2).map((message, i) => ({ ...message, headers: { "Nats-Msg-Id": `again-${i}` } })),
  );
  start();
  const { rows } = await outcome();
  const values = (lines: string[]): unknown[] =>
    lines.map((line) => {
      const { state, revision, ...own } = JSON.parse(line) as Record<string, unknown>;
      return own;
    });
  expect(values(rows)).toEqual(values(expected.rows));
});

test("a message that cannot be read is dead-lettered and its minute is partial", async () => {
  const half = Math.floor(script.messages.length / 2);
  const bad = {
    ...batchOf([{ instrument: "AAA-USD", seq: 1, timeUs: START_US, price: 1, size: 1, side: 0 }], "bad"),
    data: new TextEncoder().encode('{"venue":'),
  };
  await publish(around.bus, [...script.messages.slice(0, half), bad, ...script.messages.slice(half)]);
  start();
  await caughtUp(around);
  const letter = await around.bus.getMessage("DLQ", 1);
  expect(new TextDecoder().decode(letter?.data)).toContain("trade batch is not JSON");
  const whole = new Set(partialMinutes((await reference()).rows));
  const clocks = script.messages.slice(0, half).filter((message) => message.subject.includes(".clock."));
  const { time } = JSON.parse(new TextDecoder().decode(clocks.at(-1)?.data)) as { time: number };
  expect(partialMinutes(await candleRows(around)).filter((minute) => !whole.has(minute))).toEqual([
    new Date(Math.floor(time / 60_000_000) * 60_000).toISOString().slice(0, 16),
  ]);
});

/** Minutes of AAA-USD that say that trades are missing. */
function partialMinutes(rows: readonly string[]): string[] {
  const parsed = rows.map((row) => JSON.parse(row) as { instrument: string; timeframe: string; completeness: string; open_time: string });
  const found = parsed.filter((row) => row.instrument === "AAA-USD" && row.timeframe === "1m" && row.completeness === "partial");
  return found.map((row) => row.open_time.slice(0, 16));
}

test("a trade of an unknown version stops its partition; a newer process leaves the same rows and messages", async () => {
  const expected = await reference();
  const { connection } = around.bus;
  const { config } = (await connection.request("$JS.API.STREAM.INFO.MARKET")).json<{ config: { subjects: string[] } }>();
  const wider = { ...config, subjects: [...config.subjects, "md.v2.trade.>"] };
  await connection.request("$JS.API.STREAM.UPDATE.MARKET", JSON.stringify(wider));
  const at = script.messages.findIndex(
    ({ subject }, i) => i > script.messages.length / 2 && subject.includes(".trade.") && subject.includes("AAA-USD"),
  );
  const [, , , partition] = (script.messages[at] as OutgoingMessage).subject.split(".");
  const messages = script.messages.map((message, i) => (i === at ? { ...message, subject: message.subject.replace("v1", "v2") } : message));
  await publish(around.bus, messages);
  const said: { ok: boolean; detail: string }[] = [];
  start({ onReady: (ok, detail) => said.push({ ok, detail }) });
  const lanesBehind = async (seq: number): Promise<number[]> =>
    (await around.pool.query<{ lane: number }>("select lane from aggregator.lanes where seq < $1", [seq])).rows.map(({ lane }) => lane);
  await expect.poll(() => lanesBehind(messages.length), { timeout: 60_000 }).toEqual([Number(partition)]);
  expect(await lanesBehind(at)).toEqual([]);
  expect(said.at(-1)).toEqual({
    ok: false,
    detail: expect.stringContaining(`lane ${partition} stands before message ${at + 1}, md.v2.trade.`),
  });
  start({ isKnown: () => true });
  expect(await outcome()).toEqual(expected);
});

test("an input log that lost its tail: the lanes step back to a kept checkpoint and end with the same rows and messages", async () => {
  const expected = await reference();
  const half = cut(script.messages.length / 2);
  const quarter = cut(half / 2);
  const snapshotAt = async (count: number, from: number): Promise<void> => {
    await publish(around.bus, script.messages.slice(from, count));
    await caughtUp(around);
  };
  const replica = start({ keepEveryMs: 1, maxMessages: 300 });
  await snapshotAt(quarter, 0);
  await around.nats.stop();
  const saved = await copyOf(around.nats.storeDir);
  await around.nats.start();
  await snapshotAt(half, quarter);
  await replica.stop();
  // the broker comes back as it was at a quarter; ingest sends the rest again, in the same order
  await around.nats.kill();
  await saved.restore();
  await around.nats.start();
  await connected(around.bus);
  start({ keepEveryMs: 1, maxMessages: 300 });
  await expect.poll(() => around.bus.streamPosition("MARKET").then((p) => p.lastSeq), { timeout: 10_000 }).toBe(quarter);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await publish(around.bus, script.messages.slice(quarter));
  expect(await outcome()).toEqual(expected);
});

async function copyOf(folder: string): Promise<{ restore(): Promise<void> }> {
  const { cp, rm, mkdtemp } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const copy = await mkdtemp(join(tmpdir(), "stream-"));
  await cp(folder, copy, { recursive: true });
  return {
    async restore() {
      await rm(folder, { recursive: true, force: true });
      await cp(copy, folder, { recursive: true });
      await rm(copy, { recursive: true, force: true });
    },
  };
}
