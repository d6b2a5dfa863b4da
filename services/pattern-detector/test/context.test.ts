import { futures, sentiment } from "@tickfleet/contracts/context-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { calendarOf } from "@tickfleet/market/calendar";
import { closingAt, intervalAt } from "@tickfleet/market/interval";
import type { OutgoingMessage } from "@tickfleet/runtime/bus";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEnriched, type EnrichedCandle, MINUTE, messageOf } from "./enriched-script.ts";
import { caughtUp, openSurroundings, publish, type Replica, type Surroundings, startReplica, storedRows } from "./harness.ts";

const CRYPTO = calendarOf("crypto");
const MINUTES = 90;

let around: Surroundings;
let replica: Replica | null = null;

beforeEach(async () => {
  around = await openSurroundings();
});

afterEach(async () => {
  await replica?.stop().catch(() => undefined);
  replica = null;
  await around[Symbol.asyncDispose]();
});

/** First whole minute at least a minute after a time. */
const validFromOf = (timeMs: number): number => Math.ceil((timeMs + MINUTE) / MINUTE) * MINUTE;

/** Candles of a stretch that begins in the future: white ones with volume, each a signal at least where sentiment helps. */
function candlesFrom(startMs: number, venue: string): EnrichedCandle[] {
  const candles: EnrichedCandle[] = [];
  for (let minute = 1; minute <= MINUTES; minute++) {
    const closeTime = startMs + minute * MINUTE;
    for (const timeframe of closingAt(CRYPTO, "all", closeTime)) {
      const { open: openTime } = intervalAt(CRYPTO, "all", timeframe, closeTime - 1) as { open: number };
      const prices = minute % 5 === 0 ? ([100, 110, 100, 110] as const) : ([100, 102, 98, 100 + (minute % 2)] as const);
      const fields = { venue, instrument: "AAA-USD", timeframe, openTime, closeTime, prices };
      candles.push(createEnriched({ ...fields, volumeBase: 4, vd: 1, trendAngle: 10, trendStrength: 0.4 }));
    }
  }
  return candles;
}

/** An item of sentiment and one of futures data for each of some minutes, computed at those times. */
function itemsFrom(fromMs: number, source: string): OutgoingMessage[] {
  const nulls = [
    "openInterest",
    "openInterestNotional",
    "fundingRate",
    "fundingIntervalHours",
    "nextFundingTime",
    "markPrice",
    "indexPrice",
  ];
  return Array.from({ length: 60 }, (_, i) => {
    const time = fromMs + i * MINUTE;
    const common = { asset: "AAA", time, validFrom: validFromOf(time), algo: "test@1.0.0" };
    const mood = { provider: source, ...common, ttlMs: 3 * MINUTE, value: ((i % 9) - 4) / 4, confidence: 0.5, documents: 3, sources: [] };
    const none = Object.fromEntries([...nulls, "basisBps"].map((name) => [name, null]));
    const rates = { venue: source, instrument: "AAA-USD-PERP", ...common, ttlMs: 2 * MINUTE, ...none, fundingApr: i };
    const encode = (payload: object): Uint8Array => new TextEncoder().encode(JSON.stringify(payload));
    return [
      { subject: subjectOf(sentiment, { provider: source, asset: "AAA" }), headers: {}, data: encode(mood) },
      { subject: subjectOf(futures, { venue: source, instrument: "AAA-USD-PERP" }), headers: {}, data: encode(rates) },
    ];
  }).flat();
}

/** Stores items as their publishers do, one by one. */
async function storeItems(items: readonly OutgoingMessage[]): Promise<void> {
  for (const item of items) await around.bus.publishBatch([item]);
}

/** Signals and surroundings of a run, times counted from its start. */
async function outcomeOf(
  startMs: number,
  candles: readonly EnrichedCandle[],
  during: () => Promise<void> = async () => {},
): Promise<string[]> {
  replica = startReplica(around);
  const third = Math.ceil(candles.length / 3);
  const messages = candles.map((candle, i) => messageOf(candle, `candle-${startMs}-${i}`));
  await publish(around.bus, messages.slice(0, third));
  await caughtUp(around);
  await during();
  await publish(around.bus, messages.slice(third));
  await caughtUp(around);
  await replica.stop();
  const { bars = [], signals = [] } = await storedRows(around);
  const relative = (line: string): string =>
    line
      .replace(/"(\w*[tT]ime|validFrom|validUntil)":(\d{13})/g, (_, name: string, ms: string) => `"${name}":${Number(ms) - startMs}`)
      .replace(/"(open|close)_time":"([^"]+)"/g, (_, name: string, iso: string) => `"${name}":${Date.parse(iso) - startMs}`)
      .replace(/AAA-USD:(\w+):UTC:all:(\d+)/g, (_, timeframe: string, ms: string) => `${timeframe} ${Number(ms) - startMs}`);
  expect(signals.length).toBeGreaterThan(5);
  expect(bars.filter((line) => line.includes('"sentiment":{')).length).toBeGreaterThan(20);
  return [...bars, ...signals].map(relative);
}

