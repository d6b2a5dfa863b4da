import { setTimeout as sleep } from "node:timers/promises";
import type { Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { isPassing, RestError } from "../json-client.ts";
import type { RawTrade } from "../source.ts";
import { toTrade } from "./events.ts";
import { type ParsedTrade, parseExchangeInfo, parseRestTrade, parseServerTime } from "./parse.ts";
import { createRestClient, type RestClientOptions, type RestGet } from "./rest-client.ts";
import { type BinanceMarket, canonicalName, describeInstrument } from "./symbols.ts";

const PATHS: Readonly<Record<BinanceMarket, string>> = { spot: "/api/v3", usdm: "/fapi/v1", coinm: "/dapi/v1" };
const BASE_URLS: Readonly<Record<BinanceMarket, string>> = {
  spot: "https://api.binance.com",
  usdm: "https://fapi.binance.com",
  coinm: "https://dapi.binance.com",
};
/** Most trades in one answer of the spot market; the futures markets give 500 old ones. */
const PAGE = 1000;
const FUTURES_PAGE = 500;
/** Answers may lag behind the stream by a moment. */
const LAG_WAITS_MS = [250, 500, 1_000];
/** Refused for want of a key. */
const NEEDS_KEY: ReadonlySet<unknown> = new Set([-2014, -2015, -1002]);

export interface BinanceRestOptions extends Partial<RestClientOptions> {
  market?: BinanceMarket;
}

export interface FillAnswer {
  /** The trades that came, by id. */
  trades: RawTrade[];
  /** True where every trade asked for came. */
  complete: boolean;
  /** How far the answer reached, in words. */
  reached: string;
  /** True where a fault that passes kept the others back: they may be had later. */
  mayPass: boolean;
}

export interface BinanceRest {
  /**
   * The instruments with these names, canonical (`BTC-USDT`) or the venue's (`BTCUSDT`), in the order asked for; all that
   * trade where none is named. @throws RestError; RangeError naming what the venue does not list
   */
  listInstruments(names?: readonly string[], signal?: AbortSignal): Promise<Instrument[]>;
  /** Local time minus venue time in microseconds, by the quickest of a few answers. */
  measureOffset(signal?: AbortSignal): Promise<number>;
  /**
   * The trades from one id to another, both included; `toId` null: to the newest. Without a key the venue gives the
   * last 1,000, and old ones only where it asks for no key. What came before a fault is in the answer.
   * @throws RestError where nothing came
   */
  fillGap(instrument: Instrument, fromId: number, toId: number | null, signal?: AbortSignal): Promise<FillAnswer>;
}

export function createBinanceRest(options: BinanceRestOptions = {}): BinanceRest {
  const market = options.market ?? "spot";
  const get = createRestClient({ ...options, baseUrl: options.baseUrl ?? BASE_URLS[market] });
  const path = PATHS[market];
  return {
    listInstruments: (names, signal) => listInstruments(get, path, market, names ?? [], signal),
    measureOffset: (signal) => measureOffset(get, path, signal),
    fillGap: (instrument, fromId, toId, signal) => fillGap({ get, path, market, instrument, signal }, fromId, toId),
  };
}

async function listInstruments(
  get: RestGet,
  path: string,
  market: BinanceMarket,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Instrument[]> {
  // Only the spot market takes a list; a canonical name without its hyphens is the symbol there.
  const query =
    market === "spot" && names.length > 0 ? { symbols: JSON.stringify(names.map((name) => name.replaceAll("-", ""))) } : undefined;
  const listed = parseExchangeInfo(await get(`${path}/exchangeInfo`, query, signal)).map((entry) => ({
    trading: entry.trading,
    instrument: describeInstrument({ ...entry, market, name: canonicalName(entry.symbol, market, entry) }),
  }));
  if (names.length === 0) return listed.filter((entry) => entry.trading).map((entry) => entry.instrument);
  const missing: string[] = [];
  const found = names.flatMap((name) => {
    const entry = listed.find(({ instrument }) => instrument.instrument === name || instrument.venueSymbol === name);
    if (entry === undefined) missing.push(name);
    return entry === undefined ? [] : [entry.instrument];
  });
  if (missing.length > 0) throw new RangeError(`Binance (${market}) does not list ${missing.join(", ")}`);
  return found;
}

async function measureOffset(get: RestGet, path: string, signal?: AbortSignal): Promise<number> {
  let best = { tripMs: Number.POSITIVE_INFINITY, offsetUs: 0 };
  for (let i = 0; i < 3; i++) {
    const sentMs = Date.now();
    const venueUs = parseServerTime(await get(`${path}/time`, undefined, signal));
    const tripMs = Date.now() - sentMs;
    if (tripMs < best.tripMs) best = { tripMs, offsetUs: Math.round((sentMs + tripMs / 2) * 1000 - venueUs) };
  }
  return best.offsetUs;
}

interface FillRequest {
  get: RestGet;
  path: string;
  market: BinanceMarket;
  instrument: Instrument;
  signal: AbortSignal | undefined;
}

/** Why trades that were asked for did not come. */
interface Shortfall {
  why: string;
  mayPass: boolean;
}

async function fillGap(request: FillRequest, fromId: number, toId: number | null): Promise<FillAnswer> {
  const found = new Map<number, ParsedTrade>();
  const newest = await collectRecent(request, found);
  const lag = toId === null || newest >= toId ? null : await collectLagging(request, found, toId);
  const to = toId ?? newest;
  let oldest = to + 1;
  for (const id of found.keys()) oldest = Math.min(oldest, id);
  const old = oldest > fromId ? await collectOld(request, found, fromId, oldest - 1) : null;
  const receivedTimeUs = Date.now() * 1000;
  const trades: RawTrade[] = [];
  for (let id = fromId; id <= to; id++) {
    const trade = found.get(id);
    if (trade !== undefined) trades.push(toTrade(trade, request.instrument.instrument, receivedTimeUs));
  }
  const wanted = Math.max(0, to - fromId + 1);
  if (trades.length === wanted) return { trades, complete: true, reached: `all ${wanted} trades`, mayPass: false };
  const why = `${old?.why ?? ""}${lag?.why ?? ""}`;
  const reached = `${trades.length} of ${wanted} trades, back to id ${trades[0]?.sourceSeq ?? "none"}${why}`;
  return { trades, complete: false, reached, mayPass: Boolean(old?.mayPass || lag?.mayPass) };
}

/** Adds the newest trades; gives the greatest id among them. */
async function collectRecent(request: FillRequest, into: Map<number, ParsedTrade>): Promise<number> {
  const { get, path, instrument, signal } = request;
  const rows = await get(`${path}/trades`, { symbol: instrument.venueSymbol, limit: PAGE }, signal);
  return collect(rows, instrument.venueSymbol, into);
}

/** Asks for the newest trades until the last one asked for is among them; says why where it stays away. */
async function collectLagging(request: FillRequest, into: Map<number, ParsedTrade>, toId: number): Promise<Shortfall | null> {
  try {
    for (const waitMs of LAG_WAITS_MS) {
      await sleep(waitMs, undefined, { signal: request.signal });
      if ((await collectRecent(request, into)) >= toId) return null;
    }
    return { why: `; the venue does not give id ${toId} yet`, mayPass: true };
  } catch (error) {
    return shortfallOf(error);
  }
}

/** Adds old trades page by page; says why where the venue does not give them. */
async function collectOld(request: FillRequest, into: Map<number, ParsedTrade>, fromId: number, toId: number): Promise<Shortfall | null> {
  const { get, path, instrument, signal } = request;
  const limit = request.market === "spot" ? PAGE : FUTURES_PAGE;
  try {
    for (let id = fromId; id <= toId; ) {
      const before = into.size;
      const rows = await get(`${path}/historicalTrades`, { symbol: instrument.venueSymbol, limit, fromId: id }, signal);
      const greatest = collect(rows, instrument.venueSymbol, into);
      if (into.size === before || greatest < id) return { why: "; the venue gave no older ones", mayPass: false };
      id = greatest + 1;
    }
    return null;
  } catch (error) {
    return shortfallOf(error);
  }
}

/** @throws what is no answer of the venue */
function shortfallOf(error: unknown): Shortfall {
  if (error instanceof InvalidMessageError) return { why: `; ${error.message}`, mayPass: false };
  if (!(error instanceof RestError)) throw error;
  const needsKey = error.status === 401 || NEEDS_KEY.has(error.code);
  return { why: needsKey ? "; older ones need an API key" : `; ${error.message}`, mayPass: isPassing(error) };
}

function collect(rows: unknown, symbol: string, into: Map<number, ParsedTrade>): number {
  if (!Array.isArray(rows)) throw new InvalidMessageError(`expected a list of trades of ${symbol}`);
  let greatest = -1;
  for (const row of rows as unknown[]) {
    try {
      const trade = parseRestTrade(row, symbol);
      into.set(trade.tradeId, trade);
      greatest = Math.max(greatest, trade.tradeId);
    } catch (error) {
      // it stays missing, and the others are taken
      if (!(error instanceof InvalidMessageError)) throw error;
    }
  }
  return greatest;
}
