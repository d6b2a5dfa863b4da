import type { ServedQuote, ServedSymbol, ServedTrade } from "./binance-server.ts";

/** What the REST side of the stand-in knows. */
export interface RestMarket {
  symbols: readonly ServedSymbol[];
  quotes: Map<string, ServedQuote>;
  requests: string[];
  wantsKey: boolean;
  refusal: { status: number; retryAfterSeconds: number | null; only: string } | null;
  now(): number;
  nextUpdateId(): number;
  tradesOf(symbol: string): ServedTrade[];
}

export interface RestAnswer {
  status: number;
  body: unknown;
  headers: Record<string, string>;
}

const MAX_TRADES = 1000;

/** The answer to one request in the venue's form, its refusals included. */
export function answerRest(market: RestMarket, url: URL, hasKey: boolean): RestAnswer {
  market.requests.push(`${url.pathname}${url.search}`);
  if (market.refusal !== null && `${url.pathname}${url.search}`.includes(market.refusal.only)) {
    const { status, retryAfterSeconds } = market.refusal;
    return refuse(status, -1003, "Too many requests.", retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) });
  }
  const symbol = url.searchParams.get("symbol") ?? "";
  const known = market.symbols.some((served) => served.symbol === symbol);
  switch (url.pathname) {
    case "/api/v3/time":
      return give({ serverTime: market.now() });
    case "/api/v3/exchangeInfo":
      return exchangeInfo(market, url.searchParams.get("symbols"));
    case "/api/v3/trades":
      return known ? give(market.tradesOf(symbol).slice(-limitOf(url)).map(restTrade)) : invalidSymbol();
    case "/api/v3/historicalTrades":
      return market.wantsKey && !hasKey ? refuse(401, -2014, "API-key format invalid.") : historicalTrades(market, symbol, url);
    case "/api/v3/depth":
      return known ? depth(market, symbol) : invalidSymbol();
    default:
      return refuse(404, -1000, "No such path.");
  }
}

function exchangeInfo(market: RestMarket, asked: string | null): RestAnswer {
  const wanted = asked === null ? null : (JSON.parse(asked) as string[]);
  if (wanted?.some((name) => !market.symbols.some((served) => served.symbol === name))) return invalidSymbol();
  const symbols = market.symbols
    .filter((served) => wanted === null || wanted.includes(served.symbol))
    .map((served) => ({
      symbol: served.symbol,
      status: "TRADING",
      baseAsset: served.base,
      quoteAsset: served.quote,
      filters: [
        { filterType: "PRICE_FILTER", minPrice: served.tickSize, maxPrice: "1000000.00000000", tickSize: served.tickSize },
        { filterType: "LOT_SIZE", minQty: served.stepSize, maxQty: "9000.00000000", stepSize: served.stepSize },
      ],
    }));
  return give({ timezone: "UTC", serverTime: market.now(), symbols });
}

function historicalTrades(market: RestMarket, symbol: string, url: URL): RestAnswer {
  const from = url.searchParams.get("fromId");
  const all = market.tradesOf(symbol);
  const chosen = from === null ? all.slice(-limitOf(url)) : all.filter((trade) => trade.id >= Number(from)).slice(0, limitOf(url));
  return give(chosen.map(restTrade));
}

function depth(market: RestMarket, symbol: string): RestAnswer {
  const quote = market.quotes.get(symbol);
  const bids = quote ? [[quote.bid, quote.bidSize]] : [];
  const asks = quote ? [[quote.ask, quote.askSize]] : [];
  return give({ lastUpdateId: market.nextUpdateId(), bids, asks });
}

function restTrade(trade: ServedTrade): unknown {
  const { id, price, size: qty, timeMs: time, buyerIsMaker: isBuyerMaker } = trade;
  return { id, price, qty, quoteQty: (Number(price) * Number(qty)).toFixed(8), time, isBuyerMaker, isBestMatch: true };
}

function limitOf(url: URL): number {
  return Math.min(MAX_TRADES, Number(url.searchParams.get("limit") ?? 500));
}

function invalidSymbol(): RestAnswer {
  return refuse(400, -1121, "Invalid symbol.");
}

function give(body: unknown): RestAnswer {
  return { status: 200, body, headers: {} };
}

function refuse(status: number, code: number, msg: string, headers: Record<string, string> = {}): RestAnswer {
  return { status, body: { code, msg }, headers };
}
