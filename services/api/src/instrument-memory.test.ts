import { expect, test } from "vitest";
import { InstrumentMemory } from "./instrument-memory.ts";
import { UnavailableError } from "./problem.ts";
import type { InstrumentRow } from "./store.ts";

const rows = [{ venue: "demo", instrument: "BTC-USDT", venueSymbol: "BTCUSDT" } as InstrumentRow];
const away = new UnavailableError("database", "connection refused");

test("while the database is away the instruments are those that were known, as long as they hold what is asked for", async () => {
  let answer: () => Promise<InstrumentRow[]> = () => Promise.reject(away);
  const memory = new InstrumentMemory({ listInstruments: () => answer() });
  await expect(memory.listFor(["candle:demo:BTC-USDT:1m"])).rejects.toBe(away);
  answer = async () => rows;
  expect(await memory.listFor(["candle:demo:BTC-USDT:1m"])).toBe(rows);
  answer = () => Promise.reject(away);
  for (const channel of ["candle:demo:BTC-USDT:1m", "signal:*:*:*", "sentiment:demo:ETH", "candle:demo:BTC-USDT:2m"]) {
    expect(await memory.listFor([channel])).toBe(rows);
  }
  await expect(memory.listFor(["signal:*:*:*", "candle:demo:ETH-USDT:1m"])).rejects.toBe(away);
  await expect(memory.list()).rejects.toBe(away);
  const broken = new Error("no such column");
  answer = () => Promise.reject(broken);
  await expect(memory.listFor(["candle:demo:BTC-USDT:1m"])).rejects.toBe(broken);
});
