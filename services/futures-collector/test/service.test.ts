import { futures } from "@tickfleet/contracts/context-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { type ServedPerpetual, startBinanceUsdmServer } from "@tickfleet/testkit/binance-usdm-server";
import { type ContextSurroundings, openContextSurroundings, type PublishedContext } from "@tickfleet/testkit/context-surroundings";
import { type ServiceUnderTest, spawnService } from "@tickfleet/testkit/process";
import { DEMO_INSTRUMENTS } from "@tickfleet/venues/demo/instruments";
import { demoFundingsBefore, demoPerpetualAt } from "@tickfleet/venues/demo/perpetuals";
import { expect, test, vi } from "vitest";

const HOUR_MS = 3_600_000;
const EVERY_SECOND = "* * * * * *";
/** 2026-12-04T08:00:00Z */
const FUNDING_TIME = 1_796_371_200_000;

const PERPETUALS: readonly ServedPerpetual[] = [
  {
    symbol: "BTCUSDT",
    openInterest: "81402.517",
    markPrice: "69502.20000000",
    indexPrice: "69498.90000000",
    fundingRate: "0.00010000",
    nextFundingTime: FUNDING_TIME + 8 * HOUR_MS,
    fundingIntervalHours: null,
    settled: [0, 1, 2].map((i) => ({ fundingTime: FUNDING_TIME - (2 - i) * 8 * HOUR_MS + 3, fundingRate: `0.0000${i}000` })),
  },
  {
    symbol: "ETHUSDT",
    openInterest: "1500000.250",
    markPrice: "3099.10000000",
    indexPrice: "3100.00000000",
    fundingRate: "-0.00025000",
    nextFundingTime: FUNDING_TIME + 4 * HOUR_MS,
    fundingIntervalHours: 4,
    settled: [],
  },
];

type Published = PublishedContext<typeof futures>;

type Surroundings = ContextSurroundings<typeof futures>;

async function openSurroundings(): Promise<Surroundings> {
  const around = await openContextSurroundings(["ingest", "futures-collector"], futures);
  around.env["FUTURES_LEASE_MS"] = "1500";
  return around;
}

async function components(of: ServiceUnderTest): Promise<Record<string, { ok: boolean; detail: string }>> {
  const answer = await fetch(`http://127.0.0.1:${of.opsPort}/readyz`);
  return ((await answer.json()) as { components: Record<string, { ok: boolean; detail: string }> }).components;
}

async function publishedAtLeast(around: Surroundings, count: number): Promise<Published[]> {
  return vi.waitFor(
    async () => {
      const published = await around.published();
      expect(published.length).toBeGreaterThanOrEqual(count);
      return published;
    },
    { timeout: 90_000, interval: 200 },
  );
}

/** The same minute of an instrument is told once. */
function expectOncePerMinute(published: readonly Published[]): void {
  const keys = published.map(({ subject, payload }) => `${subject} ${payload.validFrom}`);
  expect(keys.length).toBe(new Set(keys).size);
}

test.concurrent("the demo's perpetuals are functions of seed and minute, valid a minute after they were stored, and told once over a kill", async () => {
  await using around = await openSurroundings();
  const env = { ...around.env, FUTURES_SOURCES: "demo", FUTURES_SCHEDULE: EVERY_SECOND };
  await using service = await spawnService("futures-collector", env);
  const first = await publishedAtLeast(around, DEMO_INSTRUMENTS.length);
  for (const demo of DEMO_INSTRUMENTS) {
    const { payload, subject, id } = first.find(({ payload: { asset } }) => demo.instrument === `${asset}-USDT`) as Published;
    const minute = Math.floor(payload.time / 60_000);
    // read at the end of a minute, it may be stored at the start of the next
    const expected = [minute, minute - 1].map((at) => demoPerpetualAt(7, demo, at));
    const { openInterest, markPrice, indexPrice, fundingRate, nextFundingTime, fundingIntervalHours } = payload;
    expect(expected).toContainEqual(expect.objectContaining({ openInterest, markPrice, indexPrice, fundingRate, nextFundingTime }));
    expect(subject).toBe(subjectOf(futures, { venue: "demo", instrument: `${demo.instrument}-PERP` }));
    expect(id).toBe(`futures:demo:${demo.instrument}-PERP:${payload.validFrom}`);
    expect(fundingIntervalHours).toBe(8);
    expect(payload.fundingApr).toBeCloseTo((fundingRate as number) * 3 * 365 * 100, 10);
    expect(payload.openInterestNotional).toBe(Number(((openInterest as number) * (markPrice as number)).toPrecision(12)));
    expect(payload.ttlMs).toBe(300_000);
  }
  await expect
    .poll(
      async () =>
        Number(
          (await around.database.query("select count(*) from futures_collector.leverage_snapshots where published_time is null"))[0]?.[
            "count"
          ],
        ),
      { timeout: 10_000 },
    )
    .toBe(0);
  const lead = await around.database.query<{ least: number; most: number }>(
    `select extract(epoch from min(valid_from - published_time))::float8 as least, extract(epoch from max(valid_from - time))::float8 as most
     from futures_collector.pub_leverage_snapshots`,
  );
  expect(lead[0]?.least).toBeGreaterThanOrEqual(60);
  expect(lead[0]?.most).toBeLessThan(123);
  const settled = await around.database.query<{ time: Date; rate: number }>(
    "select time, rate from futures_collector.pub_funding_rates where kind = 'settled' and instrument = 'BTC-USDT-PERP' order by time",
  );
  const paid = demoFundingsBefore(7, DEMO_INSTRUMENTS[0] as (typeof DEMO_INSTRUMENTS)[number], Date.now());
  expect(settled.map(({ time, rate }) => [time.getTime(), rate])).toEqual(paid.map(({ fundingTime, rate }) => [fundingTime, rate]));

  await service.kill();
  await using next = await spawnService("futures-collector", env);
  const all = await publishedAtLeast(around, 2 * DEMO_INSTRUMENTS.length);
  expectOncePerMinute(all);
  expect(all.slice(0, first.length)).toEqual(first);
  expect((await next.stop()).code).toBe(0);
});

