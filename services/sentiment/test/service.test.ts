import { sentiment } from "@tickfleet/contracts/context-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { isLong } from "@tickfleet/testkit/long-form";
import { spawnService } from "@tickfleet/testkit/process";
import { tcpProxy } from "@tickfleet/testkit/tcp-proxy";
import { demoItemsOfMinute } from "@tickfleet/venues/demo/news";
import { expect, test } from "vitest";
import {
  components,
  EVERY_SECOND,
  expectOncePerMinute,
  insertInstruments,
  MINUTE_MS,
  openSurroundings,
  publishedAtLeast,
  storedTexts,
} from "./harness.ts";
import { plainSentiment } from "./plain-sentiment.ts";

const DEMO = [
  ["demo", "BTC-USDT"],
  ["demo", "ETH-USDT"],
  ["demo", "SOL-USDT"],
] as const;

test.concurrent("the demo's texts are stored, each once, and the values published equal a computation of one's own", async () => {
  await using around = await openSurroundings([...DEMO, ["binance", "LINK-USDT"]]);
  const env = { ...around.env, SENTIMENT_SOURCES: "demo", SENTIMENT_SCHEDULE: EVERY_SECOND, SENTIMENT_DEMO_SEED: "11" };
  await using service = await spawnService("sentiment", env);
  const first = await publishedAtLeast(around, DEMO.length);
  const texts = await storedTexts(around, "demo");
  expect(texts.length).toBeGreaterThan(200);
  expect(first.map(({ payload }) => payload.asset).sort()).toEqual(["BTC", "ETH", "SOL"]);
  for (const { payload, subject, id } of first) {
    const { asset, time, validFrom, value, confidence, documents, sources } = payload;
    const plain = plainSentiment(
      texts.filter(({ published }) => published <= time),
      asset,
      time,
    );
    expect(plain?.documents).toBe(documents);
    expect(value).toBeCloseTo(plain?.value as number, 11);
    expect(confidence).toBeCloseTo(plain?.confidence as number, 11);
    expect(sources.map(({ name }) => name)).toEqual(["news", "reddit"]);
    expect(sources.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 11);
    expect(sources.reduce((sum, { weight, value: part }) => sum + weight * part, 0)).toBeCloseTo(value, 10);
    expect([subject, id]).toEqual([subjectOf(sentiment, { provider: "demo", asset }), `sentiment:demo:${asset}:${validFrom}`]);
    expect([payload.ttlMs, validFrom % MINUTE_MS]).toEqual([3_600_000, 0]);
  }
  const invented = await around.database.query<{ external_id: string; title: string; url: string | null; source: string; ms: string }>(
    "select external_id, title, url, source, extract(epoch from published_time)::float8 * 1000 as ms from sentiment.pub_news_events",
  );
  for (const { external_id, title, url, source, ms } of invented) {
    const item = demoItemsOfMinute(11, Math.floor(Number(ms) / MINUTE_MS)).find(({ externalId }) => externalId === external_id);
    expect([item?.title, item?.source, url]).toEqual([title, source, null]);
  }

  await service.kill();
  await using next = await spawnService("sentiment", env);
  const all = await publishedAtLeast(around, 2 * DEMO.length);
  expectOncePerMinute(all);
  expect(all.slice(0, first.length)).toEqual(first);
  const [lead] = await around.database.query<{ least: number; most: number }>(
    `select extract(epoch from min(valid_from - published_time))::float8 as least, extract(epoch from max(valid_from - time))::float8 as most
     from sentiment.pub_sentiment_scores where published_time is not null`,
  );
  expect(lead?.least).toBeGreaterThanOrEqual(60);
  expect(lead?.most).toBeLessThanOrEqual(180);
  expect((await next.stop()).code).toBe(0);
});

