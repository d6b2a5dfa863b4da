import { type BinanceServer, type ServedTrade, startBinanceServer } from "@tickfleet/testkit/binance-server";
import { type BinanceFeed, type BinanceFeedOptions, groupInstruments, openBinanceFeed } from "@tickfleet/venues/binance/feed";
import { instrumentOfSymbol } from "@tickfleet/venues/binance/symbols";
import type { SourceEvent } from "@tickfleet/venues/source";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { kindsOf, tradesOf } from "./collected.ts";

const BTC = instrumentOfSymbol("BTCUSDT", "spot", 2, 5);
const ETH = instrumentOfSymbol("ETHUSDT", "spot", 2, 4);
const QUOTE = { bid: "60000.00000000", bidSize: "1.00000000", ask: "60000.01000000", askSize: "2.00000000" };

let server: BinanceServer;
let feed: BinanceFeed | null = null;
let events: SourceEvent[];
let notices: string[];

beforeEach(async () => {
  server = await startBinanceServer({ pingMs: 100, aheadMs: 1_270 });
  events = [];
  notices = [];
});
afterEach(async () => {
  await feed?.close();
  await server.close();
});

function open(options: Partial<BinanceFeedOptions> = {}): void {
  const ours = { streamUrl: server.streamUrl, instruments: [BTC, ETH], connection: "binance-1", backoffFirstMs: 50, backoffMaxMs: 200 };
  feed = openBinanceFeed({
    ...ours,
    onEvent: (event) => void events.push(event),
    onNotice: (notice) => void notices.push(notice),
    ...options,
  });
}

function trade(id: number): ServedTrade {
  return { id, price: "60000.01000000", size: "0.00100000", timeMs: server.now(), buyerIsMaker: false };
}

const count = (kind: SourceEvent["kind"]): number => kindsOf(events)[kind] ?? 0;
const until = (condition: () => boolean, timeout = 8_000): Promise<unknown> => vi.waitUntil(condition, { timeout, interval: 5 });

