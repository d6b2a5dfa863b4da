import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { parseTime, splitRow } from "./cells.ts";

/** What a column may be told to hold (`--columns time=ts,price=px`). */
export const COLUMN_ROLES = ["time", "price", "size", "side", "maker", "id", "symbol"] as const;
export type ColumnRole = (typeof COLUMN_ROLES)[number];

/** Names in the header, or places counted from 1, that replace those that are guessed. */
export type ChosenColumns = Partial<Record<ColumnRole, string | undefined>>;

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
  /** True where a row stands for several trades: its ids count in a space of their own. */
  aggregate: boolean;
}

/** The beginning of a file: its columns, and how many lines stand before the first row. */
export interface CsvHead {
  columns: CsvColumns;
  skip: number;
}

const NAMES: Readonly<Record<ColumnRole, readonly string[]>> = {
  time: [
    ...["time", "timestamp", "event_time", "eventtime", "trade_time", "tradetime", "transact_time", "transaction_time", "created_time"],
    ...["created_at", "exec_time", "time_exchange", "datetime", "date", "ts"],
  ],
  price: ["price", "p", "px", "rate"],
  size: ["size", "quantity", "qty", "amount", "volume", "sz"],
  side: ["taker_side", "aggressor", "aggressor_side", "side", "direction"],
  maker: ["is_buyer_maker", "isbuyermaker", "buyer_is_maker", "buyer_maker"],
  id: ["trade_id", "tradeid", "id", "tid", "trdmatchid", "agg_trade_id", "aggtradeid"],
  symbol: ["symbol", "instrument", "instrument_name", "inst_id", "product_id", "pair", "ticker"],
};
const AGGREGATE_IDS: ReadonlySet<string> = new Set(["agg_trade_id", "aggtradeid"]);
const NONE = { time: -1, price: -1, size: -1, side: -1, sideIsMaker: false, id: -1, symbol: -1, aggregate: false };

/**
 * Reads the first lines of a file: blank ones and comments (`#`) are passed over, a header may stand behind a `#`.
 * Null where more lines are needed. @throws InvalidMessageError naming the columns that are missing
 */
export function findHead(lines: readonly string[], chosen: ChosenColumns = {}): CsvHead | null {
  let commented: CsvColumns | null = null;
  for (const [i, line] of lines.entries()) {
    const text = withoutMark(line).trim();
    if (text.startsWith("#")) commented ??= columnsOfHeader(text.slice(1), chosen).columns;
    if (text === "" || text.startsWith("#")) continue;
    const { columns, isData } = parseHeader(line, chosen, commented);
    return { columns, skip: isData ? i : i + 1 };
  }
  return null;
}

/** True for a line that is no row: blank, or a comment. */
export function isComment(line: string): boolean {
  const first = line.charCodeAt(0);
  return Number.isNaN(first) || first === 35 || ((first === 32 || first === 9) && line.trim() === "");
}

/**
 * Reads the line that names the columns, or tells them by their values: three numbers (time, price, size), a side
 * among them, or the rows of data.binance.vision.
 * @param commented what a header behind a `#` said, for a line of data
 * @throws InvalidMessageError naming the columns that are missing
 */
export function parseHeader(
  line: string,
  chosen: ChosenColumns = {},
  commented: CsvColumns | null = null,
): { columns: CsvColumns; isData: boolean } {
  const text = withoutMark(line);
  const delimiter = delimiterOf(text);
  const cells = splitRow(text, delimiter).map((cell) => cell.trim());
  const placed = columnsByPlace(chosen, delimiter);
  if (placed !== null) return { columns: placed, isData: isTime(cells[placed.time] ?? "") };
  if (commented !== null && isTime(cells[commented.time] ?? "")) return { columns: { ...commented, delimiter }, isData: true };
  const bare = Object.keys(chosen).length === 0 ? columnsOfValues(cells) : null;
  if (bare !== null) return { columns: { ...NONE, ...bare, delimiter }, isData: true };
  const { columns, missing } = columnsOfHeader(text, chosen);
  if (columns !== null) return { columns, isData: false };
  throw new InvalidMessageError(`${faultOfHead(cells, missing, chosen)}, found ${JSON.stringify(text.slice(0, 200))}`);
}

/** Why a first line does not say what is where: it is a row, it tells of candles, or it has other names. */
function faultOfHead(cells: readonly string[], missing: readonly ColumnRole[], chosen: ChosenColumns): string {
  const names = cells.map(plainName);
  const isRow = cells.filter((cell) => !/\p{L}/u.test(cell)).length * 2 > cells.length;
  const candles = "looks like candles (open, high, low, close, volume), which replay does not read: it takes trades";
  if (isRow ? areCandle(cells) : ["open", "high", "low", "close"].every((name) => names.includes(name))) {
    return isRow ? `the file has no header line and ${candles}` : `the file ${candles}`;
  }
  if (isRow) {
    const places = "give the columns' places with --columns, such as time=1,price=2,size=3";
    return `the file has no header line, and its columns are not those of a format that is known without one: ${places}`;
  }
  const wanted = missing.map((role) => chosen[role] ?? NAMES[role].join(" or ")).join("; ");
  return `header has no column for ${missing.join(", ")} (${wanted}); name them with --columns`;
}

