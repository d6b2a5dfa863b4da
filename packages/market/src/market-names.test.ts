import { expect, test } from "vitest";
import { isInstrumentName, isVenueName } from "./market-names.ts";

test.each(["binance-usdm", "csv", "lean", "my_ex", "0x", "a".repeat(32)])("%s is a venue's name", (name) => {
  expect(isVenueName(name)).toBe(true);
});

test.each(["", "a.b", "a*", "a:b", ">", "My Ex", "Binance", "-a", "é", "a\n", "a".repeat(33)])("%j is no venue's name", (name) => {
  expect(isVenueName(name)).toBe(false);
});

test.each([
  ...[
    "BTC-USDT",
    "BTC-USDT-PERP",
    "BTC-USD-240927",
    "GC-201312",
    "BRK.B",
    "BTC-USDT-SWAP",
    "XBT/USD",
    "BTC_USDC-PERPETUAL",
    "1000PEPE-USDT",
  ],
  ...["ES=F", "^GSPC", ".BXBT", "@107", "币安人生-USDT", "own_capture", "s".repeat(64)],
])("%s is an instrument's name", (name) => {
  expect(isInstrumentName(name)).toBe(true);
});

test.each(["", "bad name!", "A:B", "A*", ">", "a b", "a\tb", "a\u0000", "-", "\ud83d", "s".repeat(65)])("%j is none", (name) => {
  expect(isInstrumentName(name)).toBe(false);
});
