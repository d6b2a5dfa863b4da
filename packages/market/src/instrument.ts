/** Which trading hours an instrument follows; `sessions` in `calendar.ts` knows each. */
export const CALENDARS = ["crypto", "us-equity"] as const;
export type CalendarName = (typeof CALENDARS)[number];

/** spot and linear: quote volume is price x size x contractSize; inverse: size x contractSize. */
export type ContractKind = "spot" | "linear" | "inverse";

/** What every reader must know of an instrument; travels in the connection's status message. */
export interface Instrument {
  venue: string;
  /** Canonical name, such as `BTC-USDT`, `BTC-USDT-PERP`, `SPY`. */
  instrument: string;
  /** The venue's own spelling, such as `BTCUSDT`. */
  venueSymbol: string;
  calendar: CalendarName;
  kind: ContractKind;
  /** Multiplier of a linear contract, or quote value of one inverse contract; 1 for spot. */
  contractSize: number;
  /** Decimals of the smallest price and size step, as far as known when it was listed. */
  priceScale: number;
  sizeScale: number;
  /** How long behind the clock an interval's close waits for late trades, in milliseconds (crypto 250, equities 2,000). */
  closeDelayMs: number;
}
