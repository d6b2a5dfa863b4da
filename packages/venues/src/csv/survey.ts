import { createHash } from "node:crypto";
import { basename } from "node:path";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { INSTRUMENT_NAME_RULE, isInstrumentName } from "@tickfleet/market/market-names";
import { blocksOfLines } from "../file-replay.ts";
import { TimeFilter } from "../file-times.ts";
import { type RawTrade, SourceFileError } from "../source.ts";
import { type ChosenColumns, type CsvHead, findHead, isComment } from "./columns.ts";
import { instrumentOfFile, nameOfSymbol } from "./markets.ts";
import { type CsvContext, isSafeId, parseTradeRow } from "./parse.ts";

/** Lines in which the first row, or the header, must stand. */
const MOST_HEAD_LINES = 1000;

export interface SurveyOptions {
  venue: string;
  /** For rows that name no symbol; default the file's name. */
  instrument?: string | undefined;
  columns?: ChosenColumns | undefined;
  /** No row may be later, epoch microseconds. */
  latestUs: number;
  /** By how much a row may fall behind the one before it and still be in order, in microseconds. */
  latenessUs: number;
  /** Whether ids may be the identity of the venue's trades. */
  numericIds: boolean;
}

/** How the rows of a file stand: by time, the newest first, or neither. */
export type RowOrder = "time" | "newest-first" | "mixed";

export interface Scales {
  priceScale: number;
  sizeScale: number;
}

/** What a file holds, as its first reading shows: all that must be known before its first trade is sent. */
export interface CsvSurvey {
  path: string;
  head: CsvHead;
  context: CsvContext;
  order: RowOrder;
  /** Times of the trades, epoch microseconds; infinite where there is none. */
  firstUs: number;
  lastUs: number;
  /** How far a row falls behind an earlier one, in microseconds. */
  fallUs: number;
  rows: number;
  characters: number;
  instruments: Map<string, Scales>;
  /** Why it could not be read to its end. */
  fault: SourceFileError | null;
}

/** Reads a file once; what can be read of a damaged one counts. @throws SourceFileError where its columns are not known */
export async function surveyFile(path: string, options: SurveyOptions): Promise<CsvSurvey> {
  const head = await readHead(path, options.columns);
  const context: CsvContext = { columns: head.columns, nameOf: createNamer(path, options), file: "", idSpace: null };
  const ids = new IdWatch(options.latenessUs);
  const watch = new OrderWatch();
  const instruments = new Map<string, ScaleWatch>();
  const filter = new TimeFilter<RawTrade | null>(options.latestUs, (trade, timeUs, fault) => {
    if (trade === null || fault !== null) return;
    watch.see(timeUs);
    if (head.columns.id >= 0) ids.see(trade);
    let scales = instruments.get(trade.instrument);
    if (scales === undefined) {
      scales = new ScaleWatch();
      instruments.set(trade.instrument, scales);
    }
    scales.see(trade);
  });
  let fault: SourceFileError | null = null;
  const onFault = (error: SourceFileError): void => {
    fault = error;
  };
  let rows = 0;
  let characters = 0;
  let firstRow = "";
  let lastRow = "";
  for await (const lines of readRows(path, head, onFault)) {
    for (const line of lines) {
      const trade = tradeOf(line, rows, context);
      filter.push(trade, trade?.eventTimeUs ?? null);
      if (rows === 0) firstRow = line;
      lastRow = line;
      rows += 1;
      characters += line.length;
    }
  }
  filter.flush();
  const order = watch.order(options.latenessUs);
  // Files that grow keep their name: at the end where it is by time, else at the beginning.
  context.file = nameOf(path, order === "newest-first" ? lastRow : firstRow);
  if (options.numericIds && ids.areIdentity(order)) context.idSpace = head.columns.aggregate ? "aggregate" : "";
  const { firstUs, lastUs, fallUs } = watch;
  return { path, head, context, order, firstUs, lastUs, fallUs, rows, characters, instruments, fault };
}

/** The rows of a file in blocks, without its head, blank lines and comments; ends where the file is damaged. */
export async function* readRows(
  path: string,
  head: CsvHead,
  onFault: (fault: SourceFileError) => void = () => {},
): AsyncGenerator<string[]> {
  let skip = head.skip;
  try {
    for await (const lines of blocksOfLines(path)) {
      const rows = skip > 0 ? lines.slice(skip) : lines;
      skip = Math.max(0, skip - lines.length);
      yield rows.some(isComment) ? rows.filter((line) => !isComment(line)) : rows;
    }
  } catch (error) {
    if (!(error instanceof SourceFileError)) throw error;
    onFault(error);
  }
}