test.concurrent("Binance's contracts have the interval that the venue lists, 8 h where it lists none, and what it settles apart", async ({
  expect,
}) => {
  await using around = await openSurroundings();
  await using venue = await startBinanceUsdmServer(PERPETUALS);
  await using _service = await spawnService("futures-collector", {
    ...around.env,
    FUTURES_SOURCES: "binance-usdm",
    FUTURES_BINANCE_URL: venue.url,
  });
  const published = await publishedAtLeast(around, 2);
  const [btc, eth] = ["BTC", "ETH"].map((asset) => published.find(({ payload }) => payload.asset === asset)?.payload);
  expect(btc).toMatchObject({
    venue: "binance-usdm",
    instrument: "BTC-USDT-PERP",
    openInterest: 81_402.517,
    openInterestNotional: Number((81_402.517 * 69_502.2).toPrecision(12)),
    fundingRate: 0.0001,
    fundingIntervalHours: 8,
    fundingApr: 10.95,
    nextFundingTime: FUNDING_TIME + 8 * HOUR_MS,
  });
  expect(btc?.basisBps).toBeCloseTo((3.3 / 69_498.9) * 1e4, 8);
  expect(eth).toMatchObject({
    fundingIntervalHours: 4,
    fundingApr: Number((-0.00025 * 6 * 365 * 100).toPrecision(12)),
    basisBps: -2.90322580645,
  });
  const funding = () =>
    around.database.query(
      `select instrument, kind, extract(epoch from funding_time)::float8 * 1000 as time, rate, interval_hours as hours, apr
       from futures_collector.pub_funding_rates order by instrument, kind, time`,
    );
  await expect.poll(async () => (await funding()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(5);
  const rows = (await funding()).filter(({ instrument }) => instrument === "BTC-USDT-PERP");
  expect(rows.filter(({ kind }) => kind === "settled")).toEqual([
    { instrument: "BTC-USDT-PERP", kind: "settled", time: FUNDING_TIME - 16 * HOUR_MS + 3, rate: 0, hours: null, apr: null },
    { instrument: "BTC-USDT-PERP", kind: "settled", time: FUNDING_TIME - 8 * HOUR_MS + 3, rate: 0.00001, hours: 8, apr: 1.095 },
    { instrument: "BTC-USDT-PERP", kind: "settled", time: FUNDING_TIME + 3, rate: 0.00002, hours: 8, apr: 2.19 },
  ]);
  expect(rows).toContainEqual(
    expect.objectContaining({ kind: "predicted", time: FUNDING_TIME + 8 * HOUR_MS, rate: 0.0001, hours: 8, apr: 10.95 }),
  );
  expect(venue.requests.filter(({ path }) => path.includes("fundingInfo"))).toHaveLength(1);
  expect(venue.requests.every(({ headers }) => headers["x-mbx-apikey"] === undefined)).toBe(true);
});

test.concurrent("a venue that bans, fails or talks nonsense is told on /readyz; the other goes on, and it is read again when it answers", async ({
  expect,
}) => {
  await using around = await openSurroundings();
  await using venue = await startBinanceUsdmServer(PERPETUALS);
  venue.answerWith({ status: 418, body: { code: -1003, msg: "Way too many requests." }, headers: { "retry-after": "6" } });
  const env = { ...around.env, FUTURES_SOURCES: "binance-usdm,demo", FUTURES_BINANCE_URL: venue.url, FUTURES_SCHEDULE: EVERY_SECOND };
  const began = Date.now();
  await using service = await spawnService("futures-collector", env);
  await publishedAtLeast(around, DEMO_INSTRUMENTS.length);
  const detail = async () => (await components(service))["source binance-usdm"]?.detail ?? "";
  expect(await components(service)).toMatchObject({ "source demo": { ok: true, detail: "" }, "source binance-usdm": { ok: true } });
  await expect.poll(detail, { timeout: 30_000 }).toMatch(/2 of 2 not read.*rate limited for \d s more/);
  const asked = venue.requests.length;
  // one round of each ban of 6 s
  expect(asked).toBeLessThanOrEqual(6 * (1 + Math.floor((Date.now() - began) / 6_000)));
  venue.answerWith({ body: { code: -1000, msg: "An unknown error occurred." } }, "premiumIndex");
  await expect.poll(detail, { timeout: 15_000 }).toMatch(/HTTP 200, request refused: -1000 An unknown error/);
  venue.answerWith({ text: '{"symbol":"BTCUSDT","openInt' }, "openInterest");
  await expect.poll(detail, { timeout: 15_000 }).toMatch(/expected JSON|not asked, 5 requests failed/);
  venue.answerWith(null);
  await expect.poll(detail, { timeout: 15_000 }).toBe("");
  const venues = new Set((await publishedAtLeast(around, DEMO_INSTRUMENTS.length + 2)).map(({ payload }) => payload.venue));
  expect(venues).toEqual(new Set(["demo", "binance-usdm"]));
});

test.concurrent("while the intervals cannot be read, the yearly rate is unknown and not assumed", async () => {
  await using around = await openSurroundings();
  await using venue = await startBinanceUsdmServer(PERPETUALS);
  venue.answerWith({ status: 403, body: "" }, "fundingInfo");
  await using _service = await spawnService("futures-collector", {
    ...around.env,
    FUTURES_SOURCES: "binance-usdm",
    FUTURES_BINANCE_URL: venue.url,
  });
  const published = await publishedAtLeast(around, 2);
  for (const { payload } of published) {
    expect(payload).toMatchObject({ fundingIntervalHours: null, fundingApr: null });
    expect(payload.fundingRate).not.toBeNull();
  }
});

test.concurrent("of two processes one works; when it is killed the other takes over, and no minute is told twice", async ({ expect }) => {
  await using around = await openSurroundings();
  const env = { ...around.env, FUTURES_SOURCES: "demo", FUTURES_SCHEDULE: EVERY_SECOND };
  await using first = await spawnService("futures-collector", env);
  await using second = await spawnService("futures-collector", env);
  const before = await publishedAtLeast(around, DEMO_INSTRUMENTS.length);
  expect((await components(second))["polling"]).toEqual({ ok: true, detail: "another process polls; this one waits" });
  await first.kill();
  const began = Date.now();
  await expect.poll(async () => (await components(second))["polling"]?.detail, { timeout: 20_000 }).toBe("");
  expect(Date.now() - began).toBeLessThan(10_000);
  const after = await publishedAtLeast(around, before.length + DEMO_INSTRUMENTS.length);
  expectOncePerMinute(after);
});

test.concurrent("what a process stored and did not send is sent by the next one as it was stored, unless it is too late", async () => {
  await using around = await openSurroundings();
  const validFrom = (Math.floor(Date.now() / 60_000) + 5) * 60_000;
  await around.database.query(
    `insert into futures_collector.leverage_snapshots (venue, instrument, asset, time, valid_from, open_interest, mark_price)
     select 'demo', 'BTC-USDT-PERP', 'BTC', now(), to_timestamp($1::float8 / 1000) + shift, 123.5, 7 from unnest($2::interval[]) as late(shift)`,
    [validFrom, ["0", "-5 minutes"]],
  );
  await using _service = await spawnService("futures-collector", { ...around.env, FUTURES_SOURCES: "demo" });
  const published = await publishedAtLeast(around, DEMO_INSTRUMENTS.length + 1);
  const own = published.filter(({ payload }) => payload.openInterest === 123.5);
  expect(own.map(({ payload }) => payload.validFrom)).toEqual([validFrom]);
  expect(own[0]?.payload).toMatchObject({ markPrice: 7, indexPrice: null, fundingApr: null, basisBps: null });
});

test.concurrent("without a source it is ready, idle, and says which variable to set", async () => {
  await using around = await openSurroundings();
  await using service = await spawnService("futures-collector", around.env);
  expect((await components(service))["sources"]).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/idle.*FUTURES_SOURCES=binance-usdm/),
  });
  expect(await around.published()).toEqual([]);
  expect((await service.stop()).code).toBe(0);
});
