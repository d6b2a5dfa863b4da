import { futures, sentiment } from "@tickfleet/contracts/context-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { expect, test } from "vitest";
import { assetOf, ContextItems } from "./context-items.ts";
import type { InputMessage } from "./ordered-reader.ts";

const MINUTE = 60_000;
const T = Date.UTC(2026, 0, 5, 12);

function message(subject: string, payload: object, storedMs: number): InputMessage {
  return { seq: 1, subject, id: "", data: new TextEncoder().encode(JSON.stringify(payload)), storedMs, header: () => "" };
}

function sentimentAt(validFrom: number, value: number, more: { provider?: string; storedMs?: number; ttlMs?: number } = {}): InputMessage {
  const { provider = "fleet", storedMs = validFrom - MINUTE, ttlMs = 10 * MINUTE } = more;
  const item = { provider, asset: "BTC", time: storedMs, validFrom, ttlMs, value, confidence: 0.5, documents: 1, sources: [], algo: "a" };
  return message(subjectOf(sentiment, { provider, asset: "BTC" }), item, storedMs);
}

function futuresAt(validFrom: number, venue: string, instrument: string): InputMessage {
  const numbers = [
    "openInterest",
    "openInterestNotional",
    "fundingRate",
    "fundingIntervalHours",
    "fundingApr",
    "nextFundingTime",
    "markPrice",
  ];
  const nulls = Object.fromEntries([...numbers, "indexPrice", "basisBps"].map((name) => [name, null]));
  const item = { venue, instrument, asset: "BTC", time: validFrom, validFrom, ttlMs: 5 * MINUTE, ...nulls, algo: "a" };
  return message(subjectOf(futures, { venue, instrument }), item, validFrom - MINUTE);
}

const valueAt = (items: ContextItems, timeMs: number, venue = "binance"): number | null =>
  items.at(venue, "BTC-USDT", timeMs).sentiment?.value ?? null;

test("the newest item that counts by then is in force, in whatever order items came, until its time to live is over", () => {
  const items = new ContextItems();
  for (const at of [2, 0, 1]) items.add(sentimentAt(T + at * MINUTE, at / 10));
  expect([-1, 0, 1, 2, 11, 12].map((at) => valueAt(items, T + at * MINUTE))).toEqual([null, 0, 0.1, 0.2, 0.2, null]);
});

test("one past its time to live hides older ones that would live longer", () => {
  const items = new ContextItems();
  items.add(sentimentAt(T, 0.1, { ttlMs: 60 * MINUTE }));
  items.add(sentimentAt(T + MINUTE, 0.2, { ttlMs: MINUTE }));
  expect([1, 2].map((at) => valueAt(items, T + at * MINUTE))).toEqual([0.2, null]);
});

test("an item stored later than 30 s before it counts is ignored for ever", () => {
  const items = new ContextItems();
  items.add(sentimentAt(T, 0.1, { storedMs: T - 30_000 }));
  items.add(sentimentAt(T + MINUTE, 0.2, { storedMs: T + MINUTE - 29_999 }));
  expect(valueAt(items, T + 2 * MINUTE)).toBe(0.1);
});

test("of one source and minute the last that came counts, of several sources the first by name", () => {
  const items = new ContextItems();
  items.add(sentimentAt(T, 0.3, { provider: "b" }));
  items.add(sentimentAt(T, 0.1, { provider: "a" }));
  items.add(sentimentAt(T, 0.4, { provider: "c" }));
  items.add(sentimentAt(T, 0.2, { provider: "a" }));
  expect(valueAt(items, T)).toBe(0.2);
});

test("invented items count for the demo's candles, and for no others", () => {
  const items = new ContextItems();
  items.add(sentimentAt(T, 0.1, { provider: "demo" }));
  items.add(futuresAt(T, "demo", "BTC-USDT-PERP"));
  expect(items.at("binance", "BTC-USDT", T)).toEqual({ sentiment: null, futures: null });
  expect(items.at("demo", "BTC-USDT", T)).toMatchObject({ sentiment: { value: 0.1 }, futures: { venue: "demo" } });
  items.add(sentimentAt(T, 0.2));
  items.add(futuresAt(T, "binance-usdm", "BTC-USDT-PERP"));
  expect(items.at("demo", "BTC-USDT", T)).toMatchObject({ sentiment: { value: 0.1 }, futures: { venue: "demo" } });
  expect(items.at("binance", "BTC-USDT", T)).toMatchObject({ sentiment: { value: 0.2 }, futures: { venue: "binance-usdm" } });
});

test("an item is of an asset: the instrument's name before its first dash", () => {
  expect(["BTC-USDT", "BTC-USDT-PERP", "SPY"].map(assetOf)).toEqual(["BTC", "BTC", "SPY"]);
  const items = new ContextItems();
  items.add(sentimentAt(T, 0.1));
  expect(items.at("binance", "ETH-USDT", T).sentiment).toBeNull();
});

test("what cannot be read is passed over", () => {
  const items = new ContextItems();
  const { subject, storedMs } = sentimentAt(T, 0.1);
  items.add({ seq: 1, subject, id: "", data: new TextEncoder().encode("{"), storedMs: storedMs ?? 0, header: () => "" });
  items.add(message(subject, { provider: "fleet" }, T - MINUTE));
  expect(valueAt(items, T)).toBeNull();
});

test("items of more than a week before the newest are dropped, in thousands", () => {
  const items = new ContextItems();
  const step = 12 * MINUTE;
  for (let i = 0; i < 1_000; i++) items.add(sentimentAt(T + i * step, 0.1));
  const newest = T + 999 * step;
  expect(valueAt(items, newest)).toBe(0.1);
  expect(valueAt(items, newest - 6 * 1_440 * MINUTE)).toBe(0.1);
  expect(valueAt(items, newest - 8 * 1_440 * MINUTE)).toBeNull();
});
