import { clock, status } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCandle, type Gateway, insertCandles, insertInstrument, MINUTE, request, START, until } from "./harness.ts";

const COUNT = 2_500;
const KEY = "venue=binance&instrument=BTC-USDT&timeframe=1m";
const candles = Array.from({ length: COUNT }, (_, i) => createCandle({ openTime: START + i * MINUTE }));
let gateway: Gateway;

beforeAll(async () => {
  const { startGateway } = await import("./harness.ts");
  gateway = await startGateway();
  await insertInstrument(gateway.database, "binance", "BTC-USDT", "BTCUSDT");
  await insertInstrument(gateway.database, "lean", "SPY", "spy", "us-equity");
  await insertCandles(gateway.database, candles);
  await insertTrades();
  await until(async () => (await gateway.get("/health")).status === 200, "healthy");
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

/** 1,000 trades in groups of seven at the same microsecond, over two epochs. */
async function insertTrades(): Promise<void> {
  await gateway.database.query(
    `insert into ingest.trades (instrument_id, event_time, event_time_ns_rest, received_time, epoch, source_seq, trade_id, price, price_scale, size, size_scale, side, side_method, input_generation, input_seq)
     select 1, to_timestamp($1::float8) + (n / 7) * interval '1 microsecond', 0, now(), case when n % 2 = 0 then 'a' else 'b' end, n, n::text, 6000010 + n, 2, 1 + n, 5, 1, 0, 1, n
     from generate_series(0, 999) n`,
    [START / 1_000],
  );
}

async function walk(path: string): Promise<{ rows: Record<string, unknown>[]; pages: number[] }> {
  const rows: Record<string, unknown>[] = [];
  const pages: number[] = [];
  let next: string | null = path;
  while (next !== null) {
    const answer = await gateway.get(next);
    expect(answer.status).toBe(200);
    rows.push(...answer.body.data);
    pages.push(answer.body.data.length);
    const link = answer.headers.get("link");
    expect(link === null).toBe(answer.body.cursor === null);
    next = link === null ? null : (/<([^>]+)>; rel="next"/.exec(link)?.[1] ?? null);
  }
  return { rows, pages };
}

test("a candle arrives with every column as it was stored, numbers to the last bit", async () => {
  const { body, status, headers } = await gateway.get(`/api/v1/candles?${KEY}&from=${START}&to=${START + MINUTE}`);
  expect(status).toBe(200);
  expect(headers.get("x-request-id")).toMatch(/^[\w-]{36}$/);
  expect(body).toEqual({ data: [candles[0]], cursor: null, timeframe: "1m" });
});

test("without a range the latest rows come, ascending; with from the oldest, with to the last before it", async () => {
  const times = async (range: string): Promise<number[]> =>
    (await gateway.get(`/api/v1/candles?${KEY}&columns=openTime&limit=2${range}`)).body.data.map(
      (row: { openTime: number }) => row.openTime,
    );
  const at = (i: number): number => START + i * MINUTE;
  expect(await times("")).toEqual([at(COUNT - 2), at(COUNT - 1)]);
  expect(await times(`&from=${at(5)}`)).toEqual([at(5), at(6)]);
  expect(await times(`&to=${at(5)}`)).toEqual([at(3), at(4)]);
  expect(await times(`&from=${at(5)}&to=${at(6)}`)).toEqual([at(5)]);
  expect(await times("&from=2024-03-01&to=2024-03-01T00:01:00%2B00:00")).toEqual([at(0)]);
  expect((await gateway.get(`/api/v1/candles?${KEY}`)).body.data).toHaveLength(1_000);
});

test("pages joined are the whole, only the last is short, adjoining ranges equal one call", async () => {
  for (const limit of [1_000, 500, 777]) {
    const { rows, pages } = await walk(`/api/v1/candles?${KEY}&from=${START}&limit=${limit}`);
    expect(rows).toEqual(candles);
    expect(pages.slice(0, -1).every((length) => length === limit)).toBe(true);
  }
  const middle = START + 1_234 * MINUTE;
  const first = await gateway.get(`/api/v1/candles?${KEY}&from=${START}&to=${middle}&limit=10000`);
  const second = await gateway.get(`/api/v1/candles?${KEY}&from=${middle}&limit=10000`);
  expect([...first.body.data, ...second.body.data]).toEqual(candles);
  const backward = await walk(`/api/v1/candles?${KEY}&limit=600`);
  expect(backward.pages).toEqual([600, 600, 600, 600, 100]);
  expect(backward.rows.sort((a, b) => (a["openTime"] as number) - (b["openTime"] as number))).toEqual(candles);
});

test("trades of one instant are neither split nor repeated by any limit, either way", async () => {
  for (const limit of [10, 333, 1_000]) {
    const path = `/api/v1/trades?venue=binance&instrument=BTC-USDT&limit=${limit}`;
    for (const range of [`&from=${START}`, "&to=now"]) {
      const { rows, pages } = await walk(path + range);
      expect(rows).toHaveLength(1_000);
      expect(new Set(rows.map((row) => row["sourceSeq"])).size).toBe(1_000);
      expect(pages.slice(0, -1).every((length) => length === limit)).toBe(true);
    }
  }
  const { body } = await gateway.get("/api/v1/trades?instrument=binance:BTC-USDT&limit=1000&from=2024-03-01");
  expect(body.data[0]).toMatchObject({
    time: START,
    eventTimeUs: START * 1_000,
    price: 60_000.1,
    size: 0.00001,
    side: "buy",
    sideMethod: "flag",
    bid: null,
  });
});

test("forming candles are listed with their state and can be left out", async () => {
  const openTime = START + COUNT * MINUTE;
  await insertCandles(gateway.database, [createCandle({ openTime, state: "forming" })]);
  const states = async (more: string) =>
    (await gateway.get(`/api/v1/candles?${KEY}&from=${openTime}${more}`)).body.data.map((row: { state: string }) => row.state);
  expect(await states("")).toEqual(["forming"]);
  expect(await states("&state=closed,revised")).toEqual([]);
  await gateway.database.query("delete from aggregator.candles where state = 'forming'");
});

test.each([
  [`${KEY}&from=1709251200`, 400, "time-in-seconds", "from", "1709251200000"],
  [`${KEY}&limit=10001`, 400, "limit-too-large", "limit", "10000"],
  [`${KEY}&limit=0`, 400, "invalid-parameter", "limit", "10000"],
  [`${KEY}&form=1`, 400, "unknown-parameter", "form", "from"],
  [`${KEY}&columns=openTime,clos`, 400, "unknown-column", "columns", "close"],
  [`${KEY}&from=2024-03-02&to=2024-03-01`, 400, "empty-range", "from", "swap"],
  [`${KEY}&cursor=abc`, 400, "invalid-cursor", "cursor", "Link"],
  [`${KEY}&session=regular`, 400, "unknown-session", "session", "all"],
  [`${KEY}&session=night`, 400, "unknown-session", "session", "regular, extended, all"],
  [`${KEY}&session=All`, 400, "unknown-session", "session", "did you mean all?"],
  ["venue=lean&instrument=SPY&timeframe=1d&anchor=UTC", 400, "unknown-anchor", "anchor", "stored: America/New_York"],
  ["venue=lean&instrument=SPY&timeframe=1d&session=regular", 400, "unknown-session", "session", "stored: all"],
  [`${KEY}&from=1709251200.5`, 400, "time-in-seconds", "from", "1709251200500"],
  [`${KEY}&to=1709251200`, 400, "time-in-seconds", "to", "1709251200000"],
  ["venue=binance&instrument=BTC%00USDT&timeframe=1m", 400, "invalid-parameter", "instrument", "printable"],
  ["venue=bin%00ance&instrument=BTC-USDT&timeframe=1m", 400, "invalid-parameter", "venue", "printable"],
  ["venue=binance&instrument=BTC-USDT%0A&timeframe=1m", 400, "invalid-parameter", "instrument", "printable"],
  [`${KEY}&anchor=%00`, 400, "invalid-parameter", "anchor", "printable"],
  [`${KEY}&cursor=%00`, 400, "invalid-parameter", "cursor", "printable"],
  [`${KEY}&anchor=Europe/Paris`, 400, "unknown-anchor", "anchor", "UTC"],
  ["venue=binance&instrument=BTC-USDT&timeframe=2m", 400, "unknown-timeframe", "timeframe", "1m"],
  ["venue=binance&instrument=btcusdt&timeframe=1m", 404, "unknown-instrument", "instrument", "did you mean BTC-USDT?"],
  ["venue=binance&instrument=BTC%2FUSDT&timeframe=1m", 404, "unknown-instrument", "instrument", "did you mean BTC-USDT?"],
  ["venue=Binance&instrument=BTC-USDT&timeframe=1m", 404, "unknown-instrument", "venue", "did you mean venue binance?"],
  ["venue=BINANCE&instrument=btcusdt&timeframe=1m", 404, "unknown-instrument", "venue", "venue binance and instrument BTC-USDT?"],
  ["venue=binance&instrument=btc-usdt&timeframe=1m", 404, "unknown-instrument", "instrument", "did you mean BTC-USDT?"],
  ["venue=binance&instrument=binance:BTC-USDT&timeframe=1m", 404, "unknown-instrument", "instrument", "did you mean BTC-USDT?"],
  ["instrument=Binance:BTC_USDT&timeframe=1m", 404, "unknown-instrument", "venue", "venue binance and instrument BTC-USDT?"],
  ["venue=lean&instrument=spy&timeframe=1m", 404, "unknown-instrument", "instrument", "did you mean SPY?"],
  ["venue=binance&instrument=BTC-USDT&instrument=X&timeframe=1m", 400, "invalid-parameter", "instrument", "once"],
])("%s is answered %i %s", async (query, status, code, field, fix) => {
  const answer = await gateway.get(`/api/v1/candles?${query}`);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.body).toMatchObject({
    status,
    code,
    field,
    fix: expect.stringContaining(fix),
    requestId: answer.headers.get("x-request-id"),
  });
  expect(answer.status).toBe(status);
});

test("empty parameters are absent ones, in the cursor too", async () => {
  const { body } = await gateway.get(`/api/v1/candles?${KEY}&anchor=&session=&state=&columns=&from=${START}&to=&limit=2&cursor=`);
  expect(body.data).toEqual(candles.slice(0, 2));
  const next = await gateway.get(`/api/v1/candles?${KEY}&from=${START}&limit=2&cursor=${body.cursor}`);
  expect(next.body.data).toEqual(candles.slice(2, 4));
  expect((await gateway.get("/api/v1/instruments?venue=")).body.data).toHaveLength(2);
});

test("a cursor whose text no database takes is refused", async () => {
  const path = `/api/v1/trades?venue=binance&instrument=BTC-USDT&limit=1&from=${START}`;
  const { cursor } = (await gateway.get(path)).body;
  const forged = JSON.parse(Buffer.from(cursor, "base64url").toString());
  forged[5][1] = "a\0";
  const answer = await gateway.get(`${path}&cursor=${Buffer.from(JSON.stringify(forged)).toString("base64url")}`);
  expect(answer.body).toMatchObject({ status: 400, code: "invalid-cursor" });
});

test("a venue that is nearly one of ours is no empty list", async () => {
  expect((await gateway.get("/api/v1/instruments?venue=Binance")).body).toMatchObject({ status: 404, fix: "did you mean venue binance?" });
  expect((await gateway.get("/api/v1/instruments?venue=a%00")).body).toMatchObject({ status: 400, code: "invalid-parameter" });
  expect((await gateway.get("/api/v1/instruments?venue=kraken")).body).toEqual({ data: [], cursor: null });
});

test("all faults of a request are told at once, the caller's request id is kept", async () => {
  const answer = await request(`${gateway.url}/api/v1/candles?instrument=X&from=x&limit=x`, { headers: { "x-request-id": "mine-1" } });
  expect(answer.body.errors.map((fault: { field: string }) => fault.field)).toEqual(["venue", "from", "limit"]);
  expect(answer.body.requestId).toBe("mine-1");
});

test("a cursor is bound to its query, not to its limit", async () => {
  const { cursor } = (await gateway.get(`/api/v1/candles?${KEY}&from=${START}&limit=10`)).body;
  const other = await gateway.get(`/api/v1/candles?${KEY}&from=${START + MINUTE}&limit=10&cursor=${cursor}`);
  expect(other.body).toMatchObject({ status: 400, code: "cursor-mismatch" });
  const more = await gateway.get(`/api/v1/candles?${KEY}&from=${START}&limit=20&cursor=${cursor}`);
  expect(more.body.data).toEqual(candles.slice(10, 30));
});

test("the range decides the timeframe where none is named, and the answer says which", async () => {
  const chosen = async (query: string): Promise<[string, number, string | null]> => {
    const { body } = await gateway.get(`/api/v1/candles?venue=binance&instrument=BTC-USDT&${query}`);
    return [body.timeframe, body.data.length, body.cursor];
  };
  const range = `from=${START}&to=${START + 600 * MINUTE}`;
  expect(await chosen(`${range}&limit=600`)).toEqual(["1m", 600, null]);
  expect(await chosen(`${range}&limit=599&timeframe=auto`)).toEqual(["3m", 0, null]);
  expect(await chosen(`from=${START}&to=${START + 400 * 1_440 * MINUTE}`)).toEqual(["1d", 0, null]);
  expect((await gateway.get("/api/v1/candles?instrument=binance:BTC-USDT&timeframe=auto")).body).toMatchObject({
    status: 400,
    code: "missing-parameter",
    field: "from",
  });
  expect((await gateway.get("/api/v1/candles?instrument=binance:BTC-USDT")).body).toMatchObject({ status: 400, field: "timeframe" });
});

test("instruments tell from when they can be rebuilt", async () => {
  const { body } = await gateway.get("/api/v1/instruments");
  expect(body.data.map((row: { instrument: string }) => row.instrument)).toEqual(["BTC-USDT", "SPY"]);
  expect(body.data[0]).toMatchObject({
    venueSymbol: "BTCUSDT",
    anchor: "UTC",
    rebuildableFrom: START,
    lastTradeTime: START + MINUTE,
    priceScale: 2,
    firstCandleTime: START,
    lastCandleTime: START + (COUNT - 1) * MINUTE,
    live: false,
    sources: [],
  });
  // none of its trades is on record any more, and the last one was within a session
  expect(body.data[1]).toMatchObject({
    anchor: "America/New_York",
    firstCandleTime: null,
    firstTradeTime: START,
    rebuildableFrom: START + 2 * MINUTE,
  });
  expect((await gateway.get("/api/v1/instruments?venue=lean")).body.data).toHaveLength(1);
});

test("an instrument is live while the clock of a connection that lists it goes on", async () => {
  const listed = {
    venue: "binance",
    instrument: "BTC-USDT",
    venueSymbol: "BTCUSDT",
    calendar: "crypto",
    kind: "spot",
    contractSize: 1,
    priceScale: 2,
    sizeScale: 5,
    closeDelayMs: 250,
  };
  const time = Date.now() * 1_000;
  const told = { venue: "binance", connection: "spot-1", state: "live", time, version: 1, instruments: [listed], reason: "" };
  const ticks = { venue: "binance", connection: "spot-1", time, state: "live", version: 1, held: [] };
  const data = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  await gateway.bus.publishBatch([
    { subject: subjectOf(status, { venue: "binance", connection: "spot-1" }), headers: {}, data: data(told) },
  ]);
  const state = async () => (await gateway.get("/api/v1/instruments?venue=binance")).body.data[0];
  await until(async () => (await state()).sources.length === 1, "the connection");
  expect(await state()).toMatchObject({ live: false, sources: [{ connection: "spot-1", state: "down" }] });
  await gateway.bus.publishBatch([
    { subject: subjectOf(clock, { venue: "binance", connection: "spot-1" }), headers: {}, data: data(ticks) },
  ]);
  await until(async () => (await state()).live, "live");
  expect((await state()).sources).toEqual([{ connection: "spot-1", state: "live" }]);
});

test("the page and all it loads come from the gateway; other routes and methods are problems", async () => {
  for (const path of ["/", "/docs"]) {
    const page = await gateway.get(path);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    const loaded = [...(page.body as string).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string);
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of loaded) {
      expect(url).toMatch(/^\//);
      const file = await gateway.get(url);
      expect([url, file.status]).toEqual([url, 200]);
      expect(file.headers.get("cache-control")).toBe(url.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    }
  }
  expect((await gateway.get("/assets/page-0.js")).status).toBe(404);
  expect((await gateway.get("/licenses")).body).toContain("TradingView");
  expect((await gateway.get("/api/v1/candle")).body).toMatchObject({
    status: 404,
    code: "unknown-route",
    fix: "did you mean /api/v1/candles?",
  });
  expect((await request(`${gateway.url}/api/v1/candles`, { method: "POST" })).status).toBe(405);
});
