import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { blocksOfLines } from "../file-replay.ts";
import { EARLIEST_US, TimeFilter } from "../file-times.ts";
import { SourceFileError } from "../source.ts";
import { marketOfFrame, type ParsedMessage, parseMessage } from "./parse.ts";
import type { BinanceMarket } from "./symbols.ts";

/** A line of a capture. */
export interface CaptureLine {
  raw: string;
  receivedTimeUs: number;
  message: ParsedMessage | null;
  /** Why there is no message. */
  fault: string;
}

/** What a capture holds, as its first reading shows. */
export interface CaptureSurvey {
  /** Venue time from which it covers its instruments: the first one told, else the first time of receipt. */
  firstUs: number;
  /** Decimals of the symbols that have trades or quotes. */
  symbols: Map<string, { priceScale: number; sizeScale: number }>;
}

/** Lines from a symbol's first one on in which its decimals are looked for. */
const SCALE_LINES = 1000;
/** Digits that a receive stamp has, and what is cut off for microseconds. */
const STAMPS = new Map<number, (stamp: string) => number>([
  [13, (stamp) => Number(stamp) * 1000],
  [16, (stamp) => Number(stamp)],
  [19, (stamp) => Number(stamp.slice(0, -3))],
]);

/** Reads a line `<receive time, ms, us or ns since epoch> <message as received>`. */
export function parseCaptureLine(raw: string): CaptureLine {
  const space = raw.indexOf(" ");
  const stamp = raw.slice(0, Math.max(space, 0));
  const read = /^\d+$/.test(stamp) ? STAMPS.get(stamp.length) : undefined;
  if (read === undefined) {
    const fault = "line does not begin with a receive time of 13 digits (milliseconds), 16 (microseconds) or 19 (nanoseconds)";
    return { raw, receivedTimeUs: 0, message: null, fault };
  }
  const receivedTimeUs = read(stamp);
  try {
    return { raw, receivedTimeUs, message: parseMessage(raw.slice(space + 1)), fault: "" };
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    return { raw, receivedTimeUs, message: null, fault: error.message };
  }
}

/** The venue time that a line must answer for, null where it tells none. */
export function timeOfLine({ message }: CaptureLine): number | null {
  if (message === null) return null;
  if (message.kind === "trade" && message.eventTimeUs < EARLIEST_US) return message.eventTimeUs;
  return message.venueTimeUs;
}

/** The market whose message shapes the first lines of a capture show. */
export async function detectMarket(file: string): Promise<BinanceMarket> {
  let market: BinanceMarket = "spot";
  for await (const lines of blocksOfLines(file)) {
    for (const line of lines) {
      const shown = marketOfFrame(line.slice(line.indexOf(" ") + 1));
      if (shown === "coinm") return shown;
      if (shown !== null) market = shown;
    }
    break;
  }
  return market;
}

/** Reads a capture as far as it goes, for its symbols and its first time. */
export async function surveyCapture(file: string, latestUs: number): Promise<CaptureSurvey> {
  const symbols: CaptureSurvey["symbols"] = new Map();
  const begun = new Map<string, number>();
  let firstUs: number | null = null;
  let firstReceivedUs = 0;
  const filter = new TimeFilter<null>(latestUs, (_, timeUs, fault) => {
    if (fault === null && !Number.isNaN(timeUs)) firstUs ??= timeUs;
  });
  let at = 0;
  try {
    for await (const lines of blocksOfLines(file)) {
      for (const raw of lines) {
        at += 1;
        const symbol = /"s"\s*:\s*"([^"]+)"/.exec(raw)?.[1];
        const since = symbol === undefined ? undefined : begun.get(symbol);
        if (firstUs !== null && (symbol === undefined || (since !== undefined && at - since > SCALE_LINES))) continue;
        const line = parseCaptureLine(raw);
        firstReceivedUs ||= line.receivedTimeUs;
        if (firstUs === null) filter.push(null, timeOfLine(line));
        if (noteScales(line, symbols) && since === undefined) begun.set(line.message?.symbol ?? "", at);
      }
    }
  } catch (error) {
    if (!(error instanceof SourceFileError)) throw error;
  }
  filter.flush();
  return { firstUs: firstUs ?? firstReceivedUs, symbols };
}

/** Takes in the decimals of a trade or quote; false for anything else. */
function noteScales({ message }: CaptureLine, symbols: CaptureSurvey["symbols"]): boolean {
  if (message === null || message.kind === "ignored") return false;
  const known = symbols.get(message.symbol) ?? { priceScale: 0, sizeScale: 0 };
  const price = message.kind === "trade" ? message.price.scale : Math.max(message.bid.scale, message.ask.scale);
  const size = message.kind === "trade" ? message.size.scale : Math.max(message.bidSize.scale, message.askSize.scale);
  symbols.set(message.symbol, { priceScale: Math.max(known.priceScale, price), sizeScale: Math.max(known.sizeScale, size) });
  return true;
}
