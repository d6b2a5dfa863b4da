import { expect, test } from "vitest";
import { isKnownVersion } from "./known-version.ts";
import { subjectOf } from "./message.ts";
import { messages } from "./registry.ts";

test("every message of the registry is of a known version, and a class without one in its first", () => {
  const parameters = {
    venue: "v",
    instrument: "i",
    timeframe: "1m",
    connection: "c",
    service: "s",
    stream: "S",
    provider: "p",
    asset: "a",
  };
  for (const message of messages) expect(isKnownVersion(subjectOf(message, parameters)), message.name).toBe(true);
  expect(isKnownVersion("md.v1.quote.3.binance.BTC-USDT")).toBe(true);
});

test("another major version is unknown, also of a class without a message", () => {
  for (const subject of ["md.v2.trade.3.binance.BTC-USDT", "md.v10.clock.all.binance.c", "md.v2.quote.3.binance.BTC-USDT"]) {
    expect(isKnownVersion(subject), subject).toBe(false);
  }
});
