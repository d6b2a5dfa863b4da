import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { parseDecimal } from "../decimal.ts";
import type { RawTrade, Scaled } from "../source.ts";

/** Where a file keeps what; -1 where it does not. */
export interface CsvColumns {
  delimiter: string;
  time: number;
  price: number;
  size: number;
  side: number;
  /** True where the column says whether the buyer was the maker, in place of the taker's side. */
  sideIsMaker: boolean;
  id: number;
  symbol: number;
}

const NAMES = {
  time: ["time", "timestamp", "event_time", "eventtime", "datetime", "date", "ts"],
  price: ["price", "p", "rate"],
  size: ["size", "quantity", "qty", "amount", "volume"],
  side: ["side", "taker_side", "aggressor", "direction"],
  maker: ["is_buyer_maker", "isbuyermaker", "buyer_is_maker"],
  id: ["id", "trade_id", "tradeid"],
  symbol: ["symbol", "instrument", "pair", "ticker"],
} as const;

const BUYS = new Set(["buy", "b", "1", "bid", "long"]);
const SELLS = new Set(["sell", "s", "-1", "ask", "short"]);
const NEITHER = new Set(["", "unknown", "none", "n", "0", "null"]);

/**
 * Reads the first line of a file. One of three bare numbers (time, price, size) is data: such files have no header.
 * @throws InvalidMessageError naming the columns that are missing
 */
export function parseHeader(line: string): { columns: CsvColumns; isData: boolean } {
  const delimiter = line.includes("\t") ? "\t" : line.includes(";") ? ";" : ",";
  const cells = splitRow(line.replace(/^\uFEFF/, ""), delimiter);
  if (cells.length === 3 && cells.every((cell) => /^-?[\d.]+$/.test(cell))) {
    return { columns: { delimiter, time: 0, price: 1, size: 2, side: -1, sideIsMaker: false, id: -1, symbol: -1 }, isData: true };
  }
  const names = cells.map((cell) => cell.trim().toLowerCase().replaceAll(" ", "_"));
  const find = (accepted: readonly string[]): number => {
    for (const name of accepted) if (names.includes(name)) return names.indexOf(name);
    return -1;
  };
  const side = find(NAMES.side);
  const columns: CsvColumns = {
    delimiter,
    time: find(NAMES.time),
    price: find(NAMES.price),
    size: find(NAMES.size),
    side: side >= 0 ? side : find(NAMES.maker),
    sideIsMaker: side < 0,
    id: find(NAMES.id),
    symbol: find(NAMES.symbol),
  };
  const missing = (["time", "price", "size"] as const).filter((name) => columns[name] < 0);
  if (missing.length === 0) return { columns, isData: false };
  const wanted = missing.map((name) => NAMES[name].join(" or ")).join("; ");
  throw new InvalidMessageError(`header has no column for ${missing.join(", ")} (${wanted}), found ${JSON.stringify(line.slice(0, 200))}`);
}

export interface CsvContext {
  columns: CsvColumns;
  /** For rows that name no symbol. */
  instrument: string;
  /** Id space where the ids are no whole numbers, or there are none. */
  file: string;
  /** Whether the file's ids are whole numbers, and so are the identity. */
  numericIds: boolean;
}

/** Whether a row's id can be its identity: a whole number below 2^53. */
export function hasNumericId(line: string, columns: CsvColumns): boolean {
  return columns.id >= 0 && isSafeId(splitRow(line, columns.delimiter)[columns.id] ?? "");
}

/** One row as a trade; `row` counts from 0 in its file. @throws InvalidMessageError */
export function parseTradeRow(line: string, row: number, context: CsvContext): RawTrade {
  const { columns, numericIds } = context;
  const cells = splitRow(line, columns.delimiter);
  const cell = (index: number): string => (index < 0 ? "" : (cells[index] ?? "").trim());
  const id = cell(columns.id);
  if (numericIds && !isSafeId(id)) throw new InvalidMessageError(`id: expected a whole number below 2^53, found ${JSON.stringify(id)}`);
  const time = parseTime(cell(columns.time));
  return {
    instrument: cell(columns.symbol) || context.instrument,
    epoch: numericIds ? "" : context.file,
    sourceSeq: numericIds ? Number(id) : row,
    tradeId: id === "" ? null : id,
    eventTimeUs: time.us,
    eventTimeNsRest: time.nsRest,
    receivedTimeUs: time.us,
    price: positive("price", cell(columns.price)),
    size: positive("size", cell(columns.size)),
    flag: columns.side < 0 ? null : parseSide(cell(columns.side), columns.sideIsMaker),
  };
}

/**
 * A time as epoch microseconds and the nanoseconds beyond: ISO 8601 (UTC where it names no zone), or a number of
 * seconds, milliseconds, microseconds or nanoseconds, told apart by its digits. @throws InvalidMessageError
 */
export function parseTime(text: string): { us: number; nsRest: number } {
  const number = /^(\d{1,19})(?:\.(\d*))?$/.exec(text);
  if (number) {
    const [, whole, fraction = ""] = number as unknown as [string, string, string | undefined];
    const decimals = whole.length <= 11 ? 9 : whole.length <= 14 ? 6 : whole.length <= 17 ? 3 : 0;
    return split(BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0")));
  }
  const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/.exec(text);
  if (iso === null)
    throw new InvalidMessageError(`time: expected ISO 8601 or a number since 1970, found ${JSON.stringify(text.slice(0, 60))}`);
  const [, date, clock, fraction = "", zone = "Z"] = iso as unknown as [string, string, string, string | undefined, string | undefined];
  const ms = Date.parse(`${date}T${clock}${zone === "UTC" ? "Z" : zone}`);
  if (Number.isNaN(ms)) throw new InvalidMessageError(`time: no such time: ${text}`);
  return split(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0")));
}

function split(ns: bigint): { us: number; nsRest: number } {
  return { us: Number(ns / 1000n), nsRest: Number(ns % 1000n) };
}

function parseSide(text: string, isMaker: boolean): "buy" | "sell" | null {
  const word = text.toLowerCase();
  if (isMaker) {
    if (word === "true" || word === "1") return "sell";
    if (word === "false" || word === "0") return "buy";
  } else {
    if (BUYS.has(word)) return "buy";
    if (SELLS.has(word)) return "sell";
  }
  if (NEITHER.has(word)) return null;
  throw new InvalidMessageError(`side: expected ${isMaker ? "true or false" : "buy or sell"}, found ${JSON.stringify(text)}`);
}

function positive(what: string, text: string): Scaled {
  const scaled = parseDecimal(text);
  if (scaled.value <= 0) throw new InvalidMessageError(`${what}: expected more than 0, found ${text}`);
  return scaled;
}

function isSafeId(text: string): boolean {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
}

/** The cells of a row; a cell in double quotes may hold the delimiter, and a quote doubled. */
function splitRow(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i] as string;
    if (char === '"' && quoted && line[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (char === '"') {
      quoted = !quoted;
    } else if (char === delimiter && !quoted) {
      cells.push(cell);
      cell = "";
    } else {
      cell += char;
    }
  }
  return [...cells, cell];
}
