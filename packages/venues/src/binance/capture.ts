import { basename } from "node:path";
import type { Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { openToRead, readLines } from "../file-lines.ts";
import { type ScriptedSource, type SourceBlock, type SourceEvent, SourceFileError } from "../source.ts";
import { toQuote, toTrade } from "./events.ts";
import { type ParsedMessage, parseMessage } from "./parse.ts";
import { type BinanceMarket, canonicalName, instrumentOfSymbol, marketOfVenue, venueOfMarket } from "./symbols.ts";

/** Lines in one block; fixed, so that a run can be resumed at any block. */
const BLOCK_LINES = 1000;

export interface CaptureOptions {
  /** Files of lines `<receive time, ns since epoch> <message as received>`, plain or gzip, in order of time. */
  files: readonly string[];
  /** `binance`, `binance-usdm` or `binance-coinm`; told by the content where absent. */
  venue?: string;
  connection?: string;
}

/**
 * A source that replays recorded WebSocket traffic. Several files are one connection that goes on from file to file.
 * Its clock is the greatest venue time of any line. A file damaged in the middle counts as far as it can be read; the
 * error is thrown after the end of the last file.
 * @throws SourceFileError where a file is not there or nothing of the first can be read; RangeError where there is no file or the venue is not Binance's
 */
export async function openCapture(options: CaptureOptions): Promise<ScriptedSource> {
  const first = options.files[0];
  if (first === undefined) throw new RangeError("a capture needs at least one file");
  for (const file of options.files) await (await openToRead(file)).close();
  const market = options.venue === undefined ? await detectMarket(first) : marketOfVenue(options.venue);
  if (market === null) throw new RangeError(`not a venue of Binance: ${options.venue}`);
  const venue = venueOfMarket(market);
  const connection = options.connection ?? "replay";
  return {
    id: options.files.map((file) => basename(file)).join(","),
    venue,
    connection,
    events: (from) => readCapture(options.files, market, connection, from),
  };
}

/** The market whose message shapes the first lines of a capture show. */
export async function detectMarket(file: string): Promise<BinanceMarket> {
  let market: BinanceMarket = "spot";
  for await (const lines of blocksOfLines(file)) {
    for (const line of lines) {
      if (/"ps":"|_PERP"/.test(line)) return "coinm";
      if (/"pu":\d|"X":"|"e":"bookTicker"/.test(line)) market = "usdm";
    }
    break;
  }
  return market;
}

async function* readCapture(
  files: readonly string[],
  market: BinanceMarket,
  connection: string,
  from: number,
): AsyncGenerator<SourceBlock> {
  const reader = createBlockReader(market, connection);
  const faults: SourceFileError[] = [];
  let position = 0;
  for (const file of files) {
    try {
      for await (const lines of blocksOfLines(file)) {
        const events = reader.read(lines);
        if (position >= from) yield { position, events };
        position += lines.length;
      }
    } catch (error) {
      if (!(error instanceof SourceFileError)) throw error;
      faults.push(error);
    }
  }
  if (position === 0 && faults.length === 0) throw new SourceFileError(`${files.join(", ")}: no lines to replay`);
  const reason = faults.length === 0 ? "end of the capture" : faults.map((fault) => fault.message).join("; ");
  if (position >= from && position > 0) yield { position, events: reader.end(reason) };
  if (faults.length > 0) throw new SourceFileError(reason, { cause: faults[0] });
}

async function* blocksOfLines(file: string): AsyncGenerator<string[]> {
  let block: string[] = [];
  try {
    for await (const lines of readLines(file)) {
      for (const line of lines) {
        block.push(line);
        if (block.length === BLOCK_LINES) {
          yield block;
          block = [];
        }
      }
    }
  } catch (error) {
    if (block.length > 0) yield block;
    throw error;
  }
  if (block.length > 0) yield block;
}

interface Line {
  raw: string;
  receivedTimeUs: number;
  message: ParsedMessage | null;
  /** Why there is no message. */
  fault: string;
}

interface BlockReader {
  read(lines: readonly string[]): SourceEvent[];
  end(reason: string): SourceEvent[];
}

function createBlockReader(market: BinanceMarket, connection: string): BlockReader {
  const venue = venueOfMarket(market);
  const instruments = new Map<string, Instrument>();
  let opened = false;
  let greatest = 0;

  function read(texts: readonly string[]): SourceEvent[] {
    const lines = texts.filter((text) => text !== "").map(parseLine);
    const events: SourceEvent[] = [];
    if ((listSymbols(lines, instruments, market) || !opened) && lines.length > 0) {
      const timeUs = opened ? greatest : firstTime(lines);
      const reason = opened ? "more instruments in the capture" : "start of the capture";
      const listed = [...instruments.values()];
      events.push({ kind: "open", connection, venue, timeUs, instruments: listed, reason, consecutiveIds: true, refill: "none" });
      opened = true;
    }
    for (const line of lines) {
      append(line, events);
      const timeUs = line.message?.venueTimeUs ?? 0;
      if (timeUs > greatest) {
        greatest = timeUs;
        const last = events.at(-1);
        if (last?.kind === "time") last.timeUs = timeUs;
        else events.push({ kind: "time", timeUs });
      }
    }
    return events;
  }

  function append(line: Line, events: SourceEvent[]): void {
    const { message } = line;
    if (message === null) {
      const symbol = /"s":"([^"]{1,40})"/.exec(line.raw)?.[1];
      const instrument = symbol === undefined ? null : canonicalName(symbol, market);
      events.push({ kind: "invalid", raw: line.raw, reason: line.fault, instrument });
    } else if (message.kind === "trade") {
      events.push({ kind: "trade", trade: toTrade(message, nameOf(message.symbol), line.receivedTimeUs) });
    } else if (message.kind === "quote") {
      events.push({ kind: "quote", quote: toQuote(message, nameOf(message.symbol), line.receivedTimeUs) });
    } else {
      events.push({ kind: "ignored", what: message.what });
    }
  }

  function nameOf(symbol: string): string {
    return (instruments.get(symbol) as Instrument).instrument;
  }

  return { read, end: (reason) => [{ kind: "end", timeUs: greatest, reason }] };
}

