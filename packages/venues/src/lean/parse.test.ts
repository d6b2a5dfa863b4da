import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { describe, expect, it } from "vitest";
import { describeLeanInstrument, isLeanName, parseEntryName, parseTradeRow } from "./parse.ts";

describe("parseEntryName", () => {
  it("reads equities as wall clock of New York, summer and winter", () => {
    expect(parseEntryName("20131007_spy_Trade_Tick.csv")).toMatchObject({
      kind: "equity-trade",
      instrument: "SPY",
      midnightMs: Date.UTC(2013, 9, 7, 4),
    });
    expect(parseEntryName("20131204_brk.b_Trade_Tick.csv")).toMatchObject({ instrument: "BRK.B", midnightMs: Date.UTC(2013, 11, 4, 5) });
  });

  it("reads futures as UTC, one instrument a contract month", () => {
    const entry = parseEntryName("20131007_gc_tick_trade_201312.csv");
    expect(entry).toMatchObject({ kind: "future-trade", instrument: "GC-201312", midnightMs: Date.UTC(2013, 9, 7) });
    expect(describeLeanInstrument(entry)).toMatchObject({ kind: "linear", contractSize: 100, calendar: "crypto" });
  });

  it("reads futures with their day of expiry, and crypto under its canonical name", () => {
    expect(parseEntryName("20181210_es_tick_trade_201812_20181221.csv")).toMatchObject({ kind: "future-trade", instrument: "ES-201812" });
    const entry = parseEntryName("20180403_btcusd_tick_trade.csv");
    expect(entry).toMatchObject({ kind: "crypto-trade", instrument: "BTC-USD", midnightMs: Date.UTC(2018, 3, 3) });
    expect(describeLeanInstrument(entry)).toMatchObject({ kind: "spot", contractSize: 1, calendar: "crypto", closeDelayMs: 250 });
    expect(parseTradeRow("86399999,7425.01,0.00123456,0", entry, 3)).toMatchObject({
      price: { value: 742501, scale: 2 },
      size: { value: 123456, scale: 8 },
      eventTimeUs: Date.UTC(2018, 3, 4) * 1000 - 1000,
    });
    expect(isLeanName("20180403_btcusd_tick_quote.csv")).toBe(true);
    expect(isLeanName("BTCUSDT-trades-2024-03-01.csv")).toBe(false);
  });

  it.each([
    ["20131007_aig_Quote_Tick.csv", /holds quotes/],
    ["20131007_gc_tick_openinterest_201312.csv", /open interest/],
    ["20131332_spy_Trade_Tick.csv", /no such date/],
    ["readme.txt", /expected a name like/],
  ])("refuses %s", (name, reason) => {
    expect(() => parseEntryName(name)).toThrow(reason);
    expect(() => parseEntryName(name)).toThrow(InvalidMessageError);
  });
});

describe("parseTradeRow", () => {
  const spy = parseEntryName("20131007_spy_Trade_Tick.csv");
  const gold = parseEntryName("20131007_gc_tick_trade_201312.csv");

  it("takes the row as the identity and knows no side", () => {
    expect(parseTradeRow("14400464,1674100,100,P,20002000,0", spy, 7)).toEqual({
      instrument: "SPY",
      epoch: "20131007_spy_Trade_Tick.csv",
      sourceSeq: 7,
      tradeId: null,
      eventTimeUs: Date.UTC(2013, 9, 7, 8, 0, 0, 464) * 1000,
      eventTimeNsRest: 0,
      receivedTimeUs: Date.UTC(2013, 9, 7, 8, 0, 0, 464) * 1000,
      price: { value: 1674100, scale: 4 },
      size: { value: 100, scale: 0 },
      flag: null,
    });
  });

  it("reads prices of futures as they stand, and fractions of milliseconds", () => {
    expect(parseTradeRow("4933381.25,1313.8,0,usa,,0", gold, 0)).toMatchObject({
      price: { value: 13138, scale: 1 },
      size: { value: 0, scale: 0 },
      eventTimeUs: Date.UTC(2013, 9, 7) * 1000 + 4_933_381_250,
    });
  });

  it.each([
    "",
    "14400464",
    "x,1674100,100,P,0,0",
    "-1,1674100,100",
    "14400464,0,100",
    "14400464,1.5,100",
    "14400464,1674100,-1",
    "99999999999,1674100,1",
  ])("refuses %j", (row) => {
    expect(() => parseTradeRow(row, spy, 0)).toThrow(InvalidMessageError);
  });
});
