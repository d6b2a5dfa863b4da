import { describe, expect, it } from "vitest";
import { canonicalName, instrumentOfSymbol, marketOfVenue, venueOfMarket } from "./symbols.ts";

describe("canonicalName", () => {
  it.each([
    ["BTCUSDT", "spot", "BTC-USDT"],
    ["ETHBTC", "spot", "ETH-BTC"],
    ["BTCFDUSD", "spot", "BTC-FDUSD"],
    ["1000SATSUSDT", "spot", "1000SATS-USDT"],
    ["BTCUSDT", "usdm", "BTC-USDT-PERP"],
    ["BTCUSDT_240927", "usdm", "BTC-USDT-240927"],
    ["BTCUSD_PERP", "coinm", "BTC-USD-PERP"],
    ["ETHUSD_240927", "coinm", "ETH-USD-240927"],
    ["ODD", "spot", "ODD"],
  ] as const)("%s of %s is %s", (symbol, market, name) => {
    expect(canonicalName(symbol, market)).toBe(name);
  });

  it("believes the venue about the assets", () => {
    expect(canonicalName("ABCUSDT", "spot", { base: "ABCUSD", quote: "T" })).toBe("ABCUSD-T");
  });
});

describe("instrumentOfSymbol", () => {
  it("knows the kind and size of contracts", () => {
    expect(instrumentOfSymbol("BTCUSDT", "spot", 2, 5)).toMatchObject({
      venue: "binance",
      kind: "spot",
      contractSize: 1,
      closeDelayMs: 250,
    });
    expect(instrumentOfSymbol("BTCUSDT", "usdm", 1, 3)).toMatchObject({ venue: "binance-usdm", kind: "linear", contractSize: 1 });
    expect(instrumentOfSymbol("BTCUSD_PERP", "coinm", 1, 0)).toMatchObject({ venue: "binance-coinm", kind: "inverse", contractSize: 100 });
    expect(instrumentOfSymbol("ETHUSD_PERP", "coinm", 1, 0)).toMatchObject({ contractSize: 10, priceScale: 1, sizeScale: 0 });
  });
});

describe("venues", () => {
  it("and markets name each other", () => {
    for (const market of ["spot", "usdm", "coinm"] as const) expect(marketOfVenue(venueOfMarket(market))).toBe(market);
    expect(marketOfVenue("kraken")).toBeNull();
  });
});
