import { type BinanceServer, type ServedTrade, startBinanceServer } from "@tickfleet/testkit/binance-server";
import { isLong } from "@tickfleet/testkit/long-form";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFixture, type IngestFixture } from "./ingest-process.ts";

let fixture: IngestFixture;
let venue: BinanceServer;
let nextId: number;
let feeding: NodeJS.Timeout;
let environment: Record<string, string>;

beforeEach(async () => {
  nextId = 1_000;
  venue = await startBinanceServer({ pingMs: 200 });
  fixture = await createFixture();
  environment = {
    INGEST_SOURCES: "binance",
    INGEST_BINANCE_INSTRUMENTS: "BTC-USDT",
    INGEST_BINANCE_WS_URL: venue.streamUrl,
    INGEST_BINANCE_REST_URL: venue.restUrl,
    INGEST_BINANCE_LIVENESS_MS: "2000",
    INGEST_BINANCE_KEY: "any",
  };
  await fixture.start(environment);
  await expect.poll(() => venue.clients(), { timeout: 20_000 }).toBe(1);
  feeding = setInterval(() => trade(), 10);
  await expect.poll(count, { timeout: 20_000 }).toBeGreaterThan(20);
});
afterEach(async () => {
  clearInterval(feeding);
  await fixture.close();
  await venue.close();
});

/** The next trade happens; nobody hears of it while the link is cut, but REST knows it. */
function trade(): ServedTrade {
  const made: ServedTrade = { id: nextId, price: "60000.10", size: "0.00100", timeMs: venue.now(), buyerIsMaker: nextId % 2 === 0 };
  nextId += 1;
  venue.pushTrade("BTCUSDT", made);
  return made;
}

async function count(): Promise<number> {
  const [row] = await fixture.database.query<{ count: number }>("select count(*)::int as count from ingest.pub_trades");
  return row?.count ?? 0;
}

async function gaps(): Promise<{ state: string; missing: number | null; filled: number; reason: string }[]> {
  return fixture.database.query("select state, missing::int, filled::int, reason from ingest.pub_gaps order by from_time");
}

/** What the messages of a kind said, in order. */
async function told(kind: string): Promise<Record<string, unknown>[]> {
  const rows = await fixture.database.query<{ payload: Record<string, unknown> }>(
    "select payload from ingest.pub_market_events where kind = $1 order by input_generation, input_seq",
    [kind],
  );
  return rows.map((row) => row.payload);
}

async function recordedAll(): Promise<void> {
  await expect.poll(async () => (await count()) === nextId - (await firstId()), { timeout: 15_000 }).toBe(true);
}

async function firstId(): Promise<number> {
  const [row] = await fixture.database.query<{ first: number }>("select min(source_seq)::int as first from ingest.pub_trades");
  return row?.first ?? 0;
}

test("a cut is told at once, held in the clocks, and filled over REST", async () => {
  venue.cut();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  venue.restore();
  await expect.poll(gaps, { timeout: 20_000 }).toMatchObject([{ state: "filled", reason: "reconnect" }]);
  clearInterval(feeding);
  await recordedAll();
  const [gap] = await gaps();
  expect(gap?.filled).toBeGreaterThan(100);
  const [filled] = await fixture.database.query<{ count: number }>(
    "select count(*)::int as count from ingest.pub_trades where fill is not null",
  );
  expect(filled?.count).toBe(gap?.filled);
  expect((await told("status")).map((status) => status["state"])).toEqual(["live", "down", "live"]);
  const clocks = await told("clock");
  const down = clocks.filter((clock) => clock["state"] === "down");
  expect(down.length).toBeGreaterThanOrEqual(2);
  expect(new Set(down.map((clock) => clock["time"])).size).toBe(1);
  // told again once the next id shows how many are missing, where that is before the fill
  const states = (await told("gap")).map((message) => message["state"]);
  expect([new Set(states), states.at(-1)]).toEqual([new Set(["open", "filled"]), "filled"]);
});

test("with REST refusing the gap stays unfilled, and trading goes on", async () => {
  venue.refuseRest(403);
  venue.cut();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  venue.restore();
  await expect.poll(gaps, { timeout: 30_000 }).toMatchObject([{ state: "unfilled", filled: 0 }]);
  const before = await count();
  await expect.poll(count, { timeout: 10_000 }).toBeGreaterThan(before + 20);
});

test("with REST out of order the gap stays open until it works again", async () => {
  venue.refuseRest(503);
  venue.cut();
  await new Promise((resolve) => setTimeout(resolve, 500));
  venue.restore();
  await expect.poll(gaps, { timeout: 20_000 }).toMatchObject([{ state: "open", filled: 0 }]);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await gaps()).toMatchObject([{ state: "open", filled: 0 }]);
  venue.refuseRest(null);
  await expect.poll(gaps, { timeout: 30_000 }).toMatchObject([{ state: "filled" }]);
  clearInterval(feeding);
  await recordedAll();
});

