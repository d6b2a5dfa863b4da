import { createCandlestickScanner } from "@tickfleet/patterns/candlestick-scanner";
import { judge } from "@tickfleet/patterns/judgement";
import type { JudgementInputs } from "@tickfleet/patterns/judgement-inputs";
import { isLong, MICRO_BATCHES } from "@tickfleet/testkit/long-form";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EnrichedCandle, enrichedScript } from "./enriched-script.ts";
import {
  caughtUp,
  messagesOf,
  openSurroundings,
  outputsByPartition,
  publish,
  type Replica,
  type Surroundings,
  startReplica,
  storedRows,
} from "./harness.ts";

const script = enrichedScript(11, 300);

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

interface Message {
  kind?: string;
  openTime: number;
  revision: number;
  state: string;
  value?: number;
  [field: string]: unknown;
}

interface Outcome {
  rows: Record<string, string[]>;
  outputs: Record<string, string[]>;
}

async function outcome(): Promise<Outcome> {
  await caughtUp(around);
  for (const replica of replicas) await replica.stop();
  return { rows: await storedRows(around), outputs: await outputsByPartition(around.bus) };
}

let undisturbed: (Outcome & { messages: Record<string, { subject: string; text: string }[]> }) | null = null;

/** What a run without any disturbance leaves. */
async function reference(): Promise<NonNullable<typeof undisturbed>> {
  if (undisturbed !== null) return undisturbed;
  const present = around;
  around = await openSurroundings();
  const own = replicas;
  replicas = [];
  await publish(around.bus, script.messages);
  start();
  const found = await outcome();
  const messages = { PATTERNS: await messagesOf(around.bus, "PATTERNS"), SIGNALS: await messagesOf(around.bus, "SIGNALS") };
  undisturbed = { ...found, messages };
  await around[Symbol.asyncDispose]();
  around = present;
  replicas = own;
  return undisturbed;
}

const parsed = (lines: readonly string[] | undefined): Record<string, unknown>[] =>
  (lines ?? []).map((line) => JSON.parse(line) as Record<string, unknown>);

/** Messages by key, in order. */
function byKey(messages: readonly { subject: string; text: string }[] | undefined): Map<string, Message[]> {
  const all = (messages ?? []).map(({ subject, text }) => ({ subject, message: JSON.parse(text) as Message }));
  const groups = Map.groupBy(all, ({ subject, message }) => `${subject} ${message.openTime} ${message.kind ?? ""}`);
  return new Map([...groups].map(([key, entries]) => [key, entries.map(({ message }) => message)]));
}

test("messages of a key count up from 0, and the last one is what its row says", async () => {
  const { rows, messages } = await reference();
  const patterns = byKey(messages["PATTERNS"]);
  const signals = byKey(messages["SIGNALS"]);
  for (const [key, said] of [...patterns, ...signals])
    expect([key, said.map(({ revision }) => revision)]).toEqual([key, said.map((_, i) => i)]);
  expect([patterns.size, signals.size]).toEqual([rows["patterns"]?.length, rows["signals"]?.length]);
  expect(patterns.size).toBeGreaterThan(1_000);
  expect(signals.size).toBeGreaterThan(30);
  const stored = [...parsed(rows["patterns"]), ...parsed(rows["signals"])].map((row) => JSON.stringify(row["payload"]));
  const last = [...patterns.values(), ...signals.values()].map((said) => {
    const { stamps, ...payload } = said.at(-1) as Message;
    return JSON.stringify(payload);
  });
  expect(stored.sort()).toEqual(last.sort());
  const superseded = [...patterns.values(), ...signals.values()].filter((said) => said.length > 1);
  expect(superseded.filter((said) => said.at(-1)?.state === "withdrawn").length).toBeGreaterThan(5);
  expect(superseded.filter((said) => said.at(-1)?.state !== "withdrawn").length).toBeGreaterThan(5);
  const withdrawn = [...patterns.values()].flat().filter(({ state }) => state === "withdrawn");
  expect(withdrawn.every(({ value }) => value === 0)).toBe(true);
});

test("every signal is recomputed from its inputs to the same bytes, and a withdrawn one is none by them", async () => {
  const { rows } = await reference();
  const signals = parsed(rows["signals"]);
  for (const row of signals) {
    const { revision, state, ...said } = row["payload"] as Message;
    const { signal } = judge(row["inputs"] as JudgementInputs);
    if (state === "withdrawn") expect(signal).toBeNull();
    else expect(JSON.stringify(signal)).toBe(JSON.stringify(said));
  }
  expect(new Set(signals.map((row) => row["state"]))).toEqual(new Set(["active", "withdrawn"]));
});

