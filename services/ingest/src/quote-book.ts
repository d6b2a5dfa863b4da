import type { QuoteMethod } from "@tickfleet/market/trade";
import type { RawQuote, RawTrade } from "@tickfleet/venues/source";

/** Best bid and offer before a trade, at the instrument's scales. */
export interface StandingQuote {
  bid: number;
  ask: number;
  bidSize: number;
  askSize: number;
  /** Microseconds since it was last confirmed, on the clock of `method`. */
  ageUs: number;
  method: QuoteMethod;
}

/** A quote in units of the scales that it was last brought to. */
interface KeptQuote {
  bid: number;
  ask: number;
  bidSize: number;
  askSize: number;
  venueTimeUs: number | null;
}

export interface QuoteBookState {
  quotes: KeptQuote[];
  confirmedUs: number;
}

/** Quotes with a venue time that are kept: trades and quotes come on streams of their own, one somewhat behind the other. */
const KEPT = 256;

/** A quote that is older no longer tells a side. */
export const VALID_QUOTE_AGE_US = 5_000_000;

/** The quotes of one instrument from which each trade gets the one that stood before it. */
export class QuoteBook {
  #quotes: KeptQuote[] = [];
  /** Time of receipt of the last sign of life of the instrument's quotes. */
  #confirmedUs = 0;

  add(quote: RawQuote, bid: number, ask: number, bidSize: number, askSize: number): void {
    const kept = { bid, ask, bidSize, askSize, venueTimeUs: quote.venueTimeUs };
    this.#confirmedUs = Math.max(this.#confirmedUs, quote.receivedTimeUs);
    if (quote.venueTimeUs === null) {
      this.#quotes.length = 0;
      this.#quotes.push(kept);
      return;
    }
    this.#quotes.push(kept);
    if (this.#quotes.length >= 2 * KEPT) this.#quotes.splice(0, this.#quotes.length - KEPT);
  }

  confirm(receivedTimeUs: number): void {
    this.#confirmedUs = Math.max(this.#confirmedUs, receivedTimeUs);
  }

  /** Brings the kept quotes to finer scales, after the instrument's have grown. */
  rescale(priceFactor: number, sizeFactor: number): void {
    for (const quote of this.#quotes) {
      quote.bid *= priceFactor;
      quote.ask *= priceFactor;
      quote.bidSize *= sizeFactor;
      quote.askSize *= sizeFactor;
    }
    this.#quotes = this.#quotes.filter((quote) => [quote.bid, quote.ask, quote.bidSize, quote.askSize].every(Number.isSafeInteger));
  }

  /** Of the quotes received before the trade, the newest below its venue time; where quotes carry none, the last. */
  before(trade: RawTrade): StandingQuote | null {
    const quotes = this.#quotes;
    for (let i = quotes.length - 1; i >= 0; i--) {
      const { bid, ask, bidSize, askSize, venueTimeUs } = quotes[i] as KeptQuote;
      if (venueTimeUs === null) {
        return { bid, ask, bidSize, askSize, ageUs: Math.max(0, trade.receivedTimeUs - this.#confirmedUs), method: "arrival" };
      }
      if (venueTimeUs < trade.eventTimeUs) {
        return { bid, ask, bidSize, askSize, ageUs: trade.eventTimeUs - venueTimeUs, method: "venue" };
      }
    }
    return null;
  }

  snapshot(): QuoteBookState {
    return { quotes: this.#quotes.map((quote) => ({ ...quote })), confirmedUs: this.#confirmedUs };
  }

  restore(state: QuoteBookState): void {
    this.#quotes = state.quotes.map((quote) => ({ ...quote }));
    this.#confirmedUs = state.confirmedUs;
  }
}

/** Whether a quote tells a side and counts in spreads: both sizes above zero, not crossed, confirmed within 5 s. */
export function isValidQuote(quote: StandingQuote): boolean {
  return quote.bidSize > 0 && quote.askSize > 0 && quote.bid <= quote.ask && quote.ageUs <= VALID_QUOTE_AGE_US;
}
