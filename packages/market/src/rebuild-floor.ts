import { type Calendar, CalendarRangeError, calendarOf, DEFAULT_SESSION } from "./calendar.ts";
import type { SessionName } from "./candle.ts";
import type { CalendarName } from "./instrument.ts";
import { intervalAt, nextMinute } from "./interval.ts";
import { MINUTE_MS, type Timeframe } from "./timeframe.ts";

/** Open of the first interval of a timeframe that begins at or after an instant; epoch milliseconds, as the instant. */
export function firstOpening(calendar: Calendar, session: SessionName, timeframe: Timeframe, timeMs: number): number {
  const minute = nextMinute(calendar, session, timeMs - 1);
  const interval = intervalAt(calendar, session, timeframe, minute);
  if (interval === null || interval.open >= timeMs) return minute;
  return nextMinute(calendar, session, interval.close - 1);
}

/**
 * From when on the candles of an instrument can be made again, where its older trades were dropped: the first week that
 * opens at or after `wholeFromMs`, as weeks, days and what runs over a session are then whole. An instrument that has not
 * traded in such a week begins with the first day, or where there is none either with the first minute. Epoch
 * milliseconds, in candles of the default session.
 */
export function rebuildFloor(calendar: Calendar, wholeFromMs: number, lastTradeMs: number): number {
  try {
    for (const timeframe of ["1w", "1d"] as const) {
      const open = firstOpening(calendar, DEFAULT_SESSION, timeframe, wholeFromMs);
      if (open <= lastTradeMs) return open;
    }
    return firstOpening(calendar, DEFAULT_SESSION, "1m", wholeFromMs);
  } catch (error) {
    if (!(error instanceof CalendarRangeError)) throw error;
    return Math.ceil(wholeFromMs / MINUTE_MS) * MINUTE_MS;
  }
}

/** What is on record of an instrument's trades; epoch milliseconds. */
export interface TradeRecord {
  calendar: CalendarName;
  /** Of all that ever were on record; null before the first. */
  firstTradeTime: number | null;
  lastTradeTime: number | null;
  /** From when on all of them still are; null: none was dropped. */
  wholeFrom: number | null;
}

/** The time from which an instrument's candles can be made again, epoch milliseconds; null before its first trade. */
export function rebuildableFrom({ calendar, firstTradeTime, lastTradeTime, wholeFrom }: TradeRecord): number | null {
  return wholeFrom === null ? firstTradeTime : rebuildFloor(calendarOf(calendar), wholeFrom, lastTradeTime ?? wholeFrom);
}
