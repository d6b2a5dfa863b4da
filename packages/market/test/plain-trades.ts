import fc from "fast-check";
import { expect } from "vitest";
import type { Candle } from "../src/candle.ts";
import type { NaiveCandle, PlainSession, PlainTrade } from "./naive-candles.ts";

const DAY = 86_400_000;

const SAMPLED = [
  "vdRatio",
  "bookImbalance",
  "liquidityRatio",
  "vwap",
  "avgTradeSize",
  "spreadBps",
  "priceChangeBps",
  "vwapDistanceBps",
  "evr",
  "vdStrength",
];

/** Values of 12 significant digits; all others are compared to the last bit. */
const DERIVED = new Set([
  ...SAMPLED.flatMap((name) => [name, `${name}Open`, `${name}High`, `${name}Low`]),
  "priceRangeBps",
  "buyPressure",
  "sellPressure",
  "vwapSession",
  "momentumScore",
  "absorptionIntensity",
  "volumeSpike",
  "cvdSlope",
]);

/** What differs between a candle and its naive twin, as `name: found, expected`. */
function differences(candle: Candle, naive: NaiveCandle): string[] {
  return Object.entries(naive).flatMap(([name, expected]) => {
    const found = candle[name as keyof Candle];
    const close =
      DERIVED.has(name) &&
      typeof found === "number" &&
      typeof expected === "number" &&
      Math.abs(found - expected) <= 6e-12 * Math.abs(expected) + 1e-30;
    return close || Object.is(found, expected) || found === expected ? [] : [`${name}: ${found}, expected ${expected}`];
  });
}

/** Expects the same candles, and nothing else, on both sides. */
export function expectNaive(candles: ReadonlyMap<string, Candle>, naive: ReadonlyMap<string, NaiveCandle>): void {
  const wrong: Record<string, string[]> = {};
  for (const [key, expected] of naive) {
    const candle = candles.get(key);
    const found = candle === undefined ? ["absent"] : differences(candle, expected);
    if (found.length > 0) wrong[key] = found;
  }
  for (const key of candles.keys()) if (!naive.has(key)) wrong[key] = ["not expected"];
  expect(wrong).toEqual({});
}

/** UTC days as sessions, in whole weeks from the Monday before `fromMs` on. */
export function cryptoSessions(fromMs: number, weeks = 3): PlainSession[] {
  const day = Math.floor(fromMs / DAY);
  const monday = day - ((day + 3) % 7);
  return Array.from({ length: weeks * 7 }, (_, i) => ({
    open: (monday + i) * DAY,
    close: (monday + i + 1) * DAY,
    week: Math.floor(i / 7),
  }));
}

const sizes = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 5_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 ** 46 }) },
);
const quotes = fc.option(
  fc.record({
    bid: fc.integer({ min: 0, max: 9_999 }),
    ask: fc.integer({ min: 9_900, max: 11_000 }),
    bidSize: fc.integer({ min: 0, max: 900 }),
    askSize: fc.integer({ min: 0, max: 900 }),
    ageUs: fc.constantFrom(0, 40_000, 5_000_000, 5_000_001),
    method: fc.constantFrom("venue" as const, "arrival" as const),
  }),
  { freq: 2 },
);

export interface TradeRange {
  fromMs: number;
  toMs: number;
  max: number;
  /** Some trades come at finer scales than others. */
  scales?: boolean;
}

/** Trades in order of their sequence; times are anyhow, and often equal. */
export function plainTrades({ fromMs, toMs, max, scales = true }: TradeRange): fc.Arbitrary<PlainTrade[]> {
  const times = fc.oneof(
    fc.integer({ min: fromMs * 1000, max: toMs * 1000 - 1 }),
    fc.integer({ min: fromMs / 60_000, max: toMs / 60_000 - 1 }).map((minute) => minute * 60_000_000),
    fc.integer({ min: fromMs / 60_000, max: toMs / 60_000 - 1 }).map((minute) => minute * 60_000_000 + 59_999_999),
  );
  const trade = fc.record({
    timeUs: times,
    epoch: fc.constantFrom("", "", "b"),
    id: fc.constantFrom(undefined, undefined, null, "x-7"),
    price: fc.integer({ min: 9_000, max: 11_000 }),
    priceScale: scales ? fc.constantFrom(2, 2, 2, 2, 4) : fc.constant(2),
    size: sizes,
    sizeScale: scales ? fc.constantFrom(3, 3, 3, 3, 5) : fc.constant(3),
    side: fc.constantFrom(1 as const, -1 as const, 0 as const),
    quote: quotes,
  });
  return fc
    .array(trade, { maxLength: max, size: "max" })
    .map((trades) => trades.map((each, i) => ({ ...each, seq: 10 + i + (i > 20 ? 5 : 0) })));
}

/** The same trades in any order. */
export function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
}