/** Whether a row is a time and four prices of which the second is the highest and the third the lowest, perhaps with more behind. */
function areCandle(cells: readonly string[]): boolean {
  const [open, high, low, close] = cells.slice(1, 5).map((cell) => (isNumber(cell) ? Number(cell.replace(",", ".")) : Number.NaN));
  if (open === undefined || high === undefined || low === undefined || close === undefined) return false;
  return high >= Math.max(open, low, close) && low <= Math.min(open, close);
}

function columnsOfHeader(text: string, chosen: ChosenColumns): { columns: CsvColumns | null; missing: ColumnRole[] } {
  const delimiter = delimiterOf(text);
  const names = splitRow(text, delimiter).map(plainName);
  const find = (role: ColumnRole): number => {
    const wanted = chosen[role];
    const accepted = wanted === undefined ? NAMES[role] : [plainName(wanted)];
    for (const name of accepted) if (names.includes(name)) return names.indexOf(name);
    return -1;
  };
  const [side, maker, id] = [find("side"), find("maker"), find("id")];
  const sideIsMaker = chosen.maker !== undefined || (chosen.side === undefined && side < 0);
  const columns: CsvColumns = {
    delimiter,
    time: find("time"),
    price: find("price"),
    size: find("size"),
    side: sideIsMaker ? maker : side,
    sideIsMaker,
    id,
    symbol: find("symbol"),
    aggregate: AGGREGATE_IDS.has(names[id] ?? ""),
  };
  const roles = COLUMN_ROLES.filter((role) => ["time", "price", "size"].includes(role) || chosen[role] !== undefined);
  const missing = roles.filter((role) => find(role) < 0);
  return { columns: missing.length === 0 ? columns : null, missing };
}

/** Columns that are all given by their places; null where one is given by its name, or none is given. */
function columnsByPlace(chosen: ChosenColumns, delimiter: string): CsvColumns | null {
  const { time, price, size } = chosen;
  if (time === undefined || price === undefined || size === undefined) return null;
  if (Object.values(chosen).some((name) => name !== undefined && !/^[1-9]\d?$/.test(name))) return null;
  const place = (role: ColumnRole): number => Number(chosen[role] ?? 0) - 1;
  const sideIsMaker = chosen.maker !== undefined;
  return {
    ...NONE,
    delimiter,
    time: place("time"),
    price: place("price"),
    size: place("size"),
    side: place(sideIsMaker ? "maker" : "side"),
    sideIsMaker,
    id: place("id"),
    symbol: place("symbol"),
  };
}

/** What the values of a row without a header say; null where they are not known. */
function columnsOfValues(cells: readonly string[]): Partial<CsvColumns> | null {
  const [number, time, flag] = [cells.map(isNumber), cells.map(isTime), cells.map((cell) => /^(true|false)$/i.test(cell))];
  const areNumbers = (...places: number[]): boolean => places.every((place) => number[place]);
  // data.binance.vision: id, price, quantity, quote quantity, time, buyer is maker [, best match]
  if (areNumbers(0, 1, 2, 3) && time[4] && flag[5] && cells.length <= 7)
    return { id: 0, price: 1, size: 2, time: 4, side: 5, sideIsMaker: true };
  // and its aggregates: id, price, quantity, first id, last id, time, buyer is maker [, best match]
  if (areNumbers(0, 1, 2, 3, 4) && time[5] && flag[6] && cells.length <= 8)
    return { id: 0, price: 1, size: 2, time: 5, side: 6, sideIsMaker: true, aggregate: true };
  if (!time[0]) return null;
  const side = cells.findIndex((cell) => /^(buy|sell|b|s|bid|ask)$/i.test(cell));
  const rest = cells.flatMap((_, place) => (place === 0 || place === side ? [] : [place]));
  if (rest.length !== 2 || !areNumbers(...rest) || cells.length !== (side < 0 ? 3 : 4)) return null;
  return { time: 0, price: rest[0] as number, size: rest[1] as number, side };
}

function delimiterOf(line: string): string {
  return line.includes("\t") ? "\t" : line.includes(";") ? ";" : ",";
}

function isNumber(cell: string): boolean {
  return /^-?\d+([.,]\d*)?([eE][+-]?\d+)?$|^-?[.,]\d+$/.test(cell);
}

/** Whether a cell is a time: a number too short for one since 1970 is none. */
function isTime(cell: string): boolean {
  if (/^\d{1,8}([.,]\d*)?$/.test(cell)) return false;
  try {
    parseTime(cell);
    return true;
  } catch {
    return false;
  }
}

function plainName(cell: string): string {
  return cell.trim().toLowerCase().replaceAll(" ", "_");
}

function withoutMark(line: string): string {
  return line.replace(/^\uFEFF/, "");
}
