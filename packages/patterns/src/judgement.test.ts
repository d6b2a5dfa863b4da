import { expect, test } from "vitest";
import { EXAMPLES, QUIET_CANDLES, type Quad } from "../test/candlestick-examples.ts";
import { judge } from "./judgement.ts";
import type { JudgementBar, JudgementInputs, LivePattern, Surroundings } from "./judgement-inputs.ts";
import { liveConfidenceOf } from "./pattern-judgement.ts";

const START = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const KEY = { venue: "test", instrument: "AAA-USD", timeframe: "1m", anchor: "UTC", session: "all", calendar: "crypto" } as const;
const NOTHING: Surroundings = { higher: null, live: [], sentiment: null, futures: null, earlier: { bullish: null, bearish: null } };
const HIGHER = { timeframe: "3m", openTime: START, enrichedRevision: 0, trendAngle: 20, trendStrength: 0.9 } as const;
/** A fall, and a candle that swallows its last one. */
const FALL: Quad[] = Array.from({ length: 20 }, (_, i) => [1_000 - 10 * i, 1_001 - 10 * i, 988 - 10 * i, 990 - 10 * i]);
const ENGULFING: Quad[] = [...FALL, [798, 830, 797, 826]];

function barOf([open, high, low, close]: Quad, i: number): JudgementBar {
  const openTime = START + i * MINUTE;
  const fixed = {
    completeness: "full",
    enrichedRevision: 0,
    volumeSma20: 2,
    vd: 1,
    atr14: 13,
    trendAngle: -20,
    trendStrength: 0.5,
  } as const;
  return { openTime, closeTime: openTime + MINUTE, ...fixed, open, high, low, close, volumeBase: 5 };
}

function inputsOf(candles: readonly Quad[], surroundings: Partial<Surroundings> = {}): JudgementInputs {
  return { key: KEY, bars: candles.map(barOf), surroundings: { ...NOTHING, ...surroundings } };
}

function live(timeframe: "3m" | "15m" | "1h", direction: -1 | 1, weightedConfidence: number | null): LivePattern {
  return {
    timeframe,
    direction,
    weightedConfidence,
    openTime: START,
    kind: `CDL${timeframe}`,
  };
}

const kinds = (inputs: JudgementInputs): string[] => judge(inputs).patterns.map(({ kind }) => kind);
const AGREEING = (["3m", "15m", "1h"] as const).map((timeframe) => live(timeframe, 1, null));
const STRONG: Partial<Surroundings> = { higher: HIGHER, live: AGREEING };
const engulfingOf = (surroundings: Partial<Surroundings>) =>
  judge(inputsOf(ENGULFING, surroundings)).patterns.find(({ kind }) => kind === "CDLENGULFING");

test("patterns are those of the functions over columns, for every example", () => {
  for (const { name, value, candles } of EXAMPLES) {
    const found = judge(inputsOf([...QUIET_CANDLES.slice(-15), ...candles])).patterns.find(({ kind }) => kind === name);
    expect([name, found?.value ?? 0]).toEqual([name, value]);
  }
});

test("an engulfing candle after a fall, with volume and the higher trend, is a buy signal that says why", () => {
  const { signal } = judge(inputsOf(ENGULFING, STRONG));
  expect(signal).toMatchObject({
    id: `test:AAA-USD:1m:UTC:all:${START + 20 * MINUTE}`,
    direction: 1,
    price: 826,
    dataQuality: 1,
    validUntil: START + 31 * MINUTE,
    boostedConfidence: null,
  });
  expect(signal?.level).toBe("buy");
  expect(signal?.summary).toMatch(
    /^buy AAA-USD 1m at 826: bullish CDL\w+, with the trend on 3m, volume 2.5 times its mean, confirmed on 3 other timeframes$/,
  );
});

test("the trend that a pattern needs must have gone before it, else its trend factor is 0", () => {
  expect(engulfingOf({ higher: HIGHER })?.context).toBe(true);
  const flat = inputsOf(ENGULFING, { higher: HIGHER });
  const without = { ...flat, bars: flat.bars.map((bar) => ({ ...bar, trendAngle: 0 })) };
  const pattern = judge(without).patterns.find(({ kind }) => kind === "CDLENGULFING");
  expect(pattern?.context).toBe(false);
  expect(pattern?.weightedConfidence).toBeLessThan(engulfingOf({ higher: HIGHER })?.weightedConfidence ?? 0);
});

