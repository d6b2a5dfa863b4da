import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { describe, expect, it } from "vitest";
import { parseTime } from "./cells.ts";
import { findHead, parseHeader } from "./columns.ts";
import { type CsvContext, parseTradeRow } from "./parse.ts";

const AT = Date.UTC(2024, 0, 2, 3, 4, 5) * 1000;

describe("parseTime", () => {
  it.each([
    ["1704164645", AT, 0],
    ["1704164645.5", AT + 500_000, 0],
    ["1704164645200", AT + 200_000, 0],
    ["1704164645200.25", AT + 200_250, 0],
    ["1704164645200300", AT + 200_300, 0],
    ["1704164645200300400", AT + 200_300, 400],
    ["2024-01-02T03:04:05Z", AT, 0],
    ["2024-01-02 03:04:05", AT, 0],
    ["2024-01-02 03:04:05.123456789", AT + 123_456, 789],
    ["2024-01-02T05:04:05+02:00", AT, 0],
    ["2024-01-02 03:04:05 UTC", AT, 0],
    ["2024-01-02 03:04:05.123+00", AT + 123_000, 0],
    ["2024-01-02 04:04:05+0100", AT, 0],
    ["2024-01-02 03:04Z", AT - 5_000_000, 0],
    ["1704164645,25", AT + 250_000, 0],
  ])("reads %s", (text, us, nsRest) => {
    expect(parseTime(text)).toEqual({ us, nsRest });
  });

  it.each(["", "yesterday", "2024-01-02", "2024-13-02T00:00:00Z", "-5", "17041646452003004001"])("refuses %j", (text) => {
    expect(() => parseTime(text)).toThrow(InvalidMessageError);
  });
});

const contextOf = (header: string, more: Partial<CsvContext> = {}): CsvContext => ({
  columns: parseHeader(header).columns,
  nameOf: (symbol) => symbol || "X",
  file: "x.csv",
  idSpace: null,
  ...more,
});

describe("rows", () => {
  it("are read by the names of the columns, in any order", () => {
    const header = "Trade ID;Symbol;QTY;Price;Timestamp;Side";
    expect(parseHeader(header).isData).toBe(false);
    expect(parseTradeRow("17;BTC-USD;0.50;64000.10;1704164645;Sell", 3, contextOf(header, { idSpace: "" }))).toEqual({
      instrument: "BTC-USD",
      epoch: "",
      sourceSeq: 17,
      tradeId: "17",
      eventTimeUs: AT,
      eventTimeNsRest: 0,
      receivedTimeUs: AT,
      price: { value: 640001, scale: 1 },
      size: { value: 5, scale: 1 },
      flag: "sell",
    });
  });

  it("are known by their place in the file where their ids are no identity", () => {
    const trade = parseTradeRow('1704164645,1,1,"a,b"', 3, contextOf("time,price,amount,id"));
    expect(trade).toMatchObject({ epoch: "x.csv", sourceSeq: 3, tradeId: "a,b", flag: null, instrument: "X" });
  });

  it("may say whether the buyer was the maker", () => {
    const context = contextOf("id,price,qty,quote_qty,time,is_buyer_maker");
    expect(parseTradeRow("1,10,2,20,1704164645000,true", 0, context).flag).toBe("sell");
    expect(parseTradeRow("1,10,2,20,1704164645000,False", 0, context).flag).toBe("buy");
  });

  it("may have a decimal comma where another sign parts the columns", () => {
    const trade = parseTradeRow("2024-01-02 03:04:05,5;64.000,10;0,5", 0, contextOf("time;price;size"));
    expect(trade).toMatchObject({ eventTimeUs: AT + 500_000, price: { value: 640001, scale: 1 }, size: { value: 5, scale: 1 } });
  });

  it("that make no sense are refused", () => {
    const context = contextOf("time,price,size,side,id", { idSpace: "" });
    for (const row of ["1704164645,0,1,buy,1", "1704164645,1,0,buy,1", "1704164645,1,1,up,1", "1704164645,1,1,buy,x", "1704164645,1", ""]) {
      expect(() => parseTradeRow(row, 0, context), row).toThrow(InvalidMessageError);
    }
  });
});

