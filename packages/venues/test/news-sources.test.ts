import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { startNewsApiServer, startRedditServer } from "@tickfleet/testkit/news-servers";
import { RestError } from "@tickfleet/venues/json-client";
import type { NewsQuery } from "@tickfleet/venues/news";
import { createNewsApi } from "@tickfleet/venues/newsapi/rest";
import { createReddit } from "@tickfleet/venues/reddit/rest";
import { describe, expect, it } from "vitest";

const NOW = 1_709_294_400_000;
const query: NewsQuery = { terms: ["bitcoin", "ethereum"], sinceMs: NOW - 3_600_000, nowMs: NOW };
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const APPLICATION = { clientId: "an-application", clientSecret: "its secret" };
const post = (id: string, minutes: number) => ({ id, title: `Title ${id}`, createdMs: NOW - minutes * 60_000 });

describe("reddit", () => {
  it("logs in once, asks each subreddit, and leaves out what is too old", async () => {
    await using server = await startRedditServer({
      posts: { One: [post("a", 90), post("b", 20)], Two: [post("c", 5)] },
      application: APPLICATION,
    });
    const reddit = createReddit({ subreddits: ["One", "Two"], userAgent: "test:reddit:1", credentials: APPLICATION, baseUrl: server.url });
    const { items, skipped } = await reddit.read(query, signal());
    await reddit.read(query, signal());
    expect([items.map(({ externalId, origin }) => [externalId, origin]), skipped]).toEqual([
      [
        ["t3_b", "One"],
        ["t3_c", "Two"],
      ],
      [],
    ]);
    expect(server.requests.map(({ path }) => path.split("?")[0])).toEqual([
      "/api/v1/access_token",
      ...["/r/One/new.json", "/r/Two/new.json", "/r/One/new.json", "/r/Two/new.json"],
    ]);
    expect(new Set(server.requests.map(({ headers }) => headers["user-agent"]))).toEqual(new Set(["test:reddit:1"]));
  });

  it("asks without a login where there is none", async () => {
    await using server = await startRedditServer({ posts: { One: [post("b", 20)] } });
    const reddit = createReddit({ subreddits: ["One"], userAgent: "test", credentials: null, baseUrl: server.url });
    expect((await reddit.read(query, signal())).items).toHaveLength(1);
    expect(server.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
  });

  it("logs in again when its token was taken back", async () => {
    await using server = await startRedditServer({ posts: { One: [post("b", 20)] }, application: APPLICATION });
    const reddit = createReddit({ subreddits: ["One"], userAgent: "test", credentials: APPLICATION, baseUrl: server.url });
    await reddit.read(query, signal());
    server.tokens.clear();
    expect((await reddit.read(query, signal())).items).toHaveLength(1);
    expect(server.requests.filter(({ path }) => path.includes("access_token"))).toHaveLength(2);
  });

  it("goes on where subreddits are refused or cannot be read, and says which and why", async () => {
    await using server = await startRedditServer({ posts: { Two: [post("c", 5)], Strange: [] } });
    const options = { userAgent: "test", credentials: null, baseUrl: server.url, attempts: 1 };
    const gone = "Gone: /r/Gone/new.json: HTTP 404, request refused: 404 Not Found";
    server.answerWith({ body: { kind: "Listing", data: { children: [{ kind: "t1" }, null] } } }, "Strange");
    const answer = await createReddit({ ...options, subreddits: ["Gone", "Two", "Strange"] }).read(query, signal());
    const strange = 'Strange: listing: none of 2 entries can be read; the first: kind: Invalid input: expected "t3"';
    expect(answer).toMatchObject({ answered: true, fault: `2 of 3 subreddits not read; ${gone}; ${strange}` });
    expect([answer.items.length, answer.skipped.length]).toEqual([1, 2]);
    const none = await createReddit({ ...options, subreddits: ["Gone", "Strange"] }).read(query, signal());
    expect(none).toMatchObject({ items: [], answered: false, fault: `2 of 2 subreddits not read; ${gone}; ${strange}` });
    server.answerWith({ status: 403, body: { reason: "private", message: "Forbidden", error: 403 } });
    const two = createReddit({ ...options, subreddits: ["Two"] });
    expect(await two.read(query, signal())).toMatchObject({ answered: false, fault: expect.stringMatching(/403 Forbidden, private$/) });
    server.answerWith({ body: { message: "Too Many Requests", error: 429 } });
    expect(await two.read(query, signal())).toMatchObject({ answered: false, fault: expect.stringMatching(/HTTP 200, too many requests/) });
  });

  it("keeps what answered before the time was over, and says what did not", async () => {
    await using server = await startRedditServer({ posts: { One: [post("a", 5)], Two: [post("b", 5)], Three: [post("c", 5)] } });
    const reddit = createReddit({ subreddits: ["One", "Two", "Three"], userAgent: "test", credentials: null, baseUrl: server.url });
    const time = new AbortController();
    server.hold(true);
    const reading = reddit.read(query, time.signal);
    await expect.poll(() => server.requests.length, { interval: 5, timeout: 20_000 }).toBe(1);
    server.hold(false);
    server.hold(true);
    await expect.poll(() => server.requests.length, { interval: 5, timeout: 20_000 }).toBe(2);
    time.abort(new DOMException("the time is over", "TimeoutError"));
    const { items, fault, answered } = await reading;
    expect([items.map(({ externalId }) => externalId), answered]).toEqual([["t3_a"], true]);
    expect(fault).toMatch(/^2 of 3 subreddits not read; Two: .*the time is over; Three: not asked, the time for all of them was over$/);
    expect(server.requests).toHaveLength(2);
  });

  it("never tells its secret in an error", async () => {
    await using server = await startRedditServer({ application: { clientId: "other", clientSecret: "other" } });
    const reddit = createReddit({ subreddits: ["One"], userAgent: "test", credentials: APPLICATION, baseUrl: server.url, attempts: 1 });
    const answer = await reddit.read(query, signal());
    expect(answer).toMatchObject({ answered: false, fault: expect.stringMatching(/access_token: HTTP 401/) });
    expect(JSON.stringify(answer)).not.toMatch(/its secret|Basic/);
  });

  it("asks nothing when the answer said that no request is left", async () => {
    await using server = await startRedditServer({ posts: { One: [post("b", 20)] } });
    const reddit = createReddit({ subreddits: ["One"], userAgent: "test", credentials: null, baseUrl: server.url });
    const headers = { "x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "240" };
    server.answerWith({ headers, body: { kind: "Listing", data: { children: [] } } });
    await reddit.read(query, signal());
    expect((await reddit.read(query, signal())).fault).toMatch(/not asked, rate limited for 2\d\d s more/);
    expect(server.requests).toHaveLength(1);
  });
});

describe("newsapi", () => {
  const article = (title: string, minutes: number) => ({
    ...{ publisher: "A Paper", title, description: "Words." },
    ...{ url: `https://news.example/${encodeURIComponent(title)}`, publishedMs: NOW - minutes * 60_000 },
  });

  it("asks once for all terms, with the key in a header", async () => {
    await using server = await startNewsApiServer("key", [article("Bitcoin", 5), article("Weather", 5), article("Ethereum", 90)]);
    const { items } = await createNewsApi({ apiKey: "key", baseUrl: server.url }).read(query, signal());
    expect(items).toEqual([
      {
        ...{
          source: "newsapi",
          kind: "news",
          externalId: "https://news.example/Bitcoin",
          url: "https://news.example/Bitcoin",
          origin: "A Paper",
        },
        ...{ title: "Bitcoin", description: "Words.", publishedTime: NOW - 300_000, language: "en", likes: 0, shares: 0 },
      },
    ]);
    expect(server.requests.map(({ path }) => path)).toEqual([
      "/v2/everything?q=%22bitcoin%22+OR+%22ethereum%22&searchIn=title%2Cdescription&language=en&sortBy=publishedAt&pageSize=100&from=2024-03-01T11%3A00%3A00",
    ]);
  });

  it("asks for as many terms as the interface takes, and not at all without one", async () => {
    await using server = await startNewsApiServer("key");
    const news = createNewsApi({ apiKey: "key", baseUrl: server.url });
    const terms = Array.from({ length: 100 }, (_, i) => `an asset with number ${i}`);
    expect(await news.read({ ...query, terms }, signal())).toEqual({ items: [], skipped: [], fault: null, answered: true });
    expect(server.requests[0]?.url.searchParams.get("q")?.length).toBeLessThanOrEqual(500);
    await news.read({ ...query, terms: [] }, signal());
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    [{ status: 401, body: { status: "error", code: "apiKeyInvalid", message: "no" } }, 401, "apiKeyInvalid"],
    [{ body: { status: "error", code: "apiKeyExhausted", message: "no" } }, 429, "apiKeyExhausted"],
    [{ body: { status: "error", code: "unexpectedError", message: "no" } }, 500, "unexpectedError"],
    [{ text: "<html>" }, 502, null],
    [{ status: 503, text: "" }, 503, null],
  ])("an answer of %j is an error", async (answer, status, code) => {
    await using server = await startNewsApiServer("key");
    server.answerWith(answer);
    const error = await createNewsApi({ apiKey: "key", baseUrl: server.url })
      .read(query, signal())
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RestError);
    expect(error).toMatchObject({ status, code });
  });

  it("stays within the 100 requests a day of the free plan where every one of them fails", async () => {
    await using server = await startNewsApiServer("key");
    const news = createNewsApi({ apiKey: "key", baseUrl: server.url });
    for (const answer of [
      { status: 500, text: "" },
      { status: 503, text: "" },
      { status: 429, headers: { "retry-after": "0" }, text: "" },
    ]) {
      const before = server.requests.length;
      server.answerWith(answer);
      await expect(news.read(query, signal())).rejects.toMatchObject({ status: answer.status });
      expect(((server.requests.length - before) * 86_400_000) / news.minIntervalMs).toBeLessThanOrEqual(100);
      expect(server.requests.length).toBe(before + 1);
    }
  });

  it("an answer of another shape is an invalid message", async () => {
    await using server = await startNewsApiServer("key");
    server.answerWith({ body: { status: "ok", articles: {} } });
    await expect(createNewsApi({ apiKey: "key", baseUrl: server.url }).read(query, signal())).rejects.toBeInstanceOf(InvalidMessageError);
  });
});
