import { type RedditServer, type ServedPost, startNewsApiServer, startRedditServer } from "@tickfleet/testkit/news-servers";
import { spawnService } from "@tickfleet/testkit/process";
import { test } from "vitest";
import { components, EVERY_SECOND, openSurroundings, publishedAtLeast, type Surroundings, samples, storedTexts } from "./harness.ts";
import { plainSentiment } from "./plain-sentiment.ts";

const APPLICATION = { clientId: "an-application", clientSecret: "its secret" };
const KEY = "a-key-of-newsapi";
const minutesAgo = (minutes: number): number => Math.floor(Date.now() / 1000) * 1000 - minutes * 60_000;

const INSTRUMENTS = [
  ["binance", "BTC-USDT"],
  ["binance", "SOL-USDT"],
  ["binance", "ZIL-USDT"],
] as const;

const posts = (): ServedPost[] => [
  { id: "a1", title: "Bitcoin rally goes on, very bullish", createdMs: minutesAgo(240), score: 120, crossposts: 3 },
  { id: "a2", title: "BTC crash incoming, I fear big losses", selftext: "Sold everything.", createdMs: minutesAgo(100), score: -4 },
  { id: "a3", title: "Bitcoin soars as inflows hit a record!", createdMs: minutesAgo(50) },
  { id: "a4", title: "The sol of my shoes is worn", selftext: "Great, another loss.", createdMs: minutesAgo(40) },
  { id: "a5", title: "$SOL and $zil gain", selftext: "Strong demand on both.", createdMs: minutesAgo(30), score: 7 },
  { id: "a6", title: "taken back", createdMs: minutesAgo(20), removed: true },
  { id: "a7", title: "What a day", createdMs: minutesAgo(10) },
];

const article = (title: string, minutes: number) => ({
  publisher: "A Paper",
  title,
  description: null,
  url: `https://news.example/${encodeURIComponent(title)}`,
  publishedMs: minutesAgo(minutes),
});

function env(around: Surroundings, reddit: RedditServer, newsUrl: string): Record<string, string> {
  return {
    ...around.env,
    SENTIMENT_SOURCES: "reddit,newsapi",
    SENTIMENT_SCHEDULE: EVERY_SECOND,
    SENTIMENT_REDDIT_SUBREDDITS: "CryptoCurrency,Gone",
    SENTIMENT_REDDIT_CLIENT_ID: APPLICATION.clientId,
    SENTIMENT_REDDIT_CLIENT_SECRET: APPLICATION.clientSecret,
    SENTIMENT_REDDIT_URL: reddit.url,
    SENTIMENT_NEWSAPI_KEY: KEY,
    SENTIMENT_NEWSAPI_URL: newsUrl,
  };
}

