import type { Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { canonicalName } from "../binance/symbols.ts";
import { parseDecimal } from "../decimal.ts";
import type { RawTrade, Scaled } from "../source.ts";

/** What the name of a file inside a Lean zip says. */
export interface LeanEntry {
  name: string;
  kind: "equity-trade" | "future-trade" | "crypto-trade";
  /** Canonical name, such as `SPY`, `GC-201312` or `BTC-USD`. */
  instrument: string;
  venueSymbol: string;
  /** Midnight from which the rows count, epoch milliseconds. */
  midnightMs: number;
}

/** Lean's own adapters and ours name this venue for files. */
export const LEAN_VENUE = "lean";

const CLOSE_DELAY_MS = 2000;
const CRYPTO_CLOSE_DELAY_MS = 250;
/** Units of a contract, by root: troy ounces for gold. */
const CONTRACT_SIZES: Readonly<Record<string, number>> = { GC: 100, SI: 5000, CL: 1000, NG: 10_000, ES: 50, NQ: 20, YM: 5, RTY: 50 };
/** Equity prices are integers of a hundredth of a cent. */
const EQUITY_PRICE_SCALE = 4;

/** Whether a name inside a zip is of Lean's kind, whatever it holds. */
export function isLeanName(name: string): boolean {
  return /^\d{8}_[A-Za-z0-9.]+_(trade|quote|openinterest|tick|second|minute)_/i.test(name);
}

/**
 * Reads the name of a csv inside a zip of ticks (`20131007_spy_Trade_Tick.csv`, `20131007_gc_tick_trade_201312.csv`, with
 * the day of expiry behind it or not, `20180403_btcusd_tick_trade.csv`).
 * @throws InvalidMessageError for quotes, open interest and everything else that holds no trades
 */
export function parseEntryName(name: string): LeanEntry {
  const equity = /^(\d{8})_([A-Za-z0-9.]+)_Trade_Tick\.csv$/i.exec(name);
  if (equity) {
    const [, date, symbol] = equity as unknown as [string, string, string];
    const canonical = symbol.toUpperCase();
    return { name, kind: "equity-trade", instrument: canonical, venueSymbol: symbol, midnightMs: midnight(date, "America/New_York") };
  }
  const future = /^(\d{8})_([A-Za-z0-9]+)_tick_trade_(\d{6})(?:_\d{8})?\.csv$/i.exec(name);
  if (future) {
    const [, date, symbol, month] = future as unknown as [string, string, string, string];
    const instrument = `${symbol.toUpperCase()}-${month}`;
    return { name, kind: "future-trade", instrument, venueSymbol: symbol, midnightMs: midnight(date, "UTC") };
  }
  const crypto = /^(\d{8})_([A-Za-z0-9]+)_tick_trade\.csv$/i.exec(name);
  if (crypto) {
    const [, date, symbol] = crypto as unknown as [string, string, string];
    const instrument = canonicalName(symbol.toUpperCase(), "spot");
    return { name, kind: "crypto-trade", instrument, venueSymbol: symbol, midnightMs: midnight(date, "UTC") };
  }
  if (/quote/i.test(name)) throw new InvalidMessageError(`${name} holds quotes: only trade ticks can be replayed`);
  if (/openinterest/i.test(name)) throw new InvalidMessageError(`${name} holds open interest: only trade ticks can be replayed`);
  const wanted = "20131007_spy_Trade_Tick.csv, 20131007_gc_tick_trade_201312.csv or 20180403_btcusd_tick_trade.csv";
  throw new InvalidMessageError(`${name}: expected a name like ${wanted}`);
}

export function describeLeanInstrument(entry: LeanEntry): Instrument {
  const equity = entry.kind === "equity-trade";
  const future = entry.kind === "future-trade";
  return {
    venue: LEAN_VENUE,
    instrument: entry.instrument,
    venueSymbol: entry.venueSymbol,
    calendar: equity ? "us-equity" : "crypto",
    kind: future ? "linear" : "spot",
    contractSize: future ? (CONTRACT_SIZES[entry.venueSymbol.toUpperCase()] ?? 1) : 1,
    priceScale: equity ? EQUITY_PRICE_SCALE : 1,
    sizeScale: 0,
    closeDelayMs: entry.kind === "crypto-trade" ? CRYPTO_CLOSE_DELAY_MS : CLOSE_DELAY_MS,
  };
}

/**
 * One row of trade ticks: `ms since midnight, price, size, exchange, sale condition, suspicious`. The row is the
 * identity (equal rows are separate prints); there is no id and no aggressor.
 * @throws InvalidMessageError
 */
export function parseTradeRow(row: string, entry: LeanEntry, sourceSeq: number): RawTrade {
  const a = row.indexOf(",");
  const b = row.indexOf(",", a + 1);
  const end = row.indexOf(",", b + 1);
  if (a < 0 || b < 0) throw new InvalidMessageError(`expected time, price and size, found ${JSON.stringify(row.slice(0, 80))}`);
  const since = parseDecimal(row.slice(0, a));
  const eventTimeUs = entry.midnightMs * 1000 + microseconds(since);
  const price = parsePrice(row.slice(a + 1, b), entry);
  const size = parseDecimal(row.slice(b + 1, end < 0 ? undefined : end));
  if (size.value < 0) throw new InvalidMessageError(`size: expected at least 0, found ${size.value}`);
  const epoch = entry.name;
  const { instrument } = entry;
  return {
    instrument,
    epoch,
    sourceSeq,
    tradeId: null,
    eventTimeUs,
    eventTimeNsRest: 0,
    receivedTimeUs: eventTimeUs,
    price,
    size,
    flag: null,
  };
}

function parsePrice(text: string, entry: LeanEntry): Scaled {
  const price = parseDecimal(text);
  if (entry.kind !== "equity-trade") return price;
  if (price.scale !== 0 || price.value <= 0)
    throw new InvalidMessageError(`price: expected a whole number of 1/10000 above 0, found ${text}`);
  return { value: price.value, scale: EQUITY_PRICE_SCALE };
}

function microseconds(since: Scaled): number {
  if (since.value < 0 || since.scale > 3)
    throw new InvalidMessageError("time: expected milliseconds since midnight with at most 3 decimals");
  const value = since.value * 10 ** (3 - since.scale);
  if (value > 93_600_000_000) throw new InvalidMessageError(`time: expected milliseconds of one day, found ${value / 1000}`);
  return value;
}

/** Midnight of a date as wall clock time of a zone, by the offset that holds there at noon (days of trading never change it). */
function midnight(date: string, timeZone: "UTC" | "America/New_York"): number {
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6, 8)].map(Number) as [number, number, number];
  const utc = Date.UTC(year, month - 1, day);
  if (new Date(utc).getUTCDate() !== day) throw new InvalidMessageError(`no such date: ${date}`);
  if (timeZone === "UTC") return utc;
  const noon = utc + 43_200_000;
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" }).formatToParts(noon);
  const offset = /GMT([+-])(\d\d):(\d\d)/.exec(parts.find((part) => part.type === "timeZoneName")?.value ?? "");
  if (offset === null) throw new Error(`no offset known for ${timeZone} on ${date}`);
  const minutes = Number(offset[2]) * 60 + Number(offset[3]);
  return utc - (offset[1] === "-" ? -minutes : minutes) * 60_000;
}
