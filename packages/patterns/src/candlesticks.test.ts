import { describe, expect, test } from "vitest";
import { columnsOf, createCorpus, scan } from "../test/candle-corpus.ts";
import { EXAMPLES, QUIET_CANDLES, type Quad } from "../test/candlestick-examples.ts";
import { createCandleShapes, setCandle } from "./candle-shapes.ts";
import { type Candlestick, directionOf } from "./candlestick.ts";
import { createCandlestickScanner } from "./candlestick-scanner.ts";
import * as candlestickModule from "./candlesticks.ts";

const { candlesticks, findCandlestick, CDLENGULFING, CDLMORNINGSTAR } = candlestickModule;
const functions = { ...candlestickModule } as unknown as Record<string, typeof CDLMORNINGSTAR>;
const valuesOf = (name: string, candles: readonly Quad[]): number[] => [...(functions[name] as typeof CDLENGULFING)(...columnsOf(candles))];
const VALUES: Record<Candlestick["output"], readonly number[]> = {
  bullish: [100],
  bearish: [-100],
  signed: [-100, 100],
  present: [100],
  graded: [-100, -80, 80, 100],
  confirmed: [-200, -100, 100, 200],
};

/** TA-Lib begins these a candle or more after their rules could; a pattern of ours begins with its rule. */
const STARTED_LATE = [
  "CDL3BLACKCROWS",
  "CDL3OUTSIDE",
  "CDLENGULFING",
  "CDLGAPSIDESIDEWHITE",
  "CDLHAMMER",
  "CDLHANGINGMAN",
  "CDLHIKKAKE",
  "CDLHIKKAKEMOD",
  "CDLINVERTEDHAMMER",
  "CDLLADDERBOTTOM",
  "CDLSEPARATINGLINES",
  "CDLSHOOTINGSTAR",
  "CDLTASUKIGAP",
];

describe("the table", () => {
  test("has 61 patterns, each a function of the same name, in the order of names", () => {
    const names = candlesticks.map(({ name }) => name);
    expect(names).toHaveLength(61);
    expect(names).toEqual([...new Set(names)].sort());
    expect(Object.keys(functions).filter((name) => name.startsWith("CDL"))).toEqual(names);
  });

  test("finds a pattern by its name", () => {
    expect(findCandlestick("CDLMATHOLD")).toMatchObject({ candles: 5, output: "bullish", trend: "up", lookback: 14, penetration: 0.5 });
    expect(findCandlestick("CDLNONE")).toBeNull();
  });

  test("tells the values and the direction of each pattern", () => {
    const columns = scan(createCorpus(1, 4_000));
    for (const pattern of candlesticks) {
      const found = [...new Set(columns.get(pattern.name))].filter((value) => value !== 0).sort((a, b) => a - b);
      expect(found, pattern.name).toEqual(VALUES[pattern.output]);
      for (const value of found) expect(directionOf(pattern, value)).toBe(pattern.output === "present" ? 0 : Math.sign(value));
    }
  });
});

