import { expect, test } from "vitest";
import { scoreText } from "./score-text.ts";

const scoreOf = (text: string): number => scoreText(text).score ?? Number.NaN;

test("a text without a word of markets has no score: it is not neutral", () => {
  expect(scoreText("The weather is nice today")).toEqual({ score: null, confidence: 0 });
  expect(scoreText("")).toEqual({ score: null, confidence: 0 });
});

test("a text in a language that the lexicon does not know has no score", () => {
  expect(scoreText("rally rally rally", "de")).toEqual({ score: null, confidence: 0 });
  expect(scoreOf("rally")).toBe(scoreText("rally", "en").score);
});

test("score and confidence follow their formulas", () => {
  expect(scoreText("prices rally")).toEqual({ score: 2 / 4, confidence: 1 - Math.exp(-1 / 1.5) });
  const mixed = scoreText("rally, then crash");
  expect(mixed.score).toBeCloseTo((2 - 3) / (5 + 2), 15);
  expect(mixed.confidence).toBeCloseTo(((1 - Math.exp(-2 / 1.5)) * (1 + 1 / 5)) / 2, 15);
});

test.each([
  ["not a rally", "rally"],
  ["this isn't bullish", "bullish"],
  ["no real strong demand", "strong demand"],
])("%j leans against %j", (negated, plain) => {
  expect(Math.sign(scoreOf(negated))).toBe(-Math.sign(scoreOf(plain)));
  expect(Math.abs(scoreOf(negated))).toBeLessThan(Math.abs(scoreOf(plain)));
});

test("a negation reaches three words, and not over the end of a sentence", () => {
  expect(scoreOf("not one of two rallies")).toBeGreaterThan(0);
  expect(scoreOf("Do not worry. Rally")).toBeGreaterThan(scoreOf("do not worry, rally"));
  expect(scoreOf("I said no. Rally!")).toBeGreaterThan(0);
});

test("intensifiers strengthen and weaken the word behind them", () => {
  expect(scoreOf("very bullish")).toBeGreaterThan(scoreOf("bullish"));
  expect(scoreOf("slightly bullish")).toBeLessThan(scoreOf("bullish"));
  expect(scoreOf("extremely bearish")).toBeLessThan(scoreOf("bearish"));
});

test("phrases count as what they mean, addresses do not count", () => {
  expect(scoreOf("a new all-time high")).toBeGreaterThan(0);
  expect(scoreOf("all time low")).toBeLessThan(0);
  expect(scoreText("https://example.com/crash-crash")).toEqual({ score: null, confidence: 0 });
});

test("scores stay within -1..1 and confidences within 0..1, however long the text", () => {
  for (const word of ["bullish ", "crash ", "rally crash "]) {
    const { score, confidence } = scoreText(word.repeat(2_000));
    expect(Math.abs(score as number)).toBeLessThan(1);
    expect(confidence).toBeLessThanOrEqual(1);
  }
});