test.concurrent("posts and articles are stored once, linked, scored and weighed; a text that two sources tell counts once", async ({
  expect,
}) => {
  await using around = await openSurroundings(INSTRUMENTS);
  await using reddit = await startRedditServer({ posts: { CryptoCurrency: posts() }, application: APPLICATION });
  await using news = await startNewsApiServer(KEY, [
    article("Bitcoin soars as inflows hit a record", 55),
    article("Solana plunges after exploit", 15),
    article("Weather stays fine", 5),
  ]);
  await using service = await spawnService("sentiment", env(around, reddit, news.url));
  const published = await publishedAtLeast(around, 3);
  const texts = await storedTexts(around, "fleet");
  const byTitle = await around.database.query<{ title: string; assets: string[]; repeat_of: string | null }>(
    "select title, assets, repeat_of from sentiment.pub_news_events order by title",
  );
  expect(byTitle.map(({ title, assets }) => [title, assets.join()])).toEqual([
    ["$SOL and $zil gain", "SOL,ZIL"],
    ["BTC crash incoming, I fear big losses", "BTC"],
    ["Bitcoin rally goes on, very bullish", "BTC"],
    ["Bitcoin soars as inflows hit a record", "BTC"],
    ["Bitcoin soars as inflows hit a record!", "BTC"],
    ["Solana plunges after exploit", "SOL"],
    ["The sol of my shoes is worn", ""],
    ["What a day", ""],
  ]);
  expect(byTitle.filter(({ repeat_of }) => repeat_of !== null)).toHaveLength(1);
  for (const { payload } of published.slice(0, 3)) {
    const plain = plainSentiment(texts, payload.asset, payload.time);
    expect([payload.provider, payload.documents]).toEqual(["fleet", plain?.documents]);
    // of two that say the same, here the one that was stored first counts, and in the plain computation the older one
    if (payload.asset !== "BTC") expect(payload.value).toBeCloseTo(plain?.value as number, 11);
  }
  expect(published.find(({ payload }) => payload.asset === "BTC")?.payload.documents).toBe(3);
  expect(published.find(({ payload }) => payload.asset === "ZIL")?.payload.value).toBeGreaterThan(0);
  const solana = published.find(({ payload }) => payload.asset === "SOL")?.payload.sources;
  expect(solana?.map(({ name, value }) => [name, Math.sign(value)])).toEqual([
    ["news", -1],
    ["reddit", 1],
  ]);

  const login = reddit.requests.filter(({ path }) => path.includes("access_token"));
  expect(login).toHaveLength(1);
  const [asked] = news.requests;
  expect(asked?.url.searchParams.get("q")).toBe('"bitcoin" OR "solana"');
  expect(news.requests.every(({ path }) => !path.includes(KEY))).toBe(true);
  expect(service.lines.join("\n")).not.toContain(KEY);
  expect(service.lines.join("\n")).not.toContain(APPLICATION.clientSecret);

  // what is read again changes its likes, and nothing else
  (reddit.posts.get("CryptoCurrency") as ServedPost[])[0] = { ...(posts()[0] as ServedPost), score: 500, title: "Bitcoin is dead" };
  const likes = () => around.database.query("select title, likes from sentiment.news_events where external_id = 't3_a1'");
  await expect.poll(likes, { timeout: 10_000 }).toEqual([{ title: "Bitcoin rally goes on, very bullish", likes: 500 }]);

  // the free plan's 100 requests a day: not asked again within 15 minutes, not even by the next process
  await service.kill();
  await using _next = await spawnService("sentiment", env(around, reddit, news.url));
  const before = reddit.requests.length;
  await expect.poll(() => reddit.requests.length, { timeout: 10_000 }).toBeGreaterThan(before + 2);
  expect(news.requests).toHaveLength(1);
  expect(await storedTexts(around, "fleet")).toHaveLength(8);
});

test.concurrent("a source that is away leaves the field to the others; a limit is kept; with none there is no value, but a reason", async ({
  expect,
}) => {
  await using around = await openSurroundings(INSTRUMENTS);
  await using reddit = await startRedditServer({ posts: { CryptoCurrency: posts() }, application: APPLICATION });
  await using news = await startNewsApiServer(KEY, [article("Bitcoin gains", 15)]);
  news.answerWith({ body: { status: "error", code: "rateLimited", message: "You have made too many requests." } });
  await using service = await spawnService("sentiment", env(around, reddit, news.url));
  const running = service;
  const published = await publishedAtLeast(around, 3);
  for (const { payload } of published) expect(payload.sources.map(({ name }) => name)).toEqual(["reddit"]);
  expect(await components(running)).toMatchObject({
    "source newsapi": { ok: true, detail: expect.stringMatching(/HTTP 200, too many requests: rateLimited/) },
    // the one that is not there is told, while the other's posts count
    "source reddit": { ok: true, detail: "1 of 2 subreddits not read; Gone: /r/Gone/new.json: HTTP 404, request refused: 404 Not Found" },
  });
  expect(news.requests).toHaveLength(1);
  const polls = await samples(running, "sentiment_polls_total");
  expect(polls).toEqual({ 'source="reddit",outcome="partly"': expect.any(Number), 'source="newsapi",outcome="failed"': 1 });
  // the post that was taken back, at each reading
  expect(Object.keys(await samples(running, "sentiment_skipped_total"))).toEqual(['source="reddit",reason="taken back"']);

  reddit.answerWith({ status: 429, body: { message: "Too Many Requests", error: 429 }, headers: { "retry-after": "600" } });
  await expect
    .poll(async () => (await components(running))["source reddit"]?.detail, { timeout: 20_000 })
    .toMatch(/429, too many requests|rate limited for \d+ s more/);
  const asked = reddit.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(reddit.requests.length).toBeLessThanOrEqual(asked + 1);

  // both silent for longer than they count
  await around.database.query("update sentiment.source_states set last_success = now() - interval '2 hours'");
  const reasons = () =>
    around.database.query(
      "select value, confidence, documents, reason from sentiment.pub_sentiment_scores where asset = 'BTC' order by valid_from desc limit 1",
    );
  await expect.poll(async () => (await reasons())[0]?.["value"], { timeout: 90_000 }).toBeNull();
  expect((await reasons())[0]).toEqual({
    value: null,
    confidence: null,
    documents: 0,
    reason: expect.stringMatching(/no source answers: reddit: .*429|no source answers: reddit: .*rate limited/),
  });
  const values = (await around.published()).map(({ payload }) => payload.value);
  expect(values.every((value) => value !== 0)).toBe(true);
});