describe("examples written by hand", () => {
  test.each(EXAMPLES)("$name gives $value", ({ name, value, candles }) => {
    expect(valuesOf(name, [...QUIET_CANDLES, ...candles]).at(-1)).toBe(value);
  });

  test("show every pattern", () => {
    const shown = new Set(EXAMPLES.filter(({ value }) => value !== 0).map(({ name }) => name));
    expect(candlesticks.filter(({ name }) => !shown.has(name))).toEqual([]);
  });

  test("have their value at the lookback already, and none before it but where TA-Lib begins late", () => {
    const early = new Set<string>();
    for (const { name, value, candles } of EXAMPLES) {
      const { lookback, rule, penetration } = findCandlestick(name) as Candlestick;
      const valueAt = (place: number): number => {
        const shapes = createCandleShapes(place + 1);
        const quiet = QUIET_CANDLES.slice(QUIET_CANDLES.length + candles.length - place - 1);
        for (const [i, candle] of [...quiet, ...candles].entries()) setCandle(shapes, i, ...candle);
        return rule(shapes, place, penetration ?? 0);
      };
      if (lookback >= candles.length - 1) expect(valueAt(lookback), name).toBe(value);
      if (lookback >= candles.length && valueAt(lookback - 1) !== 0) early.add(name);
    }
    expect([...early]).toEqual(STARTED_LATE);
  });

  test("a close that reaches too little of the first body is no morning star", () => {
    const candles: Quad[] = [...QUIET_CANDLES, [106, 106.2, 99.8, 100], [98, 98.5, 96.5, 97.5], [98.5, 102, 98, 101.7]];
    expect(CDLMORNINGSTAR(...columnsOf(candles)).at(-1)).toBe(0);
    expect(CDLMORNINGSTAR(...columnsOf(candles), 0.1).at(-1)).toBe(100);
  });

  test("columns that differ in length are refused", () => {
    expect(() => CDLENGULFING([1], [1], [1], [1, 2])).toThrow("columns of one length expected, found 1, 1, 1, 2");
  });
});

describe("a scanner", () => {
  const candles = createCorpus(2, 120);
  const columns = new Map(candlesticks.map(({ name }) => [name as string, valuesOf(name, candles)]));
  const asCandle = ([open, high, low, close]: Quad) => ({ open, high, low, close });
  const expected = candles.map((_, i) =>
    candlesticks.map(({ name }) => ({ name, value: (columns.get(name) as number[])[i] as number })).filter(({ value }) => value !== 0),
  );

  test("tells the same as the functions over columns", () => {
    const scanner = createCandlestickScanner();
    expect(candles.map((candle) => scanner.update(asCandle(candle)))).toEqual(expected);
  });

  test("judges nothing before its lookback and everything from its warm-up on", () => {
    const scanner = createCandlestickScanner();
    expect(scanner.warmup).toBe(15);
    for (let count = 1; count <= 20; count++) {
      const least = new Set(scanner.update({ open: 1, high: 1, low: 1, close: 1 }).map(({ name }) => name));
      for (const { name, lookback } of candlesticks) if (count <= lookback) expect(least.has(name)).toBe(false);
      expect(least.has("CDLDOJI")).toBe(count > 10);
    }
  });

  test("peeks without changing anything", () => {
    const scanner = createCandlestickScanner();
    for (const [i, candle] of candles.entries()) {
      scanner.peek({ open: 900, high: 1_200, low: 800, close: 1_100 });
      expect(scanner.peek(asCandle(candle))).toEqual(expected[i]);
      expect(scanner.update(asCandle(candle))).toEqual(expected[i]);
    }
  });

  test("goes on from a snapshot as if it had never stopped, wherever it is cut", () => {
    const scanner = createCandlestickScanner();
    for (const [i, candle] of candles.entries()) {
      const snapshot = JSON.parse(JSON.stringify(scanner.snapshot()));
      const restored = createCandlestickScanner();
      restored.update({ open: 5, high: 9, low: 1, close: 7 });
      restored.restore(snapshot);
      expect(restored.snapshot()).toEqual(snapshot);
      expect(restored.update(asCandle(candle))).toEqual(expected[i]);
      scanner.update(asCandle(candle));
    }
  });

  test("skips candles without trades and forgets all on a reset", () => {
    const scanner = createCandlestickScanner();
    for (const [i, candle] of candles.entries()) {
      const before = scanner.snapshot();
      expect(scanner.update({ open: null, high: null, low: null, close: null })).toEqual([]);
      expect(scanner.snapshot()).toEqual(before);
      expect(scanner.update(asCandle(candle))).toEqual(expected[i]);
    }
    scanner.reset();
    expect(scanner.snapshot()).toEqual(createCandlestickScanner().snapshot());
    expect(candles.map((candle) => scanner.update(asCandle(candle)))).toEqual(expected);
  });
});