describe("columns", () => {
  it.each([
    ["three bare numbers", "1315922016,5.800000000000,1.000000000000", { time: 0, price: 1, size: 2, side: -1 }],
    ["a side behind them", "2024-01-02 03:04:05,5.8,1,buy", { time: 0, price: 1, size: 2, side: 3, sideIsMaker: false }],
    ["a side before them", "1315922016;Sell;5,8;1", { time: 0, side: 1, price: 2, size: 3 }],
    ["spot trades of data.binance.vision", "3,42.1,2,84.2,1704164645000,True,True", { id: 0, price: 1, size: 2, time: 4, side: 5 }],
    ["its futures trades", "3,42.1,2,84.2,1704164645000,true", { id: 0, time: 4, side: 5, sideIsMaker: true, aggregate: false }],
    ["its aggregates", "3,42.1,2,7,9,1704164645000000,True,True", { id: 0, size: 2, time: 5, side: 6, aggregate: true }],
    ["its aggregates of futures", "3,42.1,2,7,9,1704164645000,false", { id: 0, size: 2, time: 5, side: 6, aggregate: true }],
  ])("are known without a header by %s", (_, line, columns) => {
    expect(parseHeader(line)).toMatchObject({ isData: true, columns });
  });

  it.each([
    [
      "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
      { id: 0, size: 2, time: 5, side: 6, aggregate: true },
    ],
    ["instrument_name,trade_id,side,price,size,created_time", { symbol: 0, id: 1, side: 2, price: 3, size: 4, time: 5 }],
    ["symbol,id,trade_time,price,qty,side,taker_side", { time: 2, side: 6 }],
  ])("are known by the header %s", (line, columns) => {
    expect(parseHeader(line)).toMatchObject({ isData: false, columns });
  });

  it("may be chosen by name or by place, and a name that is not there is told", () => {
    expect(parseHeader("ts,px,qty,s,m", { time: "TS", price: "px", size: "qty", side: "s" }).columns).toMatchObject({
      time: 0,
      price: 1,
      size: 2,
      side: 3,
    });
    expect(parseHeader("ts,px,qty,s,m", { time: "ts", price: "px", maker: "m" }).columns).toMatchObject({ side: 4, sideIsMaker: true });
    const places = { time: "2", price: "3", size: "5" };
    expect(parseHeader("a,1704164645,5,x,7", places)).toMatchObject({ isData: true, columns: { time: 1, price: 2, size: 4 } });
    expect(parseHeader("n,t,p,x,s", places).isData).toBe(false);
    expect(() => parseHeader("time,price,size", { side: "s" })).toThrow(/no column for side \(s\)/);
  });

  it("need time, price and size in the header", () => {
    expect(() => parseHeader("when,what,amount")).toThrow(/header has no column for time, price \(.*--columns/);
  });

  it.each([
    ["date,open,high,low,close,volume,quote_volume", /^the file looks like candles .* which replay does not read/],
    ["Date,Open,Close,High,Low,Volume", /^the file looks like candles/],
    ["19980102 00:00,973100,975300,965300,973600,2150000", /^the file has no header line and looks like candles/],
    ["20110301 090100;133,9;134,01;133,9;133,98;3778", /^the file has no header line and looks like candles/],
    ["1704164645,3,2,5", /^the file has no header line, .*--columns, such as time=1,price=2,size=3/],
    ["17,x,42.5,0.1,1704164645,1", /^the file has no header line, .*--columns, such as time=1,price=2,size=3/],
  ])("a first line that is no header is not called one: %s", (line, fault) => {
    expect(() => parseHeader(line)).toThrow(fault);
  });

  it("stand behind blank lines and comments, or in one", () => {
    expect(findHead(["", "# made by me", "  ", "time,price,size"])).toMatchObject({ skip: 4 });
    expect(findHead(["# time,size,price", "1704164645,1,5"])).toMatchObject({ skip: 1, columns: { size: 1, price: 2 } });
    expect(findHead(["", "# only"])).toBeNull();
  });
});
