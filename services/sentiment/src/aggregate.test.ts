import { expect, test } from "vitest";
import { computeSentiment, KINDS, type ScoredDocument } from "./aggregate.ts";

const HOUR = 3_600_000;
const NOW = 1_709_294_400_000;
const document = (fields: Partial<ScoredDocument>): ScoredDocument => ({
  kind: "news",
  score: 0.5,
  confidence: 0.8,
  likes: 0,
  shares: 0,
  publishedTime: NOW,
  ...fields,
});

test("one document: its score is the value; the confidence is that of one document of one kind", () => {
  expect(computeSentiment([document({ score: -0.25 })], NOW)).toEqual({
    value: -0.25,
    confidence: Number(((1 - Math.exp(-1 / 20)) * 0.4).toPrecision(12)),
    documents: 1,
    sources: [{ name: "news", weight: 1, documents: 1, value: -0.25 }],
  });
});

test("no document that counts: no value", () => {
  expect(computeSentiment([], NOW)).toBeNull();
  expect(computeSentiment([document({ confidence: 0.29 })], NOW)).toBeNull();
  expect(computeSentiment([document({ publishedTime: NOW - 8 * 6 * HOUR - 1 })], NOW)).toBeNull();
});

test("a document weighs half after its half-life, and as now when it is from the future", () => {
  const at = (score: number, publishedTime: number, kind: "news" | "reddit" = "news") => document({ score, publishedTime, kind });
  expect(computeSentiment([at(1, NOW), at(-1, NOW - 6 * HOUR)], NOW)?.value).toBeCloseTo((1 - 0.5) / 1.5, 11);
  expect(computeSentiment([at(1, NOW + HOUR), at(-1, NOW)], NOW)?.value).toBe(0);
  expect(computeSentiment([at(1, NOW, "reddit"), at(-1, NOW - 3 * HOUR, "reddit")], NOW)?.value).toBeCloseTo(1 / 3, 11);
});

test("kinds weigh by the table, and one that is absent leaves the others' proportions as they are", () => {
  const both = computeSentiment([document({ score: 1 }), document({ score: -1, kind: "reddit" })], NOW);
  expect(both?.value).toBeCloseTo((0.4 - 0.2) / 0.6, 11);
  expect(both?.sources.map(({ name, weight }) => [name, weight])).toEqual([
    ["news", 0.666666666667],
    ["reddit", 0.333333333333],
  ]);
  expect(computeSentiment([document({ score: -1, kind: "reddit" })], NOW)?.value).toBe(-1);
});

test("engagement grows by the logarithm, to five at most", () => {
  const against = (likes: number, shares: number) =>
    computeSentiment([document({ score: 1, likes, shares }), document({ score: -1 })], NOW)?.value as number;
  const g = 1 + Math.log(1 + 3 + 4);
  expect(against(3, 4)).toBeCloseTo((g - 1) / (g + 1), 11);
  expect(against(1_000_000, 5)).toBeCloseTo(4 / 6, 11);
});

test("the confidence falls with disagreement and grows with the number of documents", () => {
  const many = (scores: readonly number[]) =>
    computeSentiment(
      scores.map((score) => document({ score })),
      NOW,
    )?.confidence as number;
  expect(many([1, -1])).toBe(0);
  expect(many([0.5, 0.5, 0.5])).toBeGreaterThan(many([0.5, 0.5]));
  expect(many([0.5, 0.3])).toBeLessThan(many([0.4, 0.4]));
  expect(many(Array.from({ length: 400 }, () => 0.5))).toBeLessThanOrEqual(KINDS.news.weight);
});

test("the order of the documents changes nothing, to the last bit", () => {
  const documents = Array.from({ length: 50 }, (_, i) =>
    document({ score: Math.sin(i), likes: i, kind: i % 3 === 0 ? "reddit" : "news", publishedTime: NOW - ((i * 7_919) % 50) * 60_000 }),
  );
  expect(computeSentiment(documents.toReversed(), NOW)).toEqual(computeSentiment(documents, NOW));
});
