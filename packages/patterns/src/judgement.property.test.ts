import fc from "fast-check";
import { expect, test } from "vitest";
import { createSequence } from "../test/candle-corpus.ts";
import { judgementInputs } from "../test/judgement-script.ts";
import { detectPatterns, judge } from "./judgement.ts";
import { JUDGEMENT_BARS, type JudgementInputs } from "./judgement-inputs.ts";

const inputs = fc.integer({ min: 0, max: 2 ** 31 }).map((seed) => judgementInputs(createSequence(seed)));
const RUNS = { numRuns: 400 };
const bytes = (value: unknown): string => JSON.stringify(value);

/** Inputs whose bytes went through a table and back. */
const stored = (value: JudgementInputs): JudgementInputs => JSON.parse(bytes(value)) as JudgementInputs;

test("the same inputs give the same bytes again, also after they were stored as JSON", () => {
  let signals = 0;
  let patterns = 0;
  fc.assert(
    fc.property(inputs, (given) => {
      const judgement = judge(given);
      signals += judgement.signal === null ? 0 : 1;
      patterns += judgement.patterns.length;
      expect(bytes(judge(stored(given)))).toBe(bytes(judgement));
    }),
    RUNS,
  );
  expect(signals).toBeGreaterThan(0);
  expect(patterns).toBeGreaterThan(100);
});

test("candles before the window change nothing", () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const bars = given.bars.slice(-JUDGEMENT_BARS);
      expect(bytes(judge({ ...given, bars }))).toBe(bytes(judge(given)));
    }),
    RUNS,
  );
});

test("every pattern is one that is detected before grading, with its direction", () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const { patterns } = judge(given);
      expect(patterns.map(({ kind, direction }) => ({ kind, direction }))).toEqual(detectPatterns(given.key, given.bars));
    }),
    RUNS,
  );
});

test("values are in their ranges, and a signal stands on patterns of its direction that nothing overrides", () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const { patterns, signal } = judge(given);
      for (const { weightedConfidence, coverage, reliability, boostedConfidence } of patterns) {
        for (const grade of [weightedConfidence ?? 0, coverage, reliability ?? 0]) expect(grade >= 0 && grade <= 1).toBe(true);
        expect(boostedConfidence).toBeNull();
      }
      if (signal === null) return;
      const lead = patterns.find(({ kind }) => kind === signal.lead);
      expect(lead).toMatchObject({ direction: signal.direction, overriddenBy: null, weightedConfidence: signal.weightedConfidence });
      expect(Math.sign(signal.score)).toBe(signal.direction);
      expect(Math.abs(signal.score)).toBeGreaterThanOrEqual(0.2);
      expect(signal.validUntil).toBe(signal.closeTime + 10 * 60_000);
    }),
    RUNS,
  );
});
