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
    skipped: [],
    fault: null,
    answered: true,
  });
});

test.each([
  ["taken back", { ...article, title: "[Removed]" }, /^taken back$/],
  ["without a title", { ...article, title: null }, /^title: /],
  ["with an address that is none", { ...article, url: "javascript:alert(1)" }, /^url: /],
  ["with a time that is none", { ...article, publishedAt: "yesterday" }, /^publishedAt: /],
])("one %s is left out with the reason", (_, other, reason) => {
  const { items, skipped, fault } = parseEverything({ status: "ok", articles: [other, article] }, "en");
  expect([items.length, skipped, fault]).toEqual([1, [expect.stringMatching(reason)], null]);
});

test("where no article can be read there is no answer, but the first reason", () => {
  const { fault, answered } = parseEverything({ status: "ok", articles: [{ ...article, publishedAt: "yesterday" }, {}] }, "en");
  expect([fault, answered]).toEqual([expect.stringMatching(/^everything: none of 2 entries can be read; the first: publishedAt: /), false]);
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