/** A start that leaves the items time to be stored, on a whole hour so that the same timeframes close. */
const futureStart = (): number => Math.ceil((Date.now() + 3 * MINUTE) / (60 * MINUTE)) * 60 * MINUTE + 24 * 60 * MINUTE;

test("items that are stored late but in time, or by a publisher that died and began again, make no difference", async () => {
  const startMs = futureStart();
  const candles = candlesFrom(startMs, "binance");
  const items = itemsFrom(startMs - 2 * MINUTE, "fleet");
  await storeItems(items);
  const expected = await outcomeOf(startMs, candles);
  await around[Symbol.asyncDispose]();

  // stored in two parts, the second while candles are judged, and some twice, as after a death before the answer
  around = await openSurroundings();
  await storeItems(items.slice(0, 70));
  const again = await outcomeOf(startMs, candles, () => storeItems(items.slice(50)));
  expect(again).toEqual(expected);
});

test.each([0, 5, 25])("an item of now that is stored %i s after it was computed counts from its minute on", async (delaySeconds) => {
  const time = Date.now() - delaySeconds * 1000;
  const validFrom = validFromOf(time);
  const [mood] = itemsFrom(time, "fleet") as [OutgoingMessage];
  await storeItems([mood]);
  const stored = await around.bus.getMessage("CONTEXT", 1);
  expect(stored).not.toBeNull();
  const startMs = validFrom - 2 * MINUTE;
  replica = startReplica(around);
  const minutes = [1, 2, 3, 4, 5].map((minute) => {
    const closeTime = startMs + minute * MINUTE;
    const fields = { venue: "binance", instrument: "AAA-USD", timeframe: "1m", openTime: closeTime - MINUTE, closeTime } as const;
    return messageOf(createEnriched({ ...fields, prices: [100, 101, 99, 100] }), `now-${minute}`);
  });
  await publish(around.bus, minutes);
  // a candle far later runs the step before it
  const later = startMs + 500 * MINUTE;
  const fields = { venue: "binance", instrument: "AAA-USD", timeframe: "1m", openTime: later, closeTime: later + MINUTE } as const;
  await publish(around.bus, [messageOf(createEnriched({ ...fields, prices: [100, 101, 99, 100] }), "now-500")]);
  await caughtUp(around);
  await replica.stop();
  const { rows } = await around.pool.query<{ at: number; value: number | null }>(
    `select (extract(epoch from close_time) * 1000)::int8 - $1 as at, (surroundings -> 'sentiment' ->> 'value')::float8 as value
     from pattern_detector.bars where close_time < to_timestamp($2::float8 / 1000) order by close_time`,
    [startMs, later],
  );
  expect(rows.map(({ at, value }) => [at / MINUTE, value])).toEqual(
    [1, 2, 3, 4, 5].map((minute) => [minute, minute < 2 || minute > 4 ? null : -1]),
  );
});

test("an item stored later than 30 s before it counts is never used, and those of the demo only for the demo", async () => {
  const startMs = futureStart();
  const late = { provider: "fleet", asset: "AAA", time: startMs, validFrom: Date.now() + 29_000, ttlMs: 1e9, value: 1 };
  const more = { confidence: 0.5, documents: 3, sources: [], algo: "test@1.0.0" };
  const data = new TextEncoder().encode(JSON.stringify({ ...late, ...more }));
  await storeItems([{ subject: subjectOf(sentiment, { provider: "fleet", asset: "AAA" }), headers: {}, data }]);
  await storeItems(itemsFrom(startMs - 2 * MINUTE, "demo"));
  replica = startReplica(around);
  const candles = [...candlesFrom(startMs, "binance"), ...candlesFrom(startMs, "demo")];
  await publish(
    around.bus,
    candles.map((candle, i) => messageOf(candle, `candle-${i}`)),
  );
  await caughtUp(around);
  await replica.stop();
  const { rows } = await around.pool.query<{ venue: string; count: number }>(
    `select venue, count(*) as count from pattern_detector.bars
     where json_typeof(surroundings -> 'sentiment') = 'object' or json_typeof(surroundings -> 'futures') = 'object' group by venue`,
  );
  expect(rows.map(({ venue }) => venue)).toEqual(["demo"]);
  expect(rows[0]?.count).toBeGreaterThan(60);
});

test("a stop while a candle waits for CONTEXT gives the lanes back", async () => {
  const answered = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  const streamPosition = async (stream: string) => {
    if (stream === "CONTEXT") await answered.promise;
    return around.bus.streamPosition(stream);
  };
  const stopped = startReplica({ ...around, bus: { ...around.bus, streamPosition } }, {}, (handler) => {
    const load = handler.load.bind(handler);
    handler.load = (...inputs) => {
      waiting.resolve();
      return load(...inputs);
    };
  });
  const [candle] = candlesFrom(futureStart(), "binance") as [EnrichedCandle];
  await publish(around.bus, [messageOf(candle, "candle-0")]);
  await waiting.promise;
  const stopping = stopped.stop();
  const held = "select lane from pattern_detector.lanes where expires > now()";
  try {
    // sooner than a lease ends that nobody renews
    await expect.poll(async () => (await around.pool.query(held)).rows, { timeout: 2_000 }).toEqual([]);
  } finally {
    answered.resolve();
    await stopping;
  }
});
