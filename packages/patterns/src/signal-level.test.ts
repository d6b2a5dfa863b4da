import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideEmission } from "./signal-debounce.ts";
import {
  computeSignalLevel,
  SIGNAL_FAMILIES,
  SIGNAL_LEVELS,
  type SignalEvidence,
  type SignalLevelInputs,
  weighEvidence,
} from "./signal-level.ts";

const candle = (direction: -1 | 0 | 1, confidence: number): SignalEvidence => ({ family: "candle", direction, confidence });

describe("evidence", () => {
  test("of one family counts once, at its greatest", () => {
    expect(weighEvidence([candle(1, 0.5), candle(1, 0.8), candle(1, 0.6), candle(0, 1)])).toEqual({
      families: { candle: { bull: 0.8, bear: 0 } },
      bull: 0.56,
      bear: 0,
      net: 0.56,
      conflict: false,
    });
  });

  test("of several families adds up as independent chances", () => {
    // bull 1 - (1 - 0.56)·(1 - 0.35) = 0.714, bear 0.42
    const both = weighEvidence([candle(1, 0.8), { family: "volume", direction: 1, confidence: 0.5 }, candle(-1, 0.6)]);
    expect(both).toMatchObject({ bull: 0.714, bear: 0.42, net: 0.294, conflict: true });
    expect(weighEvidence([])).toEqual({ families: {}, bull: 0, bear: 0, net: 0, conflict: false });
  });
});

/** One bullish family of confidence 1: net 0.7; the score is 0.7 times the grade. */
const graded = (grade: number, change: Partial<SignalLevelInputs> = {}) =>
  computeSignalLevel({
    evidence: [candle(1, 1)],
    lead: { weightedConfidence: grade, boostedConfidence: grade, reliability: grade, tier: "strong" },
    completeness: "full",
    dataQuality: 0.95,
    ...change,
  });

describe("a level", () => {
  test("is net evidence times the grades of the lead pattern", () => {
    const lead = { weightedConfidence: 0.8, boostedConfidence: 0.9, reliability: 0.6, tier: "medium" } as const;
    // 0.7·(0.5·0.8 + 0.3·0.9 + 0.2·0.6) = 0.553
    expect(graded(0, { lead })).toMatchObject({
      algo: "signal-level@1.0.0",
      level: "buy",
      score: 0.553,
      grade: 0.79,
      coverage: 1,
      reasons: [],
    });
    expect(graded(0, { lead: { ...lead, boostedConfidence: null } })).toMatchObject({ grade: 0.742857142857, coverage: 0.7 });
  });

  test("begins at its threshold", () => {
    const levels = [6 / 7, 0.85, 4 / 7, 0.57, 2 / 7, 0.28].map((grade) => graded(grade).level);
    expect(levels).toEqual(["strong_buy", "buy", "buy", "weak_buy", "weak_buy", "neutral"]);
    const sells = [6 / 7, 4 / 7, 2 / 7].map((grade) => graded(grade, { evidence: [candle(-1, 1)] }).level);
    expect(sells).toEqual(["strong_sell", "sell", "weak_sell"]);
  });

  test("is strong only with a strong tier", () => {
    const lead = { weightedConfidence: 1, boostedConfidence: 1, reliability: 1, tier: "medium" } as const;
    expect(graded(1, { lead })).toMatchObject({ level: "buy", reasons: ["not-strong-tier"] });
  });

  test("goes down one step where data are incomplete or poor, once for both", () => {
    expect(graded(1, { completeness: "backfilled" }).level).toBe("strong_buy");
    expect(graded(1, { completeness: "partial" })).toMatchObject({ level: "buy", undowngraded: "strong_buy", reasons: ["incomplete"] });
    expect(graded(1, { dataQuality: 0.9 }).level).toBe("strong_buy");
    expect(graded(1, { dataQuality: 0.899 })).toMatchObject({ level: "buy", reasons: ["low-quality"] });
    expect(graded(1, { dataQuality: null, completeness: "no-trades" }).level).toBe("buy");
    expect(graded(0.3, { completeness: "partial" })).toMatchObject({ level: "neutral", undowngraded: "weak_buy" });
    expect(graded(0, { completeness: "partial" }).level).toBe("neutral");
  });

  test("is none where the venue was down or nothing was graded", () => {
    expect(graded(1, { completeness: "venue-down" })).toMatchObject({ level: null, reasons: ["venue-down"] });
    const lead = { weightedConfidence: null, boostedConfidence: null, reliability: null, tier: null };
    expect(graded(1, { lead })).toMatchObject({ level: null, score: null, reasons: ["no-grade"] });
  });

  test("is neutral in a conflict", () => {
    expect(graded(1, { evidence: [candle(1, 1), candle(-1, 0.6)] })).toMatchObject({ level: "neutral", reasons: ["conflict"] });
    expect(graded(1, { evidence: [candle(1, 1), candle(-1, 0.57)] }).reasons).not.toContain("conflict");
  });

  test("lies in its bounds, mirrors, and recomputes from its record", () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const grade = fc.option(unit, { nil: null });
    const inputs = fc.record({
      evidence: fc.array(
        fc.record({ family: fc.constantFrom(...SIGNAL_FAMILIES), direction: fc.constantFrom(-1, 0, 1), confidence: unit }),
      ),
      lead: fc.record({
        weightedConfidence: grade,
        boostedConfidence: grade,
        reliability: grade,
        tier: fc.constantFrom("strong", "medium", "weak", null),
      }),
      completeness: fc.constantFrom("full", "backfilled", "partial", "no-trades", "venue-down"),
      dataQuality: grade,
    }) as fc.Arbitrary<SignalLevelInputs>;
    fc.assert(
      fc.property(inputs, (given) => {
        const result = computeSignalLevel(given);
        expect(computeSignalLevel(JSON.parse(JSON.stringify(given)))).toEqual(result);
        for (const chance of [result.evidence.bull, result.evidence.bear]) expect(chance >= 0 && chance <= 1).toBe(true);
        const turned = given.evidence.map((item) => ({ ...item, direction: (0 - item.direction) as -1 | 0 | 1 }));
        const other = computeSignalLevel({ ...given, evidence: turned });
        const rank = (level: typeof result.level): number | null => (level === null ? null : SIGNAL_LEVELS.indexOf(level) - 3);
        expect(rank(other.level)).toBe(result.level === null ? null : 0 - (rank(result.level) as number));
        expect(other.reasons).toEqual(result.reasons);
      }),
    );
  });
});

describe("emission", () => {
  test.each([
    ["neutral", null, false, "none"],
    [null, null, false, "none"],
    ["buy", null, true, "first"],
    ["buy", { level: "strong_sell", candlesAgo: 1 }, true, "first"],
    ["buy", { level: "buy", candlesAgo: 1 }, false, "repeated"],
    ["weak_buy", { level: "buy", candlesAgo: 2 }, false, "repeated"],
    ["strong_buy", { level: "buy", candlesAgo: 1 }, true, "raised"],
    ["strong_sell", { level: "sell", candlesAgo: 2 }, true, "raised"],
    ["sell", { level: "strong_sell", candlesAgo: 3 }, true, "elapsed"],
  ] as const)("of %s after %o: %s, %s", (level, earlier, emit, reason) => {
    expect(decideEmission(level, earlier)).toEqual({ algo: "signal-debounce@1.0.0", emit, reason, ttlCandles: emit ? 10 : 0 });
  });
});
