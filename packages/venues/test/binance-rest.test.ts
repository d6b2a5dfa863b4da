import type { Instrument } from "@tickfleet/market/instrument";
import { type BinanceServer, type ServedTrade, startBinanceServer } from "@tickfleet/testkit/binance-server";
import { createBinanceRest } from "@tickfleet/venues/binance/rest";
import { RestError } from "@tickfleet/venues/json-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const past: ServedTrade[] = Array.from({ length: 2_500 }, (_, i) => ({
  id: i + 1,
  price: "60000.10000000",
  size: "0.00100000",
  timeMs: 1_900_000_000_000 + i,
  buyerIsMaker: i % 2 === 0,
}));

let server: BinanceServer;
let btc: Instrument;

beforeEach(async () => {
  server = await startBinanceServer({ trades: { BTCUSDT: past }, aheadMs: 1_270 });
  [btc] = (await createBinanceRest({ baseUrl: server.restUrl }).listInstruments(["BTC-USDT"])) as [Instrument];
});
afterEach(() => server.close());

describe("REST of Binance", () => {
  it("lists instruments under their canonical names", async () => {
    const rest = createBinanceRest({ baseUrl: server.restUrl });
    expect(btc).toEqual({
      venue: "binance",
      instrument: "BTC-USDT",
      venueSymbol: "BTCUSDT",
      calendar: "crypto",
      kind: "spot",
      contractSize: 1,
      priceScale: 2,
      sizeScale: 5,
      closeDelayMs: 250,
    });
    expect((await rest.listInstruments()).map(({ instrument }) => instrument)).toEqual(["BTC-USDT", "ETH-USDT"]);
    await expect(rest.listInstruments(["BTC-USDT", "NO-SUCH"])).rejects.toThrow(/-1121 Invalid symbol/);
  });

  it("measures how far the venue's clock is ahead", async () => {
    const offsetUs = await createBinanceRest({ baseUrl: server.restUrl }).measureOffset();
    expect(offsetUs).toBeGreaterThan(-1_300_000);
    expect(offsetUs).toBeLessThan(-1_240_000);
  });

  it("fills a gap from the last 1,000 trades", async () => {
    const { trades, complete, reached } = await createBinanceRest({ baseUrl: server.restUrl }).fillGap(btc, 1_900, 2_000);
    expect(trades.map((trade) => trade.sourceSeq)).toEqual(Array.from({ length: 101 }, (_, i) => 1_900 + i));
    expect(trades[0]).toMatchObject({ instrument: "BTC-USDT", epoch: "", flag: "buy", price: { value: 600001, scale: 1 } });
    expect([complete, reached]).toEqual([true, "all 101 trades"]);
  });

  it("fills to the newest trade where no end is known", async () => {
    const { trades, complete } = await createBinanceRest({ baseUrl: server.restUrl }).fillGap(btc, 2_400, null);
    expect([trades.length, trades.at(-1)?.sourceSeq, complete]).toEqual([101, 2_500, true]);
    const nothing = await createBinanceRest({ baseUrl: server.restUrl }).fillGap(btc, 2_501, null);
    expect(nothing).toMatchObject({ trades: [], complete: true });
  });

  it("says how far it reached where the older trades need a key", async () => {
    const { trades, complete, reached } = await createBinanceRest({ baseUrl: server.restUrl }).fillGap(btc, 100, 2_000);
    expect([trades.length, complete]).toEqual([500, false]);
    expect(reached).toBe("500 of 1901 trades, back to id 1501; older ones need an API key");
  });

  it("reaches older trades page by page with a key", async () => {
    const { trades, complete } = await createBinanceRest({ baseUrl: server.restUrl, apiKey: "any" }).fillGap(btc, 100, 2_000);
    expect([trades.length, trades[0]?.sourceSeq, complete]).toEqual([1_901, 100, true]);
    expect(server.requests.filter((request) => request.includes("historicalTrades")).length).toBe(2);
  });

  it("gives the pages that came before a fault, and says that the others may come later", async () => {
    const rest = createBinanceRest({ baseUrl: server.restUrl, apiKey: "any", attempts: 2 });
    server.refuseRest(503, undefined, "fromId=1100");
    const cut = await rest.fillGap(btc, 100, 2_000);
    expect([cut.trades.length, cut.complete, cut.mayPass]).toEqual([1_500, false, true]);
    expect(cut.reached).toMatch(/HTTP 503/);
    server.refuseRest(null);
    expect(await rest.fillGap(btc, 1_100, 2_000)).toMatchObject({ complete: true, mayPass: false });
  });

  it("says that a refusal for want of a key does not pass", async () => {
    expect(await createBinanceRest({ baseUrl: server.restUrl }).fillGap(btc, 100, 2_000)).toMatchObject({ mayPass: false });
  });

  it("keeps the newest trades where the next request for them fails", async () => {
    const rest = createBinanceRest({ baseUrl: server.restUrl, attempts: 2 });
    const answer = rest.fillGap(btc, 2_400, 2_501);
    await expect.poll(() => server.requests.filter((request) => request.includes("/trades?")).length).toBe(1);
    server.refuseRest(503);
    expect(await answer).toMatchObject({ trades: { length: 101 }, complete: false, mayPass: true });
  });

  it("takes the others where one trade cannot be read", async () => {
    const bad = { ...(past[0] as ServedTrade), id: 2_501, price: "x" };
    for (const trade of [bad, { ...bad, id: 2_502, price: "60000.20000000" }]) server.pushTrade("BTCUSDT", trade);
    const { trades, complete } = await createBinanceRest({ baseUrl: server.restUrl }).fillGap(btc, 2_500, 2_502);
    expect([trades.map((trade) => trade.sourceSeq), complete]).toEqual([[2_500, 2_502], false]);
  });

  it("waits a moment for trades that the stream knew first", async () => {
    setTimeout(() => server.pushTrade("BTCUSDT", { ...(past[0] as ServedTrade), id: 2_501 }), 150);
    const { trades, complete } = await createBinanceRest({ baseUrl: server.restUrl }).fillGap(btc, 2_500, 2_501);
    expect([trades.length, complete]).toEqual([2, true]);
  });

  it("asks nothing while it is rate limited", async () => {
    const rest = createBinanceRest({ baseUrl: server.restUrl });
    server.refuseRest(429, 60);
    const asked = server.requests.length;
    await expect(rest.fillGap(btc, 1, null)).rejects.toMatchObject({
      name: "RestError",
      status: 429,
      code: -1003,
      retryAfterMs: 60_000,
    });
    server.refuseRest(null);
    await expect(rest.fillGap(btc, 1, null)).rejects.toThrow(/not asked, rate limited for \d+ s more/);
    expect(server.requests.length).toBe(asked + 1);
  });

  it("waits a short limit out", async () => {
    const rest = createBinanceRest({ baseUrl: server.restUrl });
    server.refuseRest(429, 1);
    const answer = rest.fillGap(btc, 2_500, null);
    setTimeout(() => server.refuseRest(null), 500);
    expect(await answer).toMatchObject({ complete: true });
  });

  it("tries again after a fault of the venue, and rests after several", async () => {
    const rest = createBinanceRest({ baseUrl: server.restUrl, attempts: 2 });
    server.refuseRest(500);
    const asked = server.requests.length;
    await expect(rest.measureOffset()).rejects.toThrow(/HTTP 500, a fault of the venue/);
    expect(server.requests.length).toBe(asked + 2);
    await expect(rest.measureOffset()).rejects.toThrow(RestError);
    await expect(rest.measureOffset()).rejects.toThrow(/not asked, 5 requests failed in a row|HTTP 500/);
    await expect(rest.measureOffset()).rejects.toThrow(/not asked, 5 requests failed in a row/);
    expect(server.requests.length).toBe(asked + 5);
  });

  it("says plainly that a region is not served, and that nobody answers", async () => {
    server.refuseRest(451);
    await expect(createBinanceRest({ baseUrl: server.restUrl }).measureOffset()).rejects.toThrow(
      /HTTP 451, Binance does not serve this region/,
    );
    await server.close();
    await expect(createBinanceRest({ baseUrl: server.restUrl, attempts: 2 }).measureOffset()).rejects.toThrow(
      /no answer from 127\.0\.0\.1:\d+/,
    );
  });
});