test
  .runIf(isLong)
  .concurrent("what was invented does not depend on when it is asked for: two services with one seed store the same texts", async () => {
    await using around = await openSurroundings(DEMO);
    const env = { SENTIMENT_SOURCES: "demo", SENTIMENT_SCHEDULE: EVERY_SECOND };
    await using _service = await spawnService("sentiment", { ...around.env, ...env });
    await publishedAtLeast(around, DEMO.length);
    await using other = await openSurroundings(DEMO);
    await using later = await spawnService("sentiment", { ...other.env, ...env });
    await publishedAtLeast(other, DEMO.length);
    const text =
      "select external_id, title, description, likes, repeat_of from sentiment.news_events where published_time between $1 and $2 order by 1";
    const span = [-300, -10].map((minutes) => new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS + minutes * MINUTE_MS).toISOString());
    const [here, there] = await Promise.all([around.database.query(text, span), other.database.query(text, span)]);
    expect(here.length).toBeGreaterThan(100);
    expect(there).toEqual(here);
    expect(later.ended()).toBeNull();
  });

test.concurrent("of two processes one works; when it is killed the other takes over, and no minute is told twice", async ({ expect }) => {
  await using around = await openSurroundings(DEMO);
  const env = { ...around.env, SENTIMENT_SOURCES: "demo", SENTIMENT_SCHEDULE: EVERY_SECOND };
  await using first = await spawnService("sentiment", env);
  await using second = await spawnService("sentiment", env);
  const before = await publishedAtLeast(around, DEMO.length);
  expect((await components(second))["polling"]).toEqual({ ok: true, detail: "another process polls; this one waits" });
  first.pause();
  await expect.poll(async () => (await components(second))["polling"]?.detail, { timeout: 20_000 }).toBe("");
  // the first one, let go on, finds that it lost its right, and waits in its turn
  first.resume();
  await expect.poll(async () => (await components(first))["polling"]?.detail, { timeout: 20_000 }).toMatch(/this one waits/);
  const after = await publishedAtLeast(around, before.length + DEMO.length);
  expectOncePerMinute(after);
  await second.kill();
  await expect.poll(async () => (await components(first))["polling"]?.detail, { timeout: 20_000 }).toBe("");
  expect((await first.stop()).code).toBe(0);
});

test.concurrent("each time of the schedule has one value, of its whole minute: a process that begins again between two says nothing new", async ({
  expect,
}) => {
  await using around = await openSurroundings(DEMO);
  const time = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 20 * MINUTE_MS;
  const schedule = `40 ${new Date(time).getUTCMinutes()} * * * *`;
  const env = { ...around.env, SENTIMENT_SOURCES: "demo", SENTIMENT_SCHEDULE: schedule };
  await using service = await spawnService("sentiment", env);
  const first = await publishedAtLeast(around, DEMO.length);
  const texts = await storedTexts(around, "demo");
  for (const { payload } of first) {
    expect(payload.time).toBe(time);
    expect(payload.value).toBeCloseTo(plainSentiment(texts, payload.asset, time)?.value as number, 11);
  }
  const polled = () => around.database.query<{ at: Date }>("select max(last_poll) as at from sentiment.source_states");
  const [before] = await polled();
  await service.kill();
  await using next = await spawnService("sentiment", env);
  await expect.poll(async () => (await polled())[0]?.at, { timeout: 20_000 }).not.toEqual(before?.at);
  await expect.poll(async () => (await components(next))["polling"], { timeout: 20_000 }).toEqual({ ok: true, detail: "" });
  expect(await around.published()).toEqual(first);
  expect(await around.database.query("select from sentiment.sentiment_scores")).toHaveLength(DEMO.length);

  // what was stored and has become too late to be published is made again, for a later minute
  await next.kill();
  const early = "set published_time = null, valid_from = to_timestamp($1::float8 / 1000) where asset = 'BTC'";
  await around.database.query(`update sentiment.sentiment_scores ${early}`, [time + 2 * MINUTE_MS]);
  await using _last = await spawnService("sentiment", env);
  const again = () =>
    around.database.query<{ time: Date; value: number }>(
      "select time, value from sentiment.pub_sentiment_scores where asset = 'BTC' and published_time is not null",
    );
  const value = first.find(({ payload }) => payload.asset === "BTC")?.payload.value;
  await expect.poll(again, { timeout: 20_000 }).toEqual([{ time: new Date(time), value }]);
});

