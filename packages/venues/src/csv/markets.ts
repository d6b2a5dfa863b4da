import { basename } from "node:path";
import type { CalendarName, ContractKind, Instrument } from "@tickfleet/market/instrument";
import { canonicalName, marketOfVenue, splitSymbol } from "../binance/symbols.ts";

/** Venues whose trades have numeric ids of one space per instrument, below 2^53. Bybit's are beyond it, or are no numbers. */
const NUMERIC_ID_VENUES: ReadonlySet<string> = new Set(["binance", "binance-usdm", "binance-coinm", "coinbase", "kraken", "okx"]);

/** How long intervals wait behind the clock, in milliseconds; what comes later than that is out of order. */
export function closeDelayOf(calendar: CalendarName): number {
  return calendar === "crypto" ? 250 : 2000;
}

export function hasNumericIds(venue: string): boolean {
  return NUMERIC_ID_VENUES.has(venue);
}

/** Name of a file without `.csv`, `.gz`, `.zip`, nor what data.binance.vision adds: what its trades are called where nothing else says. */
export function instrumentOfFile(file: string): string {
  const name = basename(file).replace(/(\.(csv|tsv|txt|gz|zip))+$/i, "");
  return /^([A-Z0-9]+(?:_[A-Z0-9]+)?)-(?:trades|aggTrades)-\d{4}-\d\d(?:-\d\d)?$/.exec(name)?.[1] ?? name;
}

/** Canonical name of a symbol: Binance's bare ones are known, others are kept as they are. */
export function nameOfSymbol(symbol: string, venue: string): string {
  const market = marketOfVenue(venue);
  if (market === null || !/^[A-Z0-9]+(_[A-Z0-9]+)?$/.test(symbol)) return symbol;
  return splitSymbol(symbol.split("_", 1)[0] as string) === null ? symbol : canonicalName(symbol, market);
}

export interface CsvMarket {
  venue: string;
  calendar: CalendarName;
}

/** An instrument as far as a file shows it: contracts are known where the venue has one kind of them. */
export function describeCsvInstrument(
  instrument: string,
  { venue, calendar }: CsvMarket,
  scales: { priceScale: number; sizeScale: number },
): Instrument {
  const market = marketOfVenue(venue);
  const kind: ContractKind = market === "usdm" ? "linear" : market === "coinm" ? "inverse" : "spot";
  return {
    venue,
    instrument,
    venueSymbol: instrument,
    calendar,
    kind,
    contractSize: kind !== "inverse" ? 1 : instrument.split("-", 1)[0] === "BTC" ? 100 : 10,
    ...scales,
    closeDelayMs: closeDelayOf(calendar),
  };
}
