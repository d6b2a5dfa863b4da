import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gateway, MINUTE, START, startGateway, until } from "./harness.ts";

const COUNT = 50;
let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
  const { database } = gateway;
  await database.query(
    `insert into sentiment.sentiment_scores (provider, asset, valid_from, time, value, confidence, documents, sources, reason, published_time)
     select provider, 'BTC', at, at - interval '70 seconds', case when i % 10 = 0 then null else i / 100.0 end, case when i % 10 = 0 then null else 0.5 end,
       i, case when i % 10 = 0 then '[]' else '[{"name":"news","weight":1,"documents":1,"value":0.5}]' end::jsonb, case when i % 10 = 0 then 'no source answers' end,
       case when i % 10 = 0 then null else at - interval '69 seconds' end
     from generate_series(0, $2::int - 1) as i, unnest(array['demo', 'fleet']) as provider,
       lateral (select to_timestamp($1::float8 / 1000) + i * interval '1 minute' as at) as times`,
    [START, COUNT],
  );
  await database.query(
    `insert into sentiment.news_events (source, external_id, provider, kind, url, title, description, published_time, fetched_time, text_hash,
       score, confidence, assets, likes, shares)
     select case when i % 2 = 0 then 'reddit' else 'demo-news' end, 'id ' || i, case when i % 2 = 0 then 'fleet' else 'demo' end, 'news', null,
       'title ' || i, '', to_timestamp($1::float8 / 1000) + (i / 5) * interval '1 minute', now(), 'hash', 0.25, 0.5,
       case i % 3 when 0 then array['BTC', 'ETH'] when 1 then array['ETH'] end, 0, 0
     from generate_series(0, $2::int - 1) as i`,
    [START, COUNT],
  );
  await database.query(
    `insert into futures_collector.leverage_snapshots (venue, instrument, asset, time, valid_from, open_interest, funding_apr, next_funding_time)
     select 'binance-usdm', 'BTC-USDT-PERP', 'BTC', at - interval '70 seconds', at, 81402.517, 10.95, at + interval '8 hours'
     from generate_series(0, $2::int - 1) as i, lateral (select to_timestamp($1::float8 / 1000) + i * interval '1 minute' as at) as times`,
    [START, COUNT],
  );
  await until(async () => (await gateway.get("/health")).status === 200, "healthy");
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

/** All pages of a list, each ascending, joined in the order of their rows. */
async function pagesOf(path: string): Promise<Record<string, unknown>[]> {
  const pages: Record<string, unknown>[][] = [];
  let next: string | null = path;
  while (next !== null) {
    const answer = await gateway.get(next);
    expect(answer.status).toBe(200);
    pages.push(answer.body.data);
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1] ?? null;
  }
  return (path.includes("from=") ? pages : pages.reverse()).flat();
}

test("a value of sentiment, and the reason where there is none", async () => {
  const { body } = await gateway.get(`/api/v1/sentiment?asset=BTC&provider=fleet&from=${START}&to=${START + 2 * MINUTE}`);
  const none = { value: null, confidence: null, documents: 0, sources: [], reason: "no source answers", publishedTime: null };
  const sources = [{ name: "news", weight: 1, documents: 1, value: 0.5 }];
  expect(body).toEqual({
    data: [
      { provider: "fleet", asset: "BTC", time: START - 70_000, validFrom: START, ...none },
      {
        ...{
          provider: "fleet",
          asset: "BTC",
          time: START - 10_000,
          validFrom: START + MINUTE,
          value: 0.01,
          confidence: 0.5,
          documents: 1,
          sources,
        },
        ...{ reason: null, publishedTime: START - 9_000 },
      },
    ],
    cursor: null,
  });
});

test.each([`&from=${START}`, ""])("pages of sentiment joined are the whole, over both providers (%j)", async (range) => {
  const rows = await pagesOf(`/api/v1/sentiment?asset=BTC&limit=7&columns=validFrom,provider${range}`);
  const expected = Array.from({ length: COUNT }, (_, i) =>
    ["demo", "fleet"].map((provider) => ({ validFrom: START + i * MINUTE, provider })),
  ).flat();
  expect(rows).toEqual(expected);
});

test.each([
  ["", 50],
  ["&asset=ETH", 34],
  ["&asset=BTC", 17],
  ["&asset=BTC&provider=demo", 8],
  ["&source=reddit", 25],
  ["&asset=SOL", 0],
])("news with %j are %i texts, over pages that split those of one time", async (filter, count) => {
  for (const range of [`&from=${START}`, ""]) {
    const rows = await pagesOf(`/api/v1/news?limit=3&columns=publishedTime,source,externalId${range}${filter}`);
    expect(rows).toHaveLength(count);
    const keys = rows.map((row) => `${row["publishedTime"]} ${row["source"]} ${row["externalId"]}`);
    expect(new Set(keys).size).toBe(count);
    expect(rows.map((row) => row["publishedTime"])).toEqual(rows.map((row) => row["publishedTime"]).sort());
  }
});

test("futures are told by venue and instrument; what was not known is null", async () => {
  const path = "/api/v1/futures?instrument=binance-usdm:BTC-USDT-PERP";
  const { body } = await gateway.get(`${path}&from=${START}&limit=1`);
  expect(body.data).toEqual([
    {
      ...{ venue: "binance-usdm", instrument: "BTC-USDT-PERP", asset: "BTC", time: START - 70_000, validFrom: START },
      ...{ openInterest: 81_402.517, openInterestNotional: null, fundingRate: null, fundingIntervalHours: null, fundingApr: 10.95 },
      ...{ nextFundingTime: START + 480 * MINUTE, markPrice: null, indexPrice: null, basisBps: null, publishedTime: null },
    },
  ]);
  expect(await pagesOf(`${path}&limit=11&columns=validFrom`)).toEqual(
    Array.from({ length: COUNT }, (_, i) => ({ validFrom: START + i * MINUTE })),
  );
  expect((await gateway.get("/api/v1/futures?venue=demo&instrument=BTC-USDT-PERP")).body).toEqual({ data: [], cursor: null });
});

test.each([
  ["/api/v1/sentiment", "missing-parameter", "asset"],
  ["/api/v1/sentiment?asset=BTC&venue=demo", "unknown-parameter", "venue"],
  ["/api/v1/news?asset=BTC&columns=score,text", "unknown-column", "columns"],
  ["/api/v1/news?from=yesterday", "invalid-time", "from"],
  ["/api/v1/futures?venue=demo", "missing-parameter", "instrument"],
  ["/api/v1/futures?venue=demo&instrument=BTC-USDT-PERP&limit=0", "invalid-parameter", "limit"],
])("%s is answered 400 %s", async (path, code, field) => {
  expect((await gateway.get(path)).body).toMatchObject({ status: 400, code, field });
});
