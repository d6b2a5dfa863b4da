import { basename } from "node:path";
import type { Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { blocksOfLines, checkFiles, type LineReader, pushTime, replayLines } from "../file-replay.ts";
import type { ScriptedSource, SourceEvent } from "../source.ts";
import { toQuote, toTrade } from "./events.ts";
import { type ParsedMessage, parseMessage } from "./parse.ts";
import { type BinanceMarket, canonicalName, instrumentOfSymbol, marketOfVenue, venueOfMarket } from "./symbols.ts";

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
  await checkFiles(options.files);
  const market = options.venue === undefined ? await detectMarket(first) : marketOfVenue(options.venue);
  if (market === null) throw new RangeError(`not a venue of Binance: ${options.venue}`);
  const venue = venueOfMarket(market);
  const connection = options.connection ?? "replay";
  return {
    id: options.files.map((file) => basename(file)).join(","),
    venue,
    connection,
    events: (from) => replayLines(options.files, createCaptureReader(market, connection), from),
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

interface Line {
  raw: string;
  receivedTimeUs: number;
  message: ParsedMessage | null;
  /** Why there is no message. */
  fault: string;
}

function createCaptureReader(market: BinanceMarket, connection: string): LineReader {
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
        pushTime(events, timeUs);
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