test.concurrent("nonsense and slow answers end in a reason, not in the service's end, and a stop does not wait for them", async ({
  expect,
}) => {
  await using around = await openSurroundings(INSTRUMENTS);
  await using reddit = await startRedditServer({ posts: { CryptoCurrency: posts() } });
  await using news = await startNewsApiServer("another key");
  reddit.answerWith({ body: { kind: "Listing", data: { children: "none" } } });
  const open = env(around, reddit, news.url);
  delete open["SENTIMENT_REDDIT_CLIENT_ID"];
  delete open["SENTIMENT_REDDIT_CLIENT_SECRET"];
  await using service = await spawnService("sentiment", open);
  const running = service;
  await expect.poll(async () => (await components(running))["source reddit"]?.detail, { timeout: 10_000 }).toMatch(/listing: .*children/s);
  await expect.poll(async () => (await components(running))["source newsapi"]?.detail).toMatch(/HTTP 401, request refused: apiKeyInvalid/);
  reddit.answerWith({ body: { kind: "Listing", data: { children: [{ kind: "t3", data: { name: "another name" } }] } } });
  await expect
    .poll(async () => (await components(running))["source reddit"]?.detail, { timeout: 10_000 })
    .toMatch(/^2 of 2 subreddits not read; CryptoCurrency: listing: none of 1 entries can be read; the first: data\.name: .*; Gone: /);
  const [label, ...others] = Object.entries(await samples(running, "sentiment_skipped_total"));
  expect([label, others]).toEqual([[expect.stringMatching(/^source="reddit",reason="data\.name: /), expect.any(Number)], []]);
  const state = await around.database.query("select last_success from sentiment.source_states where name = 'reddit'");
  expect(state).toEqual([{ last_success: null }]);
  reddit.answerWith({ text: "<html>busy</html>", headers: { "content-type": "text/html" } });
  await expect
    .poll(async () => (await components(running))["source reddit"]?.detail, { timeout: 20_000 })
    .toMatch(/expected JSON, found|not asked/);
  // no text of a database may hold the byte 0
  reddit.answerWith({ status: 302, text: "moved\0", headers: { location: "/subreddits/search" } });
  await expect
    .poll(async () => (await components(running))["source reddit"]?.detail, { timeout: 20_000 })
    .toMatch(/HTTP 302, sent elsewhere/);
  reddit.answerWith(null);
  reddit.hold(true);
  const waiting = reddit.requests.length;
  await expect.poll(() => reddit.requests.length, { timeout: 20_000 }).toBeGreaterThan(waiting);
  const began = Date.now();
  expect((await service.stop()).code).toBe(0);
  expect(Date.now() - began).toBeLessThan(5_000);
});