/** The columns of a file, by its first lines. @throws SourceFileError naming the file and what is missing */
export async function readHead(path: string, columns: ChosenColumns | undefined): Promise<CsvHead> {
  const name = basename(path);
  for await (const lines of blocksOfLines(path)) {
    try {
      const head = findHead(lines.slice(0, MOST_HEAD_LINES), columns);
      if (head !== null) return head;
    } catch (cause) {
      if (!(cause instanceof InvalidMessageError)) throw cause;
      throw new SourceFileError(`${name}: ${cause.message}`, { cause });
    }
    break;
  }
  throw new SourceFileError(`${name}: no lines to replay`);
}

function tradeOf(line: string, row: number, context: CsvContext): RawTrade | null {
  try {
    return parseTradeRow(line, row, context);
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    return null;
  }
}

function createNamer(path: string, { venue, instrument }: SurveyOptions): (symbol: string) => string {
  const unnamed = instrument ?? nameOfSymbol(instrumentOfFile(path), venue);
  const names = new Map<string, string>();
  return (symbol) => {
    let name = names.get(symbol);
    if (name === undefined) {
      name = symbol === "" ? unnamed : nameOfSymbol(symbol, venue);
      if (!isInstrumentName(name)) throw new InvalidMessageError(`symbol: ${INSTRUMENT_NAME_RULE}, found ${JSON.stringify(name)}`);
      names.set(symbol, name);
    }
    return name;
  };
}

/**
 * What tells the rows of a file from those of another: its name and a mark of its oldest row, because the files of many
 * days are often called alike.
 */
function nameOf(path: string, row: string): string {
  return `${basename(path)}#${createHash("sha256").update(row).digest("hex").slice(0, 8)}`;
}

/** Watches whether the times of a file rise. */
class OrderWatch {
  firstUs = Number.POSITIVE_INFINITY;
  lastUs = Number.NEGATIVE_INFINITY;
  fallUs = 0;
  #beforeUs = Number.NaN;
  #rises = 0;
  #falls = 0;

  see(timeUs: number): void {
    if (timeUs > this.#beforeUs) this.#rises += 1;
    else if (timeUs < this.#beforeUs) this.#falls += 1;
    this.#beforeUs = timeUs;
    if (timeUs < this.firstUs) this.firstUs = timeUs;
    if (timeUs > this.lastUs) this.lastUs = timeUs;
    else if (this.lastUs - timeUs > this.fallUs) this.fallUs = this.lastUs - timeUs;
  }

  order(latenessUs: number): RowOrder {
    if (this.fallUs <= latenessUs) return "time";
    return this.#falls > this.#rises ? "newest-first" : "mixed";
  }
}

/**
 * Watches whether a file's ids can be the venue's: whole numbers below 2^53 that grow with time in every instrument, and
 * not the numbers of the rows, as data frames write them.
 */
class IdWatch {
  readonly #latenessUs: number;
  readonly #last = new Map<string, { id: number; timeUs: number }>();
  #numeric = true;
  #rising = true;
  #falling = true;
  #counting = true;
  #firstOffset = Number.NaN;

  constructor(latenessUs: number) {
    this.#latenessUs = latenessUs;
  }

  /** Takes a trade whose `sourceSeq` is the row. */
  see(trade: RawTrade): void {
    if (!this.#numeric || (!this.#rising && !this.#falling)) return;
    if (trade.tradeId === null || !isSafeId(trade.tradeId)) {
      this.#numeric = false;
      return;
    }
    const id = Number(trade.tradeId);
    const timeUs = trade.eventTimeUs;
    const offset = id - trade.sourceSeq;
    if (Number.isNaN(this.#firstOffset)) this.#firstOffset = offset;
    if (offset !== this.#firstOffset || offset < 0 || offset > 1) this.#counting = false;
    const last = this.#last.get(trade.instrument);
    if (last === undefined) {
      this.#last.set(trade.instrument, { id, timeUs });
      return;
    }
    if (id <= last.id || timeUs < last.timeUs - this.#latenessUs) this.#rising = false;
    if (id >= last.id || timeUs > last.timeUs + this.#latenessUs) this.#falling = false;
    last.id = id;
    last.timeUs = timeUs;
  }

  areIdentity(order: RowOrder): boolean {
    const grow = order === "newest-first" ? this.#falling : this.#rising;
    return this.#numeric && this.#last.size > 0 && grow && !this.#counting;
  }
}

/** The decimals of an instrument's values, as far as none of them is pushed beyond 2^53. */
class ScaleWatch implements Scales {
  priceScale = 0;
  sizeScale = 0;
  #price = 0;
  #size = 0;

  see({ price, size }: RawTrade): void {
    this.#price = Math.max(this.#price, price.value / 10 ** price.scale);
    this.#size = Math.max(this.#size, size.value / 10 ** size.scale);
    if (price.scale > this.priceScale && fits(this.#price, price.scale)) this.priceScale = price.scale;
    if (size.scale > this.sizeScale && fits(this.#size, size.scale)) this.sizeScale = size.scale;
  }
}

function fits(value: number, scale: number): boolean {
  return value * 10 ** scale < Number.MAX_SAFE_INTEGER / 16;
}
