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
    skipped: [],
    fault: null,
    answered: true,
  });
});

test("older answers without crossposts and removal can be read; a score below 0 is no like", () => {
  const { num_crossposts: _, removed_by_category: __, ...old } = data;
  expect(parseListing(listing({ kind: "t3", data: { ...old, score: -3 } })).items).toMatchObject([{ likes: 0, shares: 0 }]);
});

test.each([
  ["a comment", { kind: "t1", data }, /^kind: /],
  ["a post that was taken back", { kind: "t3", data: { ...data, removed_by_category: "moderator" } }, /^taken back$/],
  ["a text that was taken back", { kind: "t3", data: { ...data, selftext: "[deleted]" } }, /^taken back$/],
  ["a post without a title", { kind: "t3", data: { ...data, title: "" } }, /^data\.title: /],
  ["nothing", null, /^entry: /],
])("%s is left out with the reason, and the others are there", (_, child, reason) => {
  const { items, skipped, fault } = parseListing(listing(child, { kind: "t3", data }));
  expect([items.length, skipped, fault]).toEqual([1, [expect.stringMatching(reason)], null]);
});

test("where no post can be read the listing is none, with the first reason; posts that were taken back are no such fault", () => {
  const removed = { kind: "t3", data: { ...data, title: "[removed]" } };
  const strange = { kind: "t3", data: { ...data, created_utc: "a secret word" } };
  const { skipped, ...rest } = parseListing(listing(removed, strange, { kind: "t3" }));
  const fault = expect.stringMatching(/^listing: none of 2 entries can be read; the first: data\.created_utc: .*expected number/);
  expect(rest).toEqual({ items: [], fault, answered: false });
  expect(skipped).toHaveLength(3);
  expect(skipped.join()).not.toContain("secret");
  expect(parseListing(listing(removed))).toEqual({ items: [], skipped: ["taken back"], fault: null, answered: true });
  expect(parseListing(listing())).toEqual({ items: [], skipped: [], fault: null, answered: true });
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
