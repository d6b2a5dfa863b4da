import type { RawQuote, RawTrade } from "../source.ts";
import type { ParsedQuote, ParsedTrade } from "./parse.ts";

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
