import { type Calendar, calendarOf } from "@tickfleet/market/calendar";
import type { CalendarName } from "@tickfleet/market/instrument";
import type { SideMethod } from "@tickfleet/market/trade";
import type { RawTrade } from "@tickfleet/venues/source";
import { isValidQuote, type StandingQuote } from "./quote-book.ts";

/** The tick rule forgets after this much event time without a trade. */
const FORGET_AFTER_US = 60_000_000;

/** Memory of the tick rule: the last trade by order, and the direction of the last change of price. */
export interface TickState {
  eventTimeUs: number;
  sourceSeq: number;
  /** Number of the trading day of the last trade. */
  day: number;
  price: number;
  direction: number;
}

export interface DecidedSide {
  /** 1 buy, -1 sell, 0 unknown. */
  side: number;
  method: SideMethod;
}

/**
 * Decides the taker's side of trades in their order of arrival: venue flag, quote rule, tick rule, unknown.
 * A late trade gets a side from flag or quote only, and leaves the memory as it is.
 */
export class SideRule {
  readonly #calendar: Calendar;
  #last: TickState | null = null;

  constructor(calendar: CalendarName) {
    this.#calendar = calendarOf(calendar);
  }

  /** Whether a trade stands before (or at) the last one by order. */
  isLate(trade: RawTrade): boolean {
    const last = this.#last;
    if (last === null) return false;
    return trade.eventTimeUs < last.eventTimeUs || (trade.eventTimeUs === last.eventTimeUs && trade.sourceSeq <= last.sourceSeq);
  }

  /** @param price the trade's price at the instrument's present scale */
  decide(trade: RawTrade, price: number, quote: StandingQuote | null): DecidedSide {
    const direction = this.#remember(trade, price);
    if (trade.flag !== null) return trade.flag === "buy" ? FLAG_BUY : FLAG_SELL;
    if (quote !== null && isValidQuote(quote)) {
      const distance = price - quote.bid - (quote.ask - price);
      if (distance !== 0) return distance > 0 ? QUOTE_BUY : QUOTE_SELL;
    }
    return direction > 0 ? TICK_BUY : direction < 0 ? TICK_SELL : UNKNOWN;
  }

  /** Follows a growth of the instrument's price scale. */
  rescale(factor: number): void {
    if (this.#last !== null) this.#last.price *= factor;
  }

  snapshot(): TickState | null {
    return this.#last === null ? null : { ...this.#last };
  }

  restore(state: TickState | null): void {
    this.#last = state === null ? null : { ...state };
  }

  /** Direction by the tick rule, 0 where it knows none. */
  #remember(trade: RawTrade, price: number): number {
    const { eventTimeUs, sourceSeq } = trade;
    const last = this.#last;
    if (last === null) {
      this.#last = { eventTimeUs, sourceSeq, day: this.#dayOf(eventTimeUs), price, direction: 0 };
      return 0;
    }
    if (this.isLate(trade)) return 0;
    const day = this.#dayOf(eventTimeUs);
    if (day !== last.day || eventTimeUs - last.eventTimeUs > FORGET_AFTER_US) last.direction = 0;
    else if (price !== last.price) last.direction = price > last.price ? 1 : -1;
    last.eventTimeUs = eventTimeUs;
    last.sourceSeq = sourceSeq;
    last.day = day;
    last.price = price;
    return last.direction;
  }

  #dayOf(eventTimeUs: number): number {
    return this.#calendar.sessionsOf("all").dayAt(eventTimeUs / 1000);
  }
}

const FLAG_BUY: DecidedSide = { side: 1, method: "flag" };
const FLAG_SELL: DecidedSide = { side: -1, method: "flag" };
const QUOTE_BUY: DecidedSide = { side: 1, method: "quote" };
const QUOTE_SELL: DecidedSide = { side: -1, method: "quote" };
const TICK_BUY: DecidedSide = { side: 1, method: "tick" };
const TICK_SELL: DecidedSide = { side: -1, method: "tick" };
const UNKNOWN: DecidedSide = { side: 0, method: "none" };