test.concurrent("what a process stored and did not send is sent by the next one as it was stored, unless it is too late", async () => {
  await using around = await openSurroundings(DEMO);
  const validFrom = (Math.floor(Date.now() / MINUTE_MS) + 4) * MINUTE_MS;
  const sources = [{ name: "news", weight: 1, documents: 3, value: 0.987 }];
  await around.database.query(
    `insert into sentiment.sentiment_scores (provider, asset, valid_from, time, value, confidence, documents, sources)
     select 'demo', 'BTC', to_timestamp($1::float8 / 1000) + shift, now(), 0.987, 0.5, 3, $3 from unnest($2::interval[]) as late(shift)`,
    [validFrom, ["0", "-5 minutes"], JSON.stringify(sources)],
  );
  await using _service = await spawnService("sentiment", { ...around.env, SENTIMENT_SOURCES: "demo" });
  const published = await publishedAtLeast(around, DEMO.length);
  const own = published.filter(({ payload }) => payload.asset === "BTC");
  expect(own).toHaveLength(1);
  expect(own[0]?.payload).toMatchObject({ provider: "demo", asset: "BTC", validFrom, confidence: 0.5, documents: 3, sources });
});

test.runIf(isLong).concurrent("broker and database may go away for a while: it says so, is not ready, and goes on", async ({ expect }) => {
  await using around = await openSurroundings(DEMO);
  await using wire = await tcpProxy(around.database.url);
  const env = {
    ...around.env,
    DATABASE_URL: wire.urlFor(around.database.url),
    SENTIMENT_SOURCES: "demo",
    SENTIMENT_SCHEDULE: EVERY_SECOND,
  };
  await using service = await spawnService("sentiment", env);
  const isOk = async (part: string) => (await components(service))[part]?.ok;
  const first = (await publishedAtLeast(around, DEMO.length)).length;
  await around.nats.kill();
  await expect.poll(() => isOk("broker"), { timeout: 20_000 }).toBe(false);
  await around.nats.start();
  const second = (await publishedAtLeast(around, first + DEMO.length)).length;
  await wire.cut();
  await expect.poll(() => isOk("polling"), { timeout: 20_000 }).toBe(false);
  await wire.restore();
  await expect.poll(() => isOk("polling"), { timeout: 20_000 }).toBe(true);
  expectOncePerMinute(await publishedAtLeast(around, second + DEMO.length));
  expect(service.ended()).toBeNull();
});

test.concurrent("before there are instruments nothing is asked for; with the first it begins", async ({ expect }) => {
  await using around = await openSurroundings([]);
  await using service = await spawnService("sentiment", { ...around.env, SENTIMENT_SOURCES: "demo" });
  await expect.poll(async () => (await components(service))["assets"]?.detail, { timeout: 10_000 }).toMatch(/no instruments yet/);
  await insertInstruments(around, [["demo", "DOGE-USDT"]]);
  const published = await publishedAtLeast(around, 1);
  expect(published.map(({ payload }) => payload.asset)).toEqual(["DOGE"]);
});

test.concurrent.each([
  [{}, /idle: no source is asked for; set SENTIMENT_SOURCES/],
  [{ SENTIMENT_SOURCES: "newsapi" }, /idle: newsapi: SENTIMENT_NEWSAPI_KEY is not set/],
  [{ SENTIMENT_SOURCES: "reddit", SENTIMENT_REDDIT_CLIENT_ID: "an-id" }, /SENTIMENT_REDDIT_CLIENT_SECRET belong together/],
])("with %j it is ready, idle, and says which variable to set", async (env, reason) => {
  await using around = await openSurroundings(DEMO);
  await using service = await spawnService("sentiment", { ...around.env, ...env });
  expect((await components(service))["sources"]).toEqual({ ok: true, detail: expect.stringMatching(reason) });
  expect(service.lines.filter((line) => reason.test(line))).toHaveLength(1);
  expect(await around.published()).toEqual([]);
  expect((await service.stop()).code).toBe(0);
});
