/** How an asset is written about. */
export interface AssetNames {
  /** Written in capitals where it stands for the asset. */
  ticker: string;
  /** Names, in small letters; any spelling counts. The first is what news are searched for. */
  names: readonly string[];
  /** The ticker is a word of its own, or short: it counts with a $ before it, or beside a word of markets. */
  ambiguousTicker: boolean;
  /** The names are words of their own: they count beside a word of markets, or beside the ticker with a $. */
  ambiguousNames: boolean;
}

const clear = (ticker: string, ...names: string[]): AssetNames => ({ ticker, names, ambiguousTicker: false, ambiguousNames: false });
const short = (ticker: string, ...names: string[]): AssetNames => ({ ticker, names, ambiguousTicker: true, ambiguousNames: false });
const plain = (ticker: string, ...names: string[]): AssetNames => ({ ticker, names, ambiguousTicker: true, ambiguousNames: true });

/**
 * The assets whose names are known. One that is not here is linked by its cashtag (`$ABC`) alone. To add one: is the ticker a
 * word that people write in capitals for other reasons? Are the names?
 */
export const ASSETS: readonly AssetNames[] = [
  clear("BTC", "bitcoin", "xbt"),
  clear("ETH", "ethereum", "ether"),
  short("SOL", "solana"),
  clear("BNB", "binance coin", "bnb chain"),
  clear("XRP", "xrp ledger"),
  short("ADA", "cardano"),
  clear("DOGE", "dogecoin"),
  clear("LTC", "litecoin"),
  clear("BCH", "bitcoin cash"),
  short("LINK", "chainlink"),
  short("DOT", "polkadot"),
  plain("AVAX", "avalanche"),
  plain("POL", "polygon"),
  short("UNI", "uniswap"),
  plain("ATOM", "cosmos"),
  clear("TRX", "tron network"),
  clear("XLM", "stellar lumens"),
  clear("XMR", "monero"),
  clear("ETC", "ethereum classic"),
  clear("FIL", "filecoin"),
  clear("SHIB", "shiba inu coin"),
  plain("NEAR", "near protocol"),
  plain("APT", "aptos"),
  short("ARB", "arbitrum"),
  plain("SUI", "sui network"),
  clear("SPY", "s&p 500"),
  clear("QQQ", "nasdaq 100"),
  plain("AAPL", "apple"),
  clear("MSFT", "microsoft"),
  clear("NVDA", "nvidia"),
  clear("TSLA", "tesla"),
  plain("AMZN", "amazon"),
  clear("IBM", "international business machines"),
  clear("AIG", "american international group"),
  clear("BAC", "bank of america"),
];

/** Words beside which an ambiguous name or ticker stands for the asset. */
// biome-ignore format: one list
export const MARKET_WORDS: readonly string[] = [
  "crypto", "cryptocurrency", "coin", "coins", "token", "tokens", "altcoin", "altcoins", "blockchain", "defi", "staking", "stake",
  "wallet", "exchange", "price", "chart", "bullish", "bearish", "bull", "bear", "buy", "buying", "sell", "selling", "sold", "bought",
  "hodl", "trade", "trading", "trader", "traders", "holders", "holding", "market", "stock", "stocks", "shares", "earnings", "investors",
  "usdt", "usd", "etf", "liquidation", "liquidated", "futures", "leverage", "pump", "dump", "moon", "dip", "rally", "breakout", "support",
  "resistance", "validators", "mainnet",
];
