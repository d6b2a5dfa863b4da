import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { CalendarName, Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { readLines } from "../file-lines.ts";
import { checkFiles, type LineReader, pushTime, replayLines } from "../file-replay.ts";
import { type ScriptedSource, type SourceEvent, SourceFileError } from "../source.ts";
import { type CsvContext, hasNumericId, parseHeader, parseTradeRow } from "./parse.ts";

export interface CsvTradesOptions {
  /** Files of trades, plain or gzip, in order of time. */
  files: readonly string[];
  /** Default `csv`. */
  venue?: string;
  /** For files without a column that names it; default the file's name without its endings. */
  instrument?: string;
  /** Default `crypto`. */
  calendar?: CalendarName;
  connection?: string;
}

/**
 * A source that replays trades from CSV files. Whole numbers in an id column are the trades' identity, else the row in
 * the file is. Its clock is the greatest time of any row.
 * @throws SourceFileError where a file cannot be read, or its header has no time, price or size
 */
export async function openCsvTrades(options: CsvTradesOptions): Promise<ScriptedSource> {
  if (options.files.length === 0) throw new RangeError("trades need at least one file");
  await checkFiles(options.files);
  for (const file of options.files) await checkHeader(file);
  return {
    id: options.files.map((file) => basename(file)).join(","),
    venue: options.venue ?? "csv",
    connection: options.connection ?? "replay",
    events: (from) => replayLines(options.files, createCsvReader(options), from),
  };
}

/** Name of a file without `.csv`, `.gz` and the like: what its trades are called where nothing else says. */
export function instrumentOfFile(file: string): string {
  return basename(file).replace(/(\.(csv|tsv|txt|gz))+$/i, "");
}

async function checkHeader(file: string): Promise<void> {
  for await (const lines of readLines(file)) {
    try {
      parseHeader(lines[0] as string);
      return;
    } catch (cause) {
      if (!(cause instanceof InvalidMessageError)) throw cause;
      throw new SourceFileError(`${basename(file)}: ${cause.message}`, { cause });
    }
  }
}

function createCsvReader(options: CsvTradesOptions): LineReader {
  const instruments = new Map<string, Instrument>();
  let file: string | null = null;
  let context: CsvContext | null = null;
  let row = 0;
  let opened = false;
  let greatest = 0;

  function read(lines: readonly string[], path: string): SourceEvent[] {
    let rows = lines;
    if (path !== file) {
      file = path;
      row = 0;
      const { columns, isData } = parseHeader(lines[0] as string);
      if (!isData) rows = lines.slice(1);
      const numericIds = rows.length > 0 && hasNumericId(rows[0] as string, columns);
      context = { columns, instrument: options.instrument ?? instrumentOfFile(path), file: nameOf(path, rows[0] ?? ""), numericIds };
    }
    const events = rows.filter((line) => line !== "").map((line) => parseRow(line, context as CsvContext));
    return withTimes(events);
  }

  function parseRow(line: string, at: CsvContext): SourceEvent {
    const index = row;
    row += 1;
    try {
      return { kind: "trade", trade: parseTradeRow(line, index, at) };
    } catch (error) {
      if (!(error instanceof InvalidMessageError)) throw error;
      return { kind: "invalid", raw: line, reason: `${basename(file ?? "")} row ${index}: ${error.message}`, instrument: null };
    }
  }

  /** The same events, with the list of instruments where it grows, and the clock. */
  function withTimes(rows: readonly SourceEvent[]): SourceEvent[] {
    const events: SourceEvent[] = [];
    const first = rows.find((event) => event.kind === "trade");
    if (listInstruments(rows, instruments, options) && first?.kind === "trade") {
      const timeUs = opened ? greatest : first.trade.eventTimeUs;
      const reason = opened ? "more instruments in the file" : "start of the file";
      const { venue = "csv", connection = "replay" } = options;
      events.push({
        kind: "open",
        connection,
        venue,
        timeUs,
        instruments: [...instruments.values()],
        reason,
        consecutiveIds: false,
        refill: "none",
      });
      opened = true;
    }
    for (const event of rows) {
      events.push(event);
      if (event.kind === "trade" && event.trade.eventTimeUs > greatest) {
        greatest = event.trade.eventTimeUs;
        pushTime(events, greatest);
      }
    }
    return events;
  }

  return { read, end: (reason) => [{ kind: "end", timeUs: greatest, reason }] };
}

/**
 * What tells the rows of a file from those of another: its name and a mark of its first row, because the files of many
 * days are often called alike.
 */
function nameOf(path: string, firstRow: string): string {
  return `${basename(path)}#${createHash("sha256").update(firstRow).digest("hex").slice(0, 8)}`;
}

/** Adds the instruments of these rows with the decimals seen; true where one is new. */
function listInstruments(rows: readonly SourceEvent[], instruments: Map<string, Instrument>, options: CsvTradesOptions): boolean {
  const { venue = "csv", calendar = "crypto" } = options;
  const known = instruments.size;
  const fresh = new Set<string>();
  for (const event of rows) {
    if (event.kind !== "trade") continue;
    const { instrument, price, size } = event.trade;
    const listed = instruments.get(instrument);
    if (listed === undefined) {
      fresh.add(instrument);
      const closeDelayMs = calendar === "crypto" ? 250 : 2000;
      const scales = { priceScale: price.scale, sizeScale: size.scale };
      instruments.set(instrument, {
        venue,
        instrument,
        venueSymbol: instrument,
        calendar,
        kind: "spot",
        contractSize: 1,
        ...scales,
        closeDelayMs,
      });
    } else if (fresh.has(instrument)) {
      listed.priceScale = Math.max(listed.priceScale, price.scale);
      listed.sizeScale = Math.max(listed.sizeScale, size.scale);
    }
  }
  return instruments.size > known;
}