describe("the live feed", () => {
  it("tells what comes, under canonical names and in order", async () => {
    open();
    await until(() => server.clients() === 1);
    server.pushBookTicker("BTCUSDT", QUOTE);
    server.pushTrade("BTCUSDT", trade(1));
    server.pushTrade("ETHUSDT", trade(90));
    await until(() => count("trade") === 2);
    expect(events[0]).toMatchObject({
      kind: "open",
      connection: "binance-1",
      venue: "binance",
      instruments: [BTC, ETH],
      consecutiveIds: true,
      refill: "rest",
    });
    expect(events.filter((event) => event.kind !== "time").map((event) => event.kind)).toEqual(["open", "quote", "trade", "trade"]);
    expect(tradesOf(events)).toMatchObject([
      { instrument: "BTC-USDT", sourceSeq: 1, flag: "buy" },
      { instrument: "ETH-USDT", sourceSeq: 90 },
    ]);
  });

  it("speaks venue time once a second, though the venue's clock is ahead", async () => {
    open();
    await until(() => server.clients() === 1);
    server.pushTrade("BTCUSDT", trade(1));
    await until(() => count("time") >= 4);
    const times = events.flatMap((event) => (event.kind === "time" ? [event.timeUs] : []));
    expect(Math.abs((times.at(-1) as number) / 1000 - server.now())).toBeLessThan(250);
    expect((times[3] as number) - (times[2] as number)).toBeGreaterThan(900_000);
    expect((times[3] as number) - (times[2] as number)).toBeLessThan(1_100_000);
    expect(feed?.offsetUs()).toBeLessThan(-1_200_000);
  });

  it("keeps malformed frames and names the unknown ones", async () => {
    open({ instruments: [BTC] });
    await until(() => server.clients() === 1);
    server.pushRaw('{"e":"trade","s":"BTCUSDT","p":"0"');
    server.pushRaw("not JSON");
    server.pushRaw(
      JSON.stringify({
        stream: "btcusdt@trade",
        data: { e: "trade", s: "BTCUSDT", E: server.now(), T: server.now(), t: 1, p: "-5", q: "1", m: true },
      }),
    );
    server.pushRaw(
      JSON.stringify({ stream: "x", data: { e: "trade", s: "XRPUSDT", E: server.now(), T: server.now(), t: 1, p: "5", q: "1", m: true } }),
    );
    server.pushRaw('{"result":null,"id":1}');
    await until(() => count("invalid") === 3 && count("ignored") === 2);
    expect(events.filter((event) => event.kind === "invalid")).toMatchObject([
      { instrument: "BTC-USDT", raw: '{"e":"trade","s":"BTCUSDT","p":"0"', reason: "frame is not JSON" },
      { instrument: null, raw: "not JSON" },
      { instrument: "BTC-USDT", reason: 'p: expected price of at least 0, found "-5"' },
    ]);
    expect(events.filter((event) => event.kind === "ignored").map((event) => event.what)).toEqual(["not-subscribed", "answer"]);
    expect(feed?.connected()).toBe(true);
  });

  it("comes back after a cut with backoff, and says down and open", async () => {
    open({ random: () => 1 });
    await until(() => server.clients() === 1);
    server.pushTrade("BTCUSDT", trade(1));
    await until(() => count("trade") === 1);
    server.cut();
    await until(() => count("down") === 1);
    expect(feed?.connected()).toBe(false);
    server.pushTrade("BTCUSDT", trade(2));
    await until(() => notices.length >= 3);
    const waits = notices.map((notice) => Number(/in (\d+) ms/.exec(notice)?.[1]));
    expect(waits.slice(0, 3)).toEqual([50, 100, 200]);
    server.restore();
    await until(() => count("open") === 2);
    server.pushTrade("BTCUSDT", trade(3));
    await until(() => count("trade") === 2);
    expect(tradesOf(events).map((each) => each.sourceSeq)).toEqual([1, 3]);
    expect(events.filter((event) => event.kind === "open")[1]).toMatchObject({ reason: expect.stringContaining("connected again after") });
  });

  it("stops its clock when the venue falls silent, then gives the connection up", async () => {
    open({ livenessMs: 4_500, offsetUs: -1_270_000 });
    await until(() => server.clients() === 1 && count("time") > 0);
    server.silence();
    const silentMs = server.now();
    await until(() => count("down") === 1, 10_000);
    const times = events.flatMap((event) => (event.kind === "time" ? [event.timeUs / 1000] : []));
    expect(times.at(-1)).toBeLessThan(silentMs + 50);
    expect(events.find((event) => event.kind === "down")).toMatchObject({
      reason: expect.stringMatching(/nothing came for \d s/),
      timeUs: (times.at(-1) as number) * 1000,
    });
    await until(() => count("open") === 2);
  });

  it("stays open on a quiet market, by pings alone", async () => {
    open({ livenessMs: 600 });
    await until(() => server.clients() === 1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([count("down"), count("open"), feed?.connected()]).toEqual([0, 1, true]);
  });

  it("renews the connection at its age", async () => {
    open({ renewMs: 150 });
    await until(() => count("open") >= 2);
    expect(events.find((event) => event.kind === "down")).toMatchObject({ reason: expect.stringContaining("renewed") });
  });

  it("tells why it is refused, and ends when it is closed", async () => {
    open({ streamUrl: `${server.streamUrl}/elsewhere` });
    await until(() => notices.length >= 1);
    expect(count("open")).toBe(0);
    await feed?.close();
    const after = notices.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(notices.length).toBe(after);
    open();
    await until(() => count("open") === 1);
    await feed?.close();
    expect(events.at(-1)).toMatchObject({ kind: "down", reason: "closed by us" });
  });

  it("carries at most 100 instruments", () => {
    const many = Array.from({ length: 250 }, () => BTC);
    expect(groupInstruments(many).map((group) => group.length)).toEqual([100, 100, 50]);
    expect(() => open({ instruments: many })).toThrow(RangeError);
    expect(() => open({ instruments: [] })).toThrow(RangeError);
  });
});