test("a strong opposing pattern of a higher timeframe overrides, the strongest is named, and nothing is left for a signal", () => {
  const opposing = [live("3m", -1, 0.7), live("15m", -1, 0.9), live("1h", -1, 0.9)];
  const judgement = judge(inputsOf(ENGULFING, { higher: HIGHER, live: opposing }));
  const pattern = judgement.patterns.find(({ kind }) => kind === "CDLENGULFING");
  expect(pattern?.overriddenBy).toEqual({ kind: "CDL1h", timeframe: "1h", openTime: START });
  expect(judgement.signal).toBeNull();
  expect(engulfingOf({ live: [live("1h", -1, 0.59), live("3m", -1, null)] })?.overriddenBy).toBeNull();
});

test("timeframes that agree confirm, each once", () => {
  const agreeing = [live("3m", 1, null), live("3m", 1, 0.9), live("1h", 1, 0.2), live("15m", -1, 0.2)];
  expect(engulfingOf({ live: agreeing })?.confirmingTimeframes).toBe(2);
});

test("a signal is not repeated within three candles unless its level rises", () => {
  const after = (level: "weak_buy" | "buy", candlesAgo: number) =>
    judge(inputsOf(ENGULFING, { ...STRONG, earlier: { bullish: { level, candlesAgo }, bearish: null } })).signal;
  expect(after("buy", 2)).toBeNull();
  expect(after("buy", 3)).not.toBeNull();
  expect(after("weak_buy", 1)).not.toBeNull();
});

test("too little known makes no signal: agreement of other timeframes alone is not enough", () => {
  const { key, bars, surroundings } = inputsOf(ENGULFING, { live: AGREEING });
  const young = { key, surroundings, bars: bars.map((bar) => ({ ...bar, volumeSma20: null, trendAngle: null })) };
  const pattern = judge(young).patterns.find(({ kind }) => kind === "CDLENGULFING");
  expect(pattern).toMatchObject({ coverage: 0.1, weightedConfidence: 0.8 });
  expect(pattern === undefined ? 0 : liveConfidenceOf(pattern)).toBeNull();
  expect(judge(young).signal).toBeNull();
  expect(judge(inputsOf(ENGULFING, { live: AGREEING })).signal).not.toBeNull();
});

test("candles that are not whole lower the quality and with it the level", () => {
  const whole = inputsOf(ENGULFING, STRONG);
  const poor = { ...whole, bars: whole.bars.map((bar, i) => (i < 4 ? bar : { ...bar, completeness: "partial" as const })) };
  expect(judge(poor).signal).toMatchObject({ level: "weak_buy", dataQuality: 0.15, reasons: ["incomplete", "low-quality"] });
  const down = { ...whole, bars: whole.bars.with(20, { ...(whole.bars[20] as JudgementBar), completeness: "venue-down" as const }) };
  expect(judge(down).signal).toBeNull();
});

test("a candle without trades has no pattern, and stands in no pattern's way", () => {
  const { key, bars, surroundings } = inputsOf(ENGULFING);
  const quiet = { open: null, high: null, low: null, close: null, volumeBase: 0, completeness: "no-trades" } as const;
  const last = bars.at(-1) as JudgementBar;
  const later = { ...last, ...quiet, openTime: last.closeTime, closeTime: last.closeTime + MINUTE };
  expect(kinds({ key, surroundings, bars: [...bars, later] })).toEqual([]);
  const between = { ...later, openTime: last.openTime, closeTime: last.closeTime };
  const moved = { ...last, openTime: last.closeTime, closeTime: last.closeTime + MINUTE };
  expect(kinds({ key, surroundings, bars: [...bars.slice(0, -1), between, moved] })).toContain("CDLENGULFING");
});

test("a hole that is longer than the window begins it anew, a shorter one does not", () => {
  const { key, bars, surroundings } = inputsOf(ENGULFING);
  const last = bars.at(-1) as JudgementBar;
  const after = (minutes: number): JudgementInputs => {
    const moved = { ...last, openTime: last.openTime + minutes * MINUTE, closeTime: last.closeTime + minutes * MINUTE };
    return { key, surroundings, bars: [...bars.slice(0, -1), moved] };
  };
  expect(kinds(after(15))).toContain("CDLENGULFING");
  expect(kinds(after(16))).toEqual([]);
});

test("closed sessions are no hole", () => {
  const friday = Date.UTC(2013, 9, 4, 23, 59);
  const monday = Date.UTC(2013, 9, 7, 8);
  const key = { ...KEY, anchor: "America/New_York", calendar: "us-equity" } as const;
  const bars = ENGULFING.map((quad, i) => {
    const openTime = i === 20 ? monday : friday - (19 - i) * MINUTE;
    return { ...barOf(quad, i), openTime, closeTime: openTime + MINUTE };
  });
  expect(judge({ key, bars, surroundings: NOTHING }).patterns.map(({ kind }) => kind)).toContain("CDLENGULFING");
});

test("no candles are a mistake of the caller", () => {
  expect(() => judge({ key: KEY, bars: [], surroundings: NOTHING })).toThrow(RangeError);
});
