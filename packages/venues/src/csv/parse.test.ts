import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { describe, expect, it } from "vitest";
import { hasNumericId, parseHeader, parseTime, parseTradeRow } from "./parse.ts";

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
  ])("reads %s", (text, us, nsRest) => {
    expect(parseTime(text)).toEqual({ us, nsRest });
  });

  it.each(["", "yesterday", "2024-01-02", "2024-13-02T00:00:00Z", "-5", "17041646452003004001"])("refuses %j", (text) => {
    expect(() => parseTime(text)).toThrow(InvalidMessageError);
  });
});

describe("rows", () => {
  it("are read by the names of the columns, in any order", () => {
    const { columns, isData } = parseHeader("Trade ID;Symbol;QTY;Price;Timestamp;Side");
    expect(isData).toBe(false);
    const context = { columns, instrument: "X", file: "x.csv", numericIds: true };
    expect(parseTradeRow("17;BTC-USD;0.50;64000.10;1704164645;Sell", 3, context)).toEqual({
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

  it("without whole numbers as ids are known by their place in the file", () => {
    const { columns } = parseHeader("time,price,amount,id");
    expect(hasNumericId("1704164645,1,1,a-b", columns)).toBe(false);
    const trade = parseTradeRow('1704164645,1,1,"a,b"', 3, { columns, instrument: "X", file: "x.csv", numericIds: false });
    expect(trade).toMatchObject({ epoch: "x.csv", sourceSeq: 3, tradeId: "a,b", flag: null, instrument: "X" });
  });

  it("may say whether the buyer was the maker", () => {
    const { columns } = parseHeader("id,price,qty,quote_qty,time,is_buyer_maker");
    const context = { columns, instrument: "X", file: "x.csv", numericIds: true };
    expect(parseTradeRow("1,10,2,20,1704164645000,true", 0, context).flag).toBe("sell");
    expect(parseTradeRow("1,10,2,20,1704164645000,False", 0, context).flag).toBe("buy");
  });

  it("of three bare numbers need no header", () => {
    expect(parseHeader("1315922016,5.800000000000,1.000000000000")).toMatchObject({
      isData: true,
      columns: { time: 0, price: 1, size: 2 },
    });
  });

  it("that make no sense are refused", () => {
    const { columns } = parseHeader("time,price,size,side,id");
    const context = { columns, instrument: "X", file: "x.csv", numericIds: true };
    for (const row of ["1704164645,0,1,buy,1", "1704164645,1,0,buy,1", "1704164645,1,1,up,1", "1704164645,1,1,buy,x", "1704164645,1", ""]) {
      expect(() => parseTradeRow(row, 0, context), row).toThrow(InvalidMessageError);
    }
  });

  it("need time, price and size in the header", () => {
    expect(() => parseHeader("open,high,low,close")).toThrow(/no column for time, price, size/);
  });
});