test.each(isLong ? [429, 503] : [503])(
  "a gap of several pages outlives HTTP %i on the later ones, and the first ones are asked for once",
  async (status) => {
    venue.cut();
    const first = nextId;
    for (let i = 0; i < 3_500; i++) trade();
    venue.refuseRest(status, 1, "fromId=");
    venue.restore();
    const asked = (): string[] => venue.requests.filter((request) => request.includes("fromId="));
    await expect.poll(() => asked().length, { timeout: 20_000 }).toBeGreaterThan(0);
    const from = Number(/fromId=(\d+)/.exec(asked()[0] as string)?.[1]);
    expect(from).toBeLessThanOrEqual(first);
    venue.refuseRest(status, 1, `fromId=${from + 1_000}`);
    await expect
      .poll(() => asked().filter((request) => request.includes(`fromId=${from + 1_000}`)).length, { timeout: 90_000 })
      .toBeGreaterThan(1);
    await expect.poll(gaps, { timeout: 10_000 }).toMatchObject([{ state: "open" }]);
    const firstPage = asked().filter((request) => request.endsWith(`fromId=${from}`)).length;
    venue.refuseRest(null);
    await expect.poll(gaps, { timeout: 90_000 }).toMatchObject([{ state: "filled" }]);
    expect(asked().filter((request) => request.endsWith(`fromId=${from}`)).length).toBe(firstPage);
    clearInterval(feeding);
    await recordedAll();
  },
);

test("a process that comes back while the venue is away says that the connection is down, and its clock stands", async () => {
  await fixture.kill();
  venue.cut();
  await fixture.start(environment);
  const down = async (): Promise<Record<string, unknown>[]> => (await told("clock")).filter((clock) => clock["state"] === "down");
  await expect.poll(async () => (await down()).length, { timeout: 20_000 }).toBeGreaterThan(1);
  expect((await told("status")).map((status) => [status["state"], status["reason"]])).toEqual([
    ["live", "connected"],
    ["down", "restarted"],
  ]);
  expect(new Set((await down()).map((clock) => clock["time"])).size).toBe(1);
  venue.restore();
  // the next attempts at the venue may lie half a minute apart by now
  await expect.poll(gaps, { timeout: 100_000 }).toMatchObject([{ state: "filled", reason: "reconnect" }]);
  clearInterval(feeding);
  await recordedAll();
});

test("1,000 trades sent twice are recorded once", async () => {
  clearInterval(feeding);
  const sent = Array.from({ length: 1_000 }, () => trade());
  for (const each of sent) venue.sendTrade("BTCUSDT", each);
  const last = trade();
  await recordedAll();
  expect((await fixture.database.query(`select from ingest.pub_trades where source_seq = ${last.id}`)).length).toBe(1);
  expect(await gaps()).toEqual([]);
});

test("frames that cannot be read and impossible trades are kept with their reason", async () => {
  const frames = [
    "{",
    '{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"x","q":"1","T":1,"m":true}}',
    '{"e":"trade","s":"BTCUSDT"}',
  ];
  for (const frame of frames) venue.pushRaw(frame);
  venue.sendTrade("BTCUSDT", { ...trade(), id: nextId++, price: "0.00000" });
  venue.sendTrade("BTCUSDT", { ...trade(), id: nextId++, timeMs: venue.now() + 6_500 });
  await expect
    .poll(() => fixture.database.query("select reason, raw, instrument from ingest.pub_quality_events order by id"), { timeout: 10_000 })
    .toMatchObject([
      { raw: frames[0] },
      { raw: frames[1], instrument: "BTC-USDT" },
      { raw: frames[2] },
      { reason: expect.stringMatching(/price above 0/) },
      { reason: expect.stringContaining("ahead of the clock") },
    ]);
});

test("a silent connection is given up; a killed process takes up the gap that its death made", async () => {
  venue.silence();
  await expect
    .poll(async () => (await told("status")).map((status) => status["state"]), { timeout: 20_000 })
    .toEqual(["live", "down", "live"]);
  await expect.poll(gaps, { timeout: 20_000 }).toMatchObject([{ state: "filled" }]);
  await fixture.kill();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await fixture.start(environment);
  await expect.poll(gaps, { timeout: 20_000 }).toMatchObject([{ state: "filled" }, { state: "filled" }]);
  clearInterval(feeding);
  await recordedAll();
});
