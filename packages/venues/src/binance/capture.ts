import { basename } from "node:path";
import type { Instrument } from "@tickfleet/market/instrument";
import { INSTRUMENT_NAME_RULE, isInstrumentName } from "@tickfleet/market/market-names";
import { checkFiles, type LineReader, pushTime, replayLines } from "../file-replay.ts";
import { TimeFilter } from "../file-times.ts";
import type { ScriptedSource, SourceEvent } from "../source.ts";
import { type CaptureLine, type CaptureSurvey, detectMarket, parseCaptureLine, surveyCapture, timeOfLine } from "./capture-survey.ts";
import { toIgnored, toQuote, toTrade } from "./events.ts";
import { type BinanceMarket, canonicalName, instrumentOfSymbol, marketOfVenue, venueOfMarket } from "./symbols.ts";

export interface CaptureOptions {
  /** Files of lines `<receive time, ns since epoch> <message as received>`, plain or gzip, in order of time. */
  files: readonly string[];
  /** `binance`, `binance-usdm` or `binance-coinm`; told by the content where absent. */
  venue?: string;
  /** Lines later than this are wrong, epoch microseconds; default never. */
  latestUs?: number;
  connection?: string;
}

/**
 * A source that replays recorded WebSocket traffic. Several files are one connection that goes on from file to file; each
 * is read once before its first trade is sent, to cover all its instruments from its first line. Its clock is the greatest
 * venue time of any line. A file damaged in the middle counts as far as it can be read; the error is thrown after the end
 * of the last file.
 * @throws SourceFileError where a file is not there or nothing of the first can be read; RangeError where there is no file or the venue is not Binance's
 */
export async function openCapture(options: CaptureOptions): Promise<ScriptedSource> {
  const { files, latestUs = Number.POSITIVE_INFINITY, connection = "replay" } = options;
  const first = files[0];
  if (first === undefined) throw new RangeError("a capture needs at least one file");
  await checkFiles(files);
  const market = options.venue === undefined ? await detectMarket(first) : marketOfVenue(options.venue);
  if (market === null) throw new RangeError(`not a venue of Binance: ${options.venue}`);
  let surveys: Promise<Map<string, CaptureSurvey>> | null = null;
  const surveyed = (): Promise<Map<string, CaptureSurvey>> => {
    surveys ??= surveyAll(files, latestUs);
    return surveys;
  };
  return {
    id: files.map((file) => basename(file)).join(","),
    venue: venueOfMarket(market),
    connection,
    async instruments() {
      const symbols = [...(await surveyed()).values()].flatMap((survey) => [...survey.symbols.keys()]);
      return [...new Set(symbols.map((symbol) => canonicalName(symbol, market)))].filter(isInstrumentName).sort();
    },
    async *events(from) {
      yield* replayLines(files, createCaptureReader(market, connection, await surveyed(), latestUs), from);
    },
  };
}

async function surveyAll(files: readonly string[], latestUs: number): Promise<Map<string, CaptureSurvey>> {
  const surveys = new Map<string, CaptureSurvey>();
  for (const file of files) surveys.set(file, await surveyCapture(file, latestUs));
  return surveys;
}

function createCaptureReader(
  market: BinanceMarket,
  connection: string,
  surveys: ReadonlyMap<string, CaptureSurvey>,
  latestUs: number,
): LineReader {
  const venue = venueOfMarket(market);
  const instruments = new Map<string, Instrument>();
  let events: SourceEvent[] = [];
  let filter = new TimeFilter<CaptureLine>(latestUs, append);
  let file: string | null = null;
  let greatest = 0;

  function read(texts: readonly string[], path: string): SourceEvent[] {
    events = [];
    if (path !== file) begin(path);
    for (const text of texts) {
      if (text === "") continue;
      const line = parseCaptureLine(text);
      filter.push(line, timeOfLine(line));
    }
    return events;
  }

  function begin(path: string): void {
    filter.flush();
    filter = new TimeFilter(latestUs, append);
    const { symbols, firstUs } = surveys.get(path) as CaptureSurvey;
    const known = instruments.size;
    for (const [symbol, { priceScale, sizeScale }] of symbols) {
      if (!instruments.has(symbol) && isInstrumentName(canonicalName(symbol, market)))
        instruments.set(symbol, instrumentOfSymbol(symbol, market, priceScale, sizeScale));
    }
    if (file === null || instruments.size > known) {
      const reason = file === null ? "start of the capture" : "more instruments in the next file";
      const listed = [...instruments.values()];
      events.push({ kind: "open", connection, venue, timeUs: firstUs, instruments: listed, reason, consecutiveIds: true, refill: "none" });
    }
    file = path;
  }

  function append(line: CaptureLine, _: number, fault: string | null): void {
    const { message } = line;
    if (message === null || fault !== null) {
      refuse(line, fault ?? line.fault);
      return;
    }
    const name = instruments.get(message.symbol ?? "")?.instrument;
    if (message.kind === "ignored") events.push(toIgnored(message, name));
    else if (name === undefined) refuse(line, faultOfSymbol(message.symbol));
    else if (message.kind === "trade") events.push({ kind: "trade", trade: toTrade(message, name, line.receivedTimeUs) });
    else events.push({ kind: "quote", quote: toQuote(message, name, line.receivedTimeUs) });
    const timeUs = message.venueTimeUs ?? 0;
    if (timeUs <= greatest) return;
    greatest = timeUs;
    pushTime(events, timeUs);
  }

  function faultOfSymbol(symbol: string): string {
    const name = canonicalName(symbol, market);
    return isInstrumentName(name)
      ? "symbol is not in the list of the capture"
      : `symbol: ${INSTRUMENT_NAME_RULE}, found ${JSON.stringify(name)}`;
  }

  function refuse({ raw, message }: CaptureLine, reason: string): void {
    const symbol = /"s"\s*:\s*"([^"]{1,40})"/.exec(raw)?.[1];
    const instrument = symbol === undefined ? null : canonicalName(symbol, market);
    const taken = message?.kind === "trade" && instrument !== null ? { instrument, sourceSeq: message.tradeId, timeUs: null } : null;
    events.push({ kind: "invalid", raw, reason, instrument, ...(taken === null ? {} : { taken }) });
  }

  function end(reason: string): SourceEvent[] {
    events = [];
    filter.flush();
    return [...events, { kind: "end", timeUs: greatest, reason }];
  }

  return { read, end };
}
