import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { parseDecimal } from "../decimal.ts";
import type { RawTrade, Scaled } from "../source.ts";
import { parseTime, splitRow } from "./cells.ts";
import type { CsvColumns } from "./columns.ts";

const BUYS = new Set(["buy", "b", "1", "bid", "long"]);
const SELLS = new Set(["sell", "s", "-1", "ask", "short"]);
const NEITHER = new Set(["", "unknown", "none", "n", "0", "null"]);

/**
 * Identity of a trade: where `idSpace` is given, the file's ids are the venue's own (`survey.ts` decides, for a whole
 * file): the space is the epoch. Else the file is, and the row in it the sequence. The id stays beside it as text.
 */
export interface CsvContext {
  columns: CsvColumns;
  /** Canonical name of a row's symbol, or of a row that names none (""). @throws InvalidMessageError */
  nameOf: (symbol: string) => string;
  /** Epoch of the file's rows, where they are known by their places. */
  file: string;
  /** Epoch of the file's ids, null where they are no identity. */
  idSpace: string | null;
}

/** One row as a trade; `row` is its place in the file, from 0. @throws InvalidMessageError */
export function parseTradeRow(line: string, row: number, context: CsvContext): RawTrade {
  const { columns, idSpace } = context;
  const cells = splitRow(line, columns.delimiter);
  const cell = (index: number): string => (index < 0 ? "" : (cells[index] ?? "").trim());
  const id = cell(columns.id);
  if (idSpace !== null && !isSafeId(id))
    throw new InvalidMessageError(`id: expected a whole number below 2^53, found ${JSON.stringify(id)}`);
  const time = parseTime(cell(columns.time));
  const commas = columns.delimiter !== ",";
  const trade: RawTrade = {
    instrument: context.nameOf(cell(columns.symbol)),
    epoch: idSpace ?? context.file,
    sourceSeq: idSpace === null ? row : Number(id),
    tradeId: id === "" ? null : id,
    eventTimeUs: time.us,
    eventTimeNsRest: time.nsRest,
    receivedTimeUs: time.us,
    price: positive("price", cell(columns.price), commas),
    size: positive("size", cell(columns.size), commas),
    flag: columns.side < 0 ? null : parseSide(cell(columns.side), columns.sideIsMaker),
  };
  if (columns.aggregate) trade.aggregate = true;
  return trade;
}

/** Whether an id can be a sequence: a whole number below 2^53. */
export function isSafeId(text: string): boolean {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
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

/** A number above 0; where the comma does not part the columns, it may stand for the decimal point (`1.234,5` is 1234.5). */
function positive(what: string, text: string, commas: boolean): Scaled {
  const plain = commas && text.includes(",") ? text.replaceAll(".", "").replace(",", ".") : text;
  const scaled = parseDecimal(plain);
  if (scaled.value <= 0) throw new InvalidMessageError(`${what}: expected more than 0, found ${text}`);
  return scaled;
}
