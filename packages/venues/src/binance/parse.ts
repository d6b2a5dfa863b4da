import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { isPrintable } from "@tickfleet/market/printable";
import { z } from "zod";
import { parseDecimal } from "../decimal.ts";
import type { Refusal } from "../json-client.ts";
import type { Scaled } from "../source.ts";
import { type BinanceMarket, splitSymbol } from "./symbols.ts";

/** Kinds of messages that are known and not used. */
// biome-ignore format: one list
const IGNORED_KINDS: ReadonlySet<string> = new Set([
  "depthUpdate", "aggTrade", "kline", "continuous_kline", "24hrTicker", "24hrMiniTicker", "1hTicker", "4hTicker", "avgPrice",
  "markPriceUpdate", "indexPriceUpdate", "forceOrder", "compositeIndex", "contractInfo", "assetIndexUpdate", "serverShutdown",
]);

interface Head {
  /** The venue's spelling, null where the message names none. */
  symbol: string | null;
  /** Greatest venue time in the message, epoch microseconds; null where it has none. */
  venueTimeUs: number | null;
}

export interface ParsedTrade extends Head {
  kind: "trade";
  symbol: string;
  tradeId: number;
  eventTimeUs: number;
  price: Scaled;
  size: Scaled;
  flag: "buy" | "sell";
}

export interface ParsedQuote extends Head {
  kind: "quote";
  symbol: string;
  bid: Scaled;
  ask: Scaled;
  bidSize: Scaled;
  askSize: Scaled;
  /** Venue time of the quote; null on the spot market, which sends none. */
  quoteTimeUs: number | null;
}

export interface ParsedIgnored extends Head {
  kind: "ignored";
  /** The kind of message; `unknown` for one that is not on the list of known kinds. */
  what: string;
  /** Its id among those of the symbol's trades, where it took one without being a trade. */
  tradeId?: number;
}

export type ParsedMessage = ParsedTrade | ParsedQuote | ParsedIgnored;

type Fields = Record<string, unknown>;

/**
 * Reads one frame of a stream of the spot, USD-M or COIN-M market, with or without the combined-stream envelope.
 * @throws InvalidMessageError where the frame is not JSON, or a trade or quote lacks a field or has an impossible one
 * @see https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
 */
export function parseMessage(text: string): ParsedMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (cause) {
    throw new InvalidMessageError("frame is not JSON", { cause });
  }
  if (!isFields(message)) throw new InvalidMessageError("frame is not a JSON object");
  const stream = typeof message["stream"] === "string" ? message["stream"] : "";
  const data = message["data"];
  if (stream !== "" && !isFields(data)) {
    return { kind: "ignored", what: "array", symbol: null, venueTimeUs: null };
  }
  const fields = stream === "" ? message : (data as Fields);
  const kind = fields["e"];
  if (kind === "trade") return parseTrade(fields);
  if (kind === "bookTicker" || (kind === undefined && (stream.endsWith("@bookTicker") || isBareQuote(fields))))
    return parseBookTicker(fields);
  return { kind: "ignored", what: nameOfKind(fields, kind), symbol: symbolOf(fields), venueTimeUs: venueTimeOf(fields) };
}

/**
 * A `trade` of a stream. Futures send other kinds of executions in the same id space (`X`): insurance fund and
 * auto-deleveraging are trades; `NA` is none and is ignored, but for its id, which no trade will have.
 * @throws InvalidMessageError
 */
export function parseTrade(fields: Fields): ParsedTrade | ParsedIgnored {
  if (fields["X"] === "NA") {
    const tradeId = id(fields, "t");
    return { kind: "ignored", what: "trade-NA", symbol: need(fields, "s"), venueTimeUs: venueTimeOf(fields), tradeId };
  }
  return {
    kind: "trade",
    symbol: need(fields, "s"),
    venueTimeUs: venueTimeOf(fields),
    tradeId: id(fields, "t"),
    eventTimeUs: time(fields, "T"),
    price: positive(fields, "p", "price"),
    size: positive(fields, "q", "size"),
    flag: aggressor(fields, "m"),
  };
}

/** Best bid and offer; @throws InvalidMessageError */
export function parseBookTicker(fields: Fields): ParsedQuote {
  return {
    kind: "quote",
    symbol: need(fields, "s"),
    venueTimeUs: venueTimeOf(fields),
    bid: decimal(fields, "b", "bid"),
    ask: decimal(fields, "a", "ask"),
    bidSize: decimal(fields, "B", "bid size"),
    askSize: decimal(fields, "A", "ask size"),
    quoteTimeUs: fields["T"] === undefined ? null : time(fields, "T"),
  };
}

/** One row of `/trades` or `/historicalTrades`; the answer does not name the symbol. @throws InvalidMessageError */
export function parseRestTrade(row: unknown, symbol: string): ParsedTrade {
  if (!isFields(row)) throw new InvalidMessageError("trade is not an object");
  return {
    kind: "trade",
    symbol,
    venueTimeUs: null,
    tradeId: id(row, "id"),
    eventTimeUs: time(row, "time"),
    price: positive(row, "price", "price"),
    size: positive(row, "qty", "size"),
    flag: aggressor(row, "isBuyerMaker"),
  };
}

export interface ParsedSymbol {
  symbol: string;
  base: string;
  quote: string;
  trading: boolean;
  priceScale: number;
  sizeScale: number;
  contractSize: number | null;
}

