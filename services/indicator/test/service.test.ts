import { INDICATOR_NAMES } from "@tickfleet/contracts/enriched-messages";
import type { Candle } from "@tickfleet/market/candle";
import { isLong, MICRO_BATCHES } from "@tickfleet/testkit/long-form";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WINDOWED_NAMES } from "../src/indicator-set.ts";
import { candleScript } from "./candle-script.ts";
import {
  caughtUp,
  enrichedRows,
  openSurroundings,
  outputsByPartition,
  publish,
  type Replica,
  type Surroundings,
  startReplica,
} from "./harness.ts";
import { plainIndicators } from "./plain-indicators.ts";

const script = candleScript(11, 420);

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
  return { rows: await enrichedRows(around), outputs: await outputsByPartition(around.bus) };
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

type Row = Record<string, number | string | null> & { instrument: string; timeframe: string; open_time: string; revision: number };

const snakeCase = (wire: string): string => wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const seriesOf = ({ instrument, timeframe }: { instrument: string; timeframe: string }): string => `${instrument} ${timeframe}`;

/** Differences of rows from the plain computation, in words. */
function wrongValues(rows: readonly Row[], candles: readonly Candle[]): string[] {
  const series = Map.groupBy(candles, seriesOf);
  const expected = new Map([...series].map(([key, own]) => [key, plainIndicators(own)]));
  return rows.flatMap((row) => {
    const values = expected.get(seriesOf(row))?.get(Date.parse(row.open_time));
    return INDICATOR_NAMES.flatMap((name) => {
      const found = row[snakeCase(name)] as number | null;
      const wanted = values?.[name] ?? null;
      const isEqual =
        found === null || wanted === null ? found === wanted : Math.abs(found - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
      return isEqual ? [] : [`${seriesOf(row)} ${row.open_time} ${name}: ${found}, expected ${wanted}`];
    });
  });
}

test("every row holds what the definitions give for the last revisions of its candles", async () => {
  const { rows } = await reference();
  const candles = script.candlesAfter(script.messages.length);
  const parsed = rows.map((line) => JSON.parse(line) as Row);
  expect(parsed).toHaveLength(candles.length);
  expect(wrongValues(parsed, candles).slice(0, 10)).toEqual([]);
  expect(parsed.filter((row) => row["sma200"] !== null).length).toBeGreaterThan(300);
  expect(
    parsed
      .filter((row) => row["completeness"] === "no-trades")
      .every((row) => INDICATOR_NAMES.every((name) => row[snakeCase(name)] === null)),
  ).toBe(true);
  expect(parsed.some((row) => String(row["undefined_names"]).includes("stochK"))).toBe(true);
});

test("messages of a key count up from 0, one at most per input, and the last one says what the row says where windows are meant", async () => {
  const { rows, outputs } = await reference();
  const last = new Map<string, Record<string, unknown>>();
  for (const line of Object.values(outputs).flat()) {
    const [subject = "", id = ""] = line.split(" ", 2);
    if (!subject.includes(".enriched.")) continue;
    const message = JSON.parse(line.slice(subject.length + id.length + 2)) as Record<string, unknown> & {
      openTime: number;
      revision: number;
    };
    const key = `${subject} ${message.openTime}`;
    expect(message.revision, id).toBe(((last.get(key)?.["revision"] as number | undefined) ?? -1) + 1);
    last.set(key, message);
  }
  expect(last.size).toBe(rows.length);
  expect(
    [...last.values()].filter((message) => (message["revision"] as number) > (message["candleRevision"] as number)).length,
  ).toBeGreaterThan(50);
  const byKey = new Map(
    [...last.values()].map((message) => [`${message["instrument"]} ${message["timeframe"]} ${message["openTime"]}`, message]),
  );
  for (const row of rows.map((line) => JSON.parse(line) as Row)) {
    const message = byKey.get(`${seriesOf(row)} ${Date.parse(row.open_time)}`) as Record<string, unknown>;
    const indicators = message["indicators"] as Record<string, number | null>;
    expect([message["revision"], message["candleRevision"], message["close"], message["cvd"]]).toEqual([
      row.revision,
      row["candle_revision"],
      row["close"],
      row["cvd"],
    ]);
    for (const name of WINDOWED_NAMES) expect(indicators[name], `${seriesOf(row)} ${row.open_time} ${name}`).toBe(row[snakeCase(name)]);
  }
  const notices = Object.values(outputs)
    .flat()
    .filter((line) => line.includes(".enriched-recomputed."));
  expect(notices.filter((line) => line.includes('"candle-revised"')).length).toBeGreaterThan(3);
  expect(notices.filter((line) => line.includes('"gap-fill"')).length).toBeGreaterThan(3);
});

test.each(MICRO_BATCHES)("micro-batches of %i messages leave the same rows and messages", async (maxMessages) => {
  const expected = await reference();
  await publish(around.bus, script.messages);
  start({ maxMessages });
  expect(await outcome()).toEqual(expected);
});

// the chain's crash tests have the same in the short form
test.runIf(isLong)("a process that dies between publish and commit, again and again, leaves the same rows and messages", async () => {
  const expected = await reference();
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
  const expected = await reference();
  for (let i = 0; i < 8; i++) {
    const share = Math.ceil(script.messages.length / 8);
    await publish(around.bus, script.messages.slice(i * share, (i + 1) * share));
    const replica = start();
    await caughtUp(around);
    await replica.stop();
  }
  expect(await outcome()).toEqual(expected);
});