test("what stands around a candle had closed by its close", async () => {
  const { rows } = await reference();
  const bars = parsed(rows["bars"]);
  const keyOf = (of: { instrument: unknown; timeframe: unknown }, openTime: number): string =>
    `${of.instrument} ${of.timeframe} ${openTime}`;
  const closes = new Map(
    bars.map((bar) => [
      keyOf(bar as { instrument: unknown; timeframe: unknown }, Date.parse(String(bar["open_time"]))),
      Date.parse(String(bar["close_time"])),
    ]),
  );
  const early: string[] = [];
  let seen = 0;
  for (const { instrument, surroundings, close_time: close } of bars) {
    const { live, higher } = (surroundings ?? { live: [], higher: null }) as JudgementInputs["surroundings"];
    for (const { timeframe, openTime } of [...live, ...(higher === null ? [] : [higher])]) {
      seen += 1;
      const key = keyOf({ instrument, timeframe }, openTime);
      if (!((closes.get(key) ?? Number.POSITIVE_INFINITY) <= Date.parse(String(close)))) early.push(`${key} at ${close}`);
    }
  }
  expect(early).toEqual([]);
  expect(seen).toBeGreaterThan(2_000);
});

test("patterns that hold are those that the scanner finds in the last revisions of the candles, where its window fits", async () => {
  const { messages } = await reference();
  const held = new Map<string, Map<string, number>>();
  for (const said of byKey(messages["PATTERNS"]).values()) {
    const { instrument, timeframe, openTime, kind, value, state } = said.at(-1) as Message;
    const key = `${instrument} ${timeframe} ${openTime}`;
    const found = held.get(key) ?? new Map<string, number>();
    held.set(key, found);
    if (state !== "withdrawn") found.set(kind as string, value as number);
  }
  let judged = 0;
  const series = Map.groupBy(script.candlesAfter(script.messages.length), ({ instrument, timeframe }) => `${instrument} ${timeframe}`);
  for (const [key, candles] of series) {
    const ordered = candles.toSorted((a, b) => a.openTime - b.openTime);
    for (const [at, candle] of ordered.entries()) {
      const window = ordered.slice(Math.max(0, at - 20), at + 1);
      const scanner = createCandlestickScanner();
      const matches = window.map((one) => scanner.update(one)).at(-1) ?? [];
      const found = held.get(`${key} ${candle.openTime}`) ?? new Map<string, number>();
      // the last candle's step may wait for a timeframe that never comes
      if (found.size === 0 && at === ordered.length - 1) continue;
      expect([key, candle.openTime, Object.fromEntries(found)]).toEqual([
        key,
        candle.openTime,
        Object.fromEntries((candle as EnrichedCandle).close === null ? [] : matches.map(({ name, value }) => [name, value])),
      ]);
      judged += matches.length;
    }
  }
  expect(judged).toBeGreaterThan(1_000);
});

test.each(MICRO_BATCHES)("micro-batches of %i messages leave the same rows and messages", async (maxMessages) => {
  const { messages, ...expected } = await reference();
  await publish(around.bus, script.messages);
  start({ maxMessages });
  expect(await outcome()).toEqual(expected);
});

// the chain's crash tests have the same in the short form
test.runIf(isLong)("a process that dies between publish and commit, again and again, leaves the same rows and messages", async () => {
  const { messages, ...expected } = await reference();
  await publish(around.bus, script.messages);
  let calls = 0;
  start({ maxMessages: 100 }, (handler) => {
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

test("processes that end and begin again at any place go on from their rows", async () => {
  const { messages, ...expected } = await reference();
  const parts = 12;
  for (let i = 0; i < parts; i++) {
    const share = Math.ceil(script.messages.length / parts);
    await publish(around.bus, script.messages.slice(i * share, (i + 1) * share));
    const replica = start();
    await caughtUp(around);
    await replica.stop();
  }
  expect(await outcome()).toEqual(expected);
});

test("two replicas that share the lanes, and hand them over, leave the same rows and messages", async () => {
  const { messages, ...expected } = await reference();
  const half = Math.ceil(script.messages.length / 2);
  const first = start({ maxMessages: 50 });
  start({ maxMessages: 50 });
  await publish(around.bus, script.messages.slice(0, half));
  await caughtUp(around);
  await publish(around.bus, script.messages.slice(half));
  await first.stop();
  expect(await outcome()).toEqual(expected);
});
