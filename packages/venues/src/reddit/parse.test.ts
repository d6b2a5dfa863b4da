import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { expect, test } from "vitest";
import { parseListing, parseToken, refusalIn } from "./parse.ts";

const data = {
  name: "t3_1abc",
  title: "A title",
  selftext: "Some text.",
  subreddit: "Bitcoin",
  permalink: "/r/Bitcoin/comments/1abc/a_title/",
  created_utc: 1_709_294_400.0,
  score: 12,
  num_crossposts: 2,
  removed_by_category: null,
};
const listing = (...children: unknown[]) => ({ kind: "Listing", data: { after: null, children } });

test("a post with its address, likes and crossposts", () => {
  expect(parseListing(listing({ kind: "t3", data }))).toEqual({
    items: [
      {
        source: "reddit",
        kind: "reddit",
        externalId: "t3_1abc",
        origin: "Bitcoin",
        url: "https://www.reddit.com/r/Bitcoin/comments/1abc/a_title/",
        title: "A title",
        description: "Some text.",
        publishedTime: 1_709_294_400_000,
        language: null,
        likes: 12,
        shares: 2,
      },
    ],
    skipped: 0,
  });
});

test("older answers without crossposts and removal can be read; a score below 0 is no like", () => {
  const { num_crossposts: _, removed_by_category: __, ...old } = data;
  expect(parseListing(listing({ kind: "t3", data: { ...old, score: -3 } })).items).toMatchObject([{ likes: 0, shares: 0 }]);
});

test.each([
  ["a comment", { kind: "t1", data }],
  ["a post that was taken back", { kind: "t3", data: { ...data, removed_by_category: "moderator" } }],
  ["a text that was taken back", { kind: "t3", data: { ...data, selftext: "[deleted]" } }],
  ["a post without a title", { kind: "t3", data: { ...data, title: "" } }],
  ["nothing", null],
])("%s is left out and counted, and the others are there", (_, child) => {
  const { items, skipped } = parseListing(listing(child, { kind: "t3", data }));
  expect([items.length, skipped]).toEqual([1, 1]);
});

test.each([[{}], [[]], [null], ["text"], [{ kind: "Listing", data: {} }]])("%j is no listing", (answer) => {
  expect(() => parseListing(answer)).toThrow(InvalidMessageError);
});

test("a token with its end; the error of a strange answer does not hold it", () => {
  expect(parseToken({ access_token: "a token", token_type: "bearer", expires_in: 3_600 })).toEqual({
    token: "a token",
    expiresInMs: 3_600_000,
  });
  expect(() => parseToken({ access_token: "a token" })).toThrow(/^access_token: expected access_token and expires_in$/);
});

test("refusals are told from answers", () => {
  expect(refusalIn({ reason: "private", message: "Forbidden", error: 403 })).toEqual({
    code: 403,
    message: "Forbidden, private",
    status: 403,
  });
  expect(refusalIn({ error: "invalid_grant" })).toEqual({ code: "invalid_grant", message: "", status: 400 });
  expect(refusalIn(listing())).toBeNull();
  expect(refusalIn(null)).toBeNull();
});