const exchangeInfoSchema = z.object({
  symbols: z.array(
    z.object({
      symbol: z.string().min(1),
      baseAsset: z.string().min(1),
      quoteAsset: z.string().min(1),
      status: z.string().optional().describe("spot and USD-M"),
      contractStatus: z.string().optional().describe("COIN-M"),
      contractSize: z.number().positive().optional(),
      filters: z.array(z.object({ filterType: z.string(), tickSize: z.string().optional(), stepSize: z.string().optional() })),
    }),
  ),
});

/** The symbols of an `exchangeInfo` answer of any of the three markets. @throws InvalidMessageError */
export function parseExchangeInfo(answer: unknown): ParsedSymbol[] {
  const { data, error } = exchangeInfoSchema.safeParse(answer);
  if (error !== undefined) throw new InvalidMessageError(`exchangeInfo: ${z.prettifyError(error)}`, { cause: error });
  return data.symbols.map((entry) => {
    const step = (type: string): string => {
      const filter = entry.filters.find((f) => f.filterType === type);
      return filter?.tickSize ?? filter?.stepSize ?? "1";
    };
    return {
      symbol: entry.symbol,
      base: entry.baseAsset,
      quote: entry.quoteAsset,
      trading: (entry.status ?? entry.contractStatus) === "TRADING",
      priceScale: parseDecimal(step("PRICE_FILTER")).scale,
      sizeScale: parseDecimal(step("LOT_SIZE")).scale,
      contractSize: entry.contractSize ?? null,
    };
  });
}

/** Server time in epoch microseconds. @throws InvalidMessageError */
export function parseServerTime(answer: unknown): number {
  if (!isFields(answer)) throw new InvalidMessageError("answer of /time is not an object");
  return time(answer, "serverTime");
}

/** Too many requests, or too many orders. */
const LIMIT_CODES: ReadonlySet<unknown> = new Set([-1003, -1015]);

/** What an answer's body says of a refusal: `{"code":-1121,"msg":"Invalid symbol."}`; null where it is none. */
export function refusalIn(body: unknown): Refusal | null {
  if (!isFields(body)) return null;
  const { code, msg } = body;
  if (typeof code !== "number" || code >= 0 || typeof msg !== "string") return null;
  return { code, message: msg, status: LIMIT_CODES.has(code) ? 429 : 400 };
}

/** The market that sends frames of this shape, null where two do, or it is none. */
export function marketOfFrame(text: string): BinanceMarket | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isFields(message)) return null;
  const fields = isFields(message["data"]) ? message["data"] : message;
  const kind = fields["e"];
  const [pair, delivery] = (symbolOf(fields) ?? "").split("_", 2) as [string, string | undefined];
  if (typeof fields["ps"] === "string" || (delivery !== undefined && splitSymbol(pair)?.quote === "USD")) return "coinm";
  const isFutures = delivery !== undefined || "pu" in fields || (kind === "trade" && "X" in fields) || kind === "bookTicker";
  if (isFutures || kind === "markPriceUpdate" || kind === "forceOrder") return "usdm";
  return null;
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isBareQuote(fields: Fields): boolean {
  return "s" in fields && "b" in fields && "B" in fields && "a" in fields && "A" in fields && typeof fields["b"] === "string";
}

function nameOfKind(fields: Fields, kind: unknown): string {
  if (typeof kind === "string") return IGNORED_KINDS.has(kind) ? kind : "unknown";
  if ("lastUpdateId" in fields) return "depth-snapshot";
  if ("result" in fields || "error" in fields) return "answer";
  return "unknown";
}

function symbolOf(fields: Fields): string | null {
  const symbol = fields["s"] ?? fields["symbol"];
  return typeof symbol === "string" ? symbol : null;
}

function venueTimeOf(fields: Fields): number | null {
  const event = fields["E"];
  const transaction = fields["T"];
  const a = typeof event === "number" ? microseconds(event) : 0;
  const b = typeof transaction === "number" ? microseconds(transaction) : 0;
  const greater = Math.max(a, b);
  return greater > 0 && Number.isSafeInteger(greater) ? greater : null;
}

/** Streams and answers carry milliseconds, or microseconds where the client asked for them. */
function microseconds(time: number): number {
  return time < 100_000_000_000_000 ? time * 1000 : time;
}

function time(fields: Fields, field: string): number {
  const value = fields[field];
  if (!Number.isSafeInteger(value) || (value as number) <= 0) throw found(field, "a time", value);
  return microseconds(value as number);
}

function id(fields: Fields, field: string): number {
  const value = fields[field];
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw found(field, "an id below 2^53", value);
  return value as number;
}

function need(fields: Fields, field: string): string {
  const value = fields[field];
  if (typeof value !== "string" || value === "" || !isPrintable(value)) throw found(field, "printable text", value);
  return value;
}

function decimal(fields: Fields, field: string, what: string): Scaled {
  const value = fields[field];
  if (typeof value !== "string") throw found(field, `${what} as text`, value);
  const scaled = parseDecimal(value);
  if (scaled.value < 0) throw found(field, `${what} of at least 0`, value);
  return scaled;
}

function positive(fields: Fields, field: string, what: string): Scaled {
  const scaled = decimal(fields, field, what);
  if (scaled.value === 0) throw found(field, `${what} above 0`, fields[field]);
  return scaled;
}

/** True means that the buyer was the maker: the taker sold. */
function aggressor(fields: Fields, field: string): "buy" | "sell" {
  const value = fields[field];
  if (typeof value !== "boolean") throw found(field, "true or false", value);
  return value ? "sell" : "buy";
}

function found(field: string, expected: string, value: unknown): InvalidMessageError {
  return new InvalidMessageError(`${field}: expected ${expected}, found ${JSON.stringify(value) ?? "nothing"}`);
}
