import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { expect, test } from "vitest";
import { parseEverything, refusalIn } from "./parse.ts";

const article = {
  source: { id: null, name: "A Paper" },
  author: null,
  title: "A headline",
  description: null,
  url: "https://news.example/1",
  urlToImage: null,
  publishedAt: "2024-03-01T12:00:00Z",
  content: null,
};

test("an article; what it does not say is null or empty", () => {
  expect(parseEverything({ status: "ok", totalResults: 1, articles: [article] }, "en")).toEqual({
    items: [
      {
        ...{ source: "newsapi", kind: "news", externalId: article.url, origin: "A Paper", url: article.url },
        ...{ title: "A headline", description: "", publishedTime: 1_709_294_400_000, language: "en", likes: 0, shares: 0 },
      },
    ],
    skipped: 0,
  });
});

test.each([
  ["taken back", { ...article, title: "[Removed]" }],
  ["without a title", { ...article, title: null }],
  ["with an address that is none", { ...article, url: "javascript:alert(1)" }],
  ["with a time that is none", { ...article, publishedAt: "yesterday" }],
])("one %s is left out and counted", (_, other) => {
  const { items, skipped } = parseEverything({ status: "ok", articles: [other, article] }, "en");
  expect([items.length, skipped]).toEqual([1, 1]);
});

test.each([[{}], [null], [{ status: "error" }], [{ status: "ok", articles: "none" }]])("%j is no answer", (answer) => {
  expect(() => parseEverything(answer, "en")).toThrow(InvalidMessageError);
});

test.each([
  ["rateLimited", 429],
  ["apiKeyExhausted", 429],
  ["apiKeyMissing", 401],
  ["parameterInvalid", 400],
  ["unexpectedError", 500],
])("the refusal %s means status %i", (code, status) => {
  expect(refusalIn({ status: "error", code, message: "why" })).toEqual({ code, message: "why", status });
});

test("an answer is no refusal", () => {
  expect(refusalIn({ status: "ok", articles: [] })).toBeNull();
});