function parseLine(raw: string): Line {
  const space = raw.indexOf(" ");
  const stamp = raw.slice(0, Math.max(space, 0));
  if (!/^\d{16,19}$/.test(stamp)) {
    return { raw, receivedTimeUs: 0, message: null, fault: "line does not begin with a receive time in nanoseconds" };
  }
  const receivedTimeUs = Number(stamp.slice(0, -3));
  try {
    return { raw, receivedTimeUs, message: parseMessage(raw.slice(space + 1)), fault: "" };
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    return { raw, receivedTimeUs, message: null, fault: error.message };
  }
}

/** Adds the symbols of these lines with the decimals seen; true where one is new. */
function listSymbols(lines: readonly Line[], instruments: Map<string, Instrument>, market: BinanceMarket): boolean {
  const fresh = new Map<string, { priceScale: number; sizeScale: number }>();
  for (const { message } of lines) {
    if (message === null || message.kind === "ignored" || instruments.has(message.symbol)) continue;
    const scales = fresh.get(message.symbol) ?? { priceScale: 0, sizeScale: 0 };
    const price = message.kind === "trade" ? message.price.scale : Math.max(message.bid.scale, message.ask.scale);
    const size = message.kind === "trade" ? message.size.scale : Math.max(message.bidSize.scale, message.askSize.scale);
    fresh.set(message.symbol, { priceScale: Math.max(scales.priceScale, price), sizeScale: Math.max(scales.sizeScale, size) });
  }
  for (const [symbol, { priceScale, sizeScale }] of fresh) {
    instruments.set(symbol, instrumentOfSymbol(symbol, market, priceScale, sizeScale));
  }
  return fresh.size > 0;
}

/** Venue time from which the lines cover: the first one told, else the time of receipt. */
function firstTime(lines: readonly Line[]): number {
  return lines.find((line) => line.message?.venueTimeUs)?.message?.venueTimeUs ?? lines[0]?.receivedTimeUs ?? 0;
}
