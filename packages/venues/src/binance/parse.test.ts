import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { describe, expect, it } from "vitest";
import { parseExchangeInfo, parseMessage, parseRestTrade, parseServerTime } from "./parse.ts";

const trade = {
  e: "trade",
  E: 1900000001450,
  s: "BTCUSDT",
  t: 700001,
  p: "60000.01000000",
  q: "0.00250000",
  T: 1900000001449,
  m: false,
  M: true,
};
const framed = (data: unknown, stream = "btcusdt@trade"): string => JSON.stringify({ stream, data });

describe("parseMessage", () => {
  it("reads a trade, with and without the envelope", () => {
    const expected = {
      kind: "trade",
      symbol: "BTCUSDT",
      venueTimeUs: 1900000001450000,
      tradeId: 700001,
      eventTimeUs: 1900000001449000,
      price: { value: 6000001, scale: 2 },
      size: { value: 25, scale: 4 },
      flag: "buy",
    };
    expect(parseMessage(framed(trade))).toEqual(expected);
    expect(parseMessage(JSON.stringify(trade))).toEqual(expected);
  });

  it("gives the taker's side: a buyer who was the maker was sold to", () => {
    expect(parseMessage(framed({ ...trade, m: true }))).toMatchObject({ flag: "sell" });
  });

  it("reads times in microseconds where the client asked for them", () => {
    expect(parseMessage(framed({ ...trade, E: 1900000001450123, T: 1900000001449456 }))).toMatchObject({
      eventTimeUs: 1900000001449456,
      venueTimeUs: 1900000001450123,
    });
  });

  it("reads the best bid and offer of the spot market, which has no time, and of the futures markets", () => {
    const spot = { u: 13, s: "BTCUSDT", b: "60000.00000000", B: "1.50000000", a: "60000.01000000", A: "0.75000000" };
    expect(parseMessage(framed(spot, "btcusdt@bookTicker"))).toMatchObject({
      kind: "quote",
      quoteTimeUs: null,
      bid: { value: 60000, scale: 0 },
    });
    expect(parseMessage(JSON.stringify(spot))).toMatchObject({ kind: "quote", askSize: { value: 75, scale: 2 } });
    const futures = { ...spot, e: "bookTicker", T: 1900000001300, E: 1900000001301 };
    expect(parseMessage(framed(futures))).toMatchObject({ kind: "quote", quoteTimeUs: 1900000001300000, venueTimeUs: 1900000001301000 });
  });

  it("names what it does not use, and counts what it does not know", () => {
    expect(parseMessage(framed({ e: "depthUpdate", E: 1900000001300, s: "BTCUSDT" }))).toEqual({
      kind: "ignored",
      what: "depthUpdate",
      symbol: "BTCUSDT",
      venueTimeUs: 1900000001300000,
    });
    expect(parseMessage(framed({ ...trade, X: "NA", p: "0", q: "0" }))).toMatchObject({ kind: "ignored", what: "trade-NA" });
    expect(parseMessage('{"lastUpdateId":14,"bids":[],"asks":[]}')).toMatchObject({ what: "depth-snapshot" });
    expect(parseMessage('{"result":null,"id":1}')).toMatchObject({ what: "answer" });
    expect(parseMessage('{"stream":"!markPrice@arr","data":[]}')).toMatchObject({ what: "array" });
    expect(parseMessage(framed({ e: "somethingNew" }))).toMatchObject({ what: "unknown" });
    expect(parseMessage("{}")).toMatchObject({ what: "unknown" });
  });

  it.each([
    ["a cut frame", '{"e":"trade","E":19'],
    ["no object", "[1]"],
    ["no object at all", "null"],
    ["a price of 0", framed({ ...trade, p: "0.00000000" })],
    ["a negative price", framed({ ...trade, p: "-1" })],
    ["a price that is no number", framed({ ...trade, p: "NaN" })],
    ["a price that is not text", framed({ ...trade, p: 60000.01 })],
    ["a size of 0", framed({ ...trade, q: "0" })],
    ["a price beyond 2^53", framed({ ...trade, p: "90071992547409931" })],
    ["an id beyond 2^53", framed({ ...trade, t: 2 ** 53 })],
    ["no id", framed({ ...trade, t: undefined })],
    ["no time", framed({ ...trade, T: undefined })],
    ["no side", framed({ ...trade, m: "true" })],
    ["no symbol", framed({ ...trade, s: "" })],
    ["NUL in the symbol", framed({ ...trade, s: "BTC\0USDT" })],
    ["half a character in the symbol", framed({ ...trade, s: "BTC\ud800" })],
    ["a quote without an ask", framed({ e: "bookTicker", s: "BTCUSDT", b: "1", B: "1", A: "1" })],
  ])("refuses %s", (_, frame) => {
    expect(() => parseMessage(frame)).toThrow(InvalidMessageError);
  });
});

describe("answers of REST", () => {
  it("gives trades the same shape as the stream", () => {
    const row = {
      id: 28457,
      price: "4.00000100",
      qty: "12.00000000",
      quoteQty: "48.000012",
      time: 1499865549590,
      isBuyerMaker: true,
      isBestMatch: true,
    };
    expect(parseRestTrade(row, "ETHBTC")).toMatchObject({
      tradeId: 28457,
      price: { value: 4000001, scale: 6 },
      flag: "sell",
      eventTimeUs: 1499865549590000,
    });
    expect(() => parseRestTrade("row", "ETHBTC")).toThrow(InvalidMessageError);
  });

  it("gives symbols with the decimals of their steps", () => {
    const filters = [
      { filterType: "PRICE_FILTER", minPrice: "0.01", maxPrice: "1000000.00", tickSize: "0.01000000" },
      { filterType: "LOT_SIZE", minQty: "0.00001000", maxQty: "9000", stepSize: "0.00001000" },
      { filterType: "MAX_NUM_ORDERS", limit: 200 },
    ];
    const spot = { symbol: "BTCUSDT", status: "TRADING", baseAsset: "BTC", quoteAsset: "USDT", filters };
    const coin = {
      symbol: "ETHUSD_PERP",
      contractStatus: "PENDING_TRADING",
      contractSize: 10,
      baseAsset: "ETH",
      quoteAsset: "USD",
      filters: [],
    };
    expect(parseExchangeInfo({ symbols: [spot, coin] })).toEqual([
      { symbol: "BTCUSDT", base: "BTC", quote: "USDT", trading: true, priceScale: 2, sizeScale: 5, contractSize: null },
      { symbol: "ETHUSD_PERP", base: "ETH", quote: "USD", trading: false, priceScale: 0, sizeScale: 0, contractSize: 10 },
    ]);
    expect(() => parseExchangeInfo({ code: -1121, msg: "Invalid symbol." })).toThrow(InvalidMessageError);
  });

  it("gives the server's time", () => {
    expect(parseServerTime({ serverTime: 1499827319559 })).toBe(1499827319559000);
    expect(() => parseServerTime([])).toThrow(InvalidMessageError);
  });
});
