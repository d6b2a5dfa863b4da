import type { RawQuote, RawTrade, SourceEvent } from "../source.ts";
import type { ParsedIgnored, ParsedQuote, ParsedTrade } from "./parse.ts";

/** A venue's trade under its canonical name; ids are Binance's own, so the epoch is empty. */
export function toTrade(trade: ParsedTrade, instrument: string, receivedTimeUs: number): RawTrade {
  return {
    instrument,
    epoch: "",
    sourceSeq: trade.tradeId,
    tradeId: String(trade.tradeId),
    eventTimeUs: trade.eventTimeUs,
    eventTimeNsRest: 0,
    receivedTimeUs,
    price: trade.price,
    size: trade.size,
    flag: trade.flag,
  };
}

export function toQuote(quote: ParsedQuote, instrument: string, receivedTimeUs: number): RawQuote {
  const { bid, ask, bidSize, askSize, quoteTimeUs } = quote;
  return { instrument, bid, ask, bidSize, askSize, venueTimeUs: quoteTimeUs, receivedTimeUs };
}

/** A message that is not used; `instrument` is undefined where it is of none that is listed. */
export function toIgnored({ what, tradeId, venueTimeUs }: ParsedIgnored, instrument: string | undefined): SourceEvent {
  if (tradeId === undefined || instrument === undefined) return { kind: "ignored", what };
  return { kind: "ignored", what, taken: { instrument, sourceSeq: tradeId, timeUs: venueTimeUs } };
}
