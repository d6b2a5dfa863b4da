import type { ContractKind, Instrument } from "@tickfleet/market/instrument";

export type BinanceMarket = "spot" | "usdm" | "coinm";

/** Quote assets by which a bare symbol is split where no list of symbols is at hand; longer ones first. */
// biome-ignore format: one list
const QUOTE_ASSETS = [
  "FDUSD", "USDT", "USDC", "TUSD", "BUSD", "USDP", "USD1", "USD", "BTC", "ETH", "BNB", "EUR", "GBP", "TRY", "BRL", "JPY", "AUD",
  "UAH", "ZAR", "PLN", "RON", "ARS", "MXN", "COP", "CZK", "IDR", "DAI", "XRP", "SOL", "DOGE", "TRX",
];

/** Crypto intervals wait this long behind the clock. */
const CLOSE_DELAY_MS = 250;

export function venueOfMarket(market: BinanceMarket): string {
  return market === "spot" ? "binance" : `binance-${market}`;
}

/** The market of a venue name; null where it is not Binance's. */
export function marketOfVenue(venue: string): BinanceMarket | null {
  if (venue === "binance") return "spot";
  if (venue === "binance-usdm") return "usdm";
  return venue === "binance-coinm" ? "coinm" : null;
}

/** Base and quote asset of a bare symbol such as `BTCUSDT`; null where no known quote asset ends it. */
export function splitSymbol(symbol: string): { base: string; quote: string } | null {
  for (const quote of QUOTE_ASSETS) {
    if (symbol.length > quote.length && symbol.endsWith(quote)) return { base: symbol.slice(0, -quote.length), quote };
  }
  return null;
}

/**
 * Canonical name: `BTC-USDT` for spot, `BTC-USDT-PERP` and `BTC-USD-PERP` for perpetuals, `BTC-USD-240927` for dated
 * contracts. A symbol that cannot be split keeps its own spelling.
 */
export function canonicalName(symbol: string, market: BinanceMarket, assets: { base: string; quote: string } | null = null): string {
  const [pair, delivery] = symbol.split("_", 2) as [string, string | undefined];
  const parts = assets ?? splitSymbol(pair);
  const name = parts ? `${parts.base}-${parts.quote}` : pair;
  if (market === "spot") return name;
  return `${name}-${delivery ?? "PERP"}`;
}

/** An instrument known by its symbol alone, as captures show it. */
export function instrumentOfSymbol(symbol: string, market: BinanceMarket, priceScale: number, sizeScale: number): Instrument {
  const base = splitSymbol(symbol.split("_", 1)[0] as string)?.base ?? symbol;
  return describeInstrument({ symbol, market, name: canonicalName(symbol, market), base, priceScale, sizeScale, contractSize: null });
}

export interface SymbolDescription {
  symbol: string;
  market: BinanceMarket;
  name: string;
  base: string;
  priceScale: number;
  sizeScale: number;
  /** As the venue tells it, null where it does not. */
  contractSize: number | null;
}

export function describeInstrument(description: SymbolDescription): Instrument {
  const { market } = description;
  const kind: ContractKind = market === "spot" ? "spot" : market === "usdm" ? "linear" : "inverse";
  // Coin-margined contracts are worth 100 USD for BTC and 10 USD for every other coin.
  const known = market === "coinm" ? (description.base === "BTC" ? 100 : 10) : 1;
  return {
    venue: venueOfMarket(market),
    instrument: description.name,
    venueSymbol: description.symbol,
    calendar: "crypto",
    kind,
    contractSize: description.contractSize ?? known,
    priceScale: description.priceScale,
    sizeScale: description.sizeScale,
    closeDelayMs: CLOSE_DELAY_MS,
  };
}
