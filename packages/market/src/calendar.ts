import type { SessionName } from "./candle.ts";
import { CALENDARS, type CalendarName } from "./instrument.ts";
import { MINUTE_MS } from "./timeframe.ts";
import {
  US_EQUITY_CALENDAR_VERSION,
  US_EQUITY_CLOCK_CHANGES,
  US_EQUITY_FIRST_DAY,
  US_EQUITY_HALF_DAYS,
  US_EQUITY_HOLIDAYS,
  US_EQUITY_LAST_DAY,
} from "./us-equity-days.ts";
import { DAY_MS, formatDay, parseDay, weekdayOf } from "./zone.ts";

/** The trading hours of one day: [open, close) in epoch milliseconds, both on whole minutes. */
export interface TradingSession {
  /** The trading day in the calendar's zone, `YYYY-MM-DD`. */
  readonly day: string;
  readonly open: number;
  readonly close: number;
}

/** The sessions under one session name: at most one per day, none over midnight of the calendar's zone. */
export interface Sessions {
  /** Number of the only day (0 = 1970-01-01) whose session can hold this instant. */
  dayAt(timeMs: number): number;
  /** The session of a day, null where there is none; throws CalendarRangeError on a day the calendar does not know. */
  ofDay(day: number): TradingSession | null;
}

/** When an instrument's market is open. Two calls with the same arguments give the same answer, for ever per `version`. */
export interface Calendar {
  readonly name: CalendarName;
  /** Names the data behind it: another version may answer otherwise. */
  readonly version: string;
  /** `UTC` or an IANA zone: the anchor of its days and weeks. */
  readonly zone: string;
  /** True where UTC days follow each other without a pause, so that everything is arithmetic. */
  readonly continuous: boolean;
  sessionsOf(session: SessionName): Sessions;
}

/** A time outside the years that a calendar has data for; guessing holidays would cut wrong candles. */
export class CalendarRangeError extends Error {
  override name = "CalendarRangeError";
}

/** The session of candles that name none. */
export const DEFAULT_SESSION: SessionName = "all";

/** The anchor of candles that name none: the zone of the instrument's calendar. */
export const DEFAULT_ANCHOR: Readonly<Record<CalendarName, string>> = { crypto: "UTC", "us-equity": "America/New_York" };

/** The calendar whose default anchor this is, `crypto` where there is none: for candles from before they named it. */
export function calendarOfAnchor(anchor: string): CalendarName {
  return CALENDARS.find((name) => DEFAULT_ANCHOR[name] === anchor) ?? "crypto";
}

const NEW_YORK_STANDARD_MS = -5 * 3_600_000;
const NEW_YORK_SUMMER_MS = -4 * 3_600_000;

/** Minutes of the New York day; `earlyClose` on half-days. */
interface TradingHours {
  open: number;
  close: number;
  earlyClose: number;
}
const REGULAR_HOURS: TradingHours = { open: 9 * 60 + 30, close: 16 * 60, earlyClose: 13 * 60 };
const EXTENDED_HOURS: TradingHours = { open: 4 * 60, close: 20 * 60, earlyClose: 17 * 60 };

const calendars: Readonly<Record<CalendarName, Calendar>> = {
  crypto: createCryptoCalendar(),
  "us-equity": createUsEquityCalendar(),
};

/**
 * The calendar of that name, always the same object. `crypto`: one session per UTC day, whatever the session's name.
 * `us-equity`: regular 09:30-16:00 New York (half-days 13:00), extended and all 04:00-20:00 (half-days 17:00), 1998 to 2030.
 */
export function calendarOf(name: CalendarName): Calendar {
  return calendars[name];
}

/** The session that is open at an instant, null in a closed market. */
export function sessionAt(calendar: Calendar, session: SessionName, timeMs: number): TradingSession | null {
  const sessions = calendar.sessionsOf(session);
  const found = sessions.ofDay(sessions.dayAt(timeMs));
  return found !== null && timeMs >= found.open && timeMs < found.close ? found : null;
}

/** The first session that opens after an instant (not at it); throws CalendarRangeError where the data ends before one. */
export function nextSession(calendar: Calendar, session: SessionName, timeMs: number): TradingSession {
  const sessions = calendar.sessionsOf(session);
  for (let day = sessions.dayAt(timeMs); ; day++) {
    const found = sessions.ofDay(day);
    if (found !== null && found.open > timeMs) return found;
  }
}

/** The last session that had closed by an instant (at it included); throws CalendarRangeError where the data begins after it. */
export function previousSession(calendar: Calendar, session: SessionName, timeMs: number): TradingSession {
  const sessions = calendar.sessionsOf(session);
  for (let day = sessions.dayAt(timeMs); ; day--) {
    const found = sessions.ofDay(day);
    if (found !== null && found.close <= timeMs) return found;
  }
}

/** How many scheduled minutes open in [fromMs, toMs). */
export function scheduledMinutesBetween(calendar: Calendar, session: SessionName, fromMs: number, toMs: number): number {
  if (!(toMs > fromMs)) return 0;
  if (calendar.continuous) return minutesBelow(toMs) - minutesBelow(fromMs);
  const sessions = calendar.sessionsOf(session);
  const lastDay = sessions.dayAt(toMs - 1);
  let minutes = 0;
  for (let day = sessions.dayAt(fromMs); day <= lastDay; day++) {
    const found = sessions.ofDay(day);
    if (found === null) continue;
    const from = Math.max(fromMs, found.open);
    const to = Math.min(toMs, found.close);
    if (to > from) minutes += minutesBelow(to) - minutesBelow(from);
  }
  return minutes;
}

/** How much of [fromMs, toMs) the market is open, in milliseconds; fractions of a millisecond count. */
export function scheduledMs(calendar: Calendar, session: SessionName, fromMs: number, toMs: number): number {
  if (!(toMs > fromMs)) return 0;
  if (calendar.continuous) return toMs - fromMs;
  const sessions = calendar.sessionsOf(session);
  const lastDay = sessions.dayAt(toMs - 1);
  let total = 0;
  for (let day = sessions.dayAt(fromMs); day <= lastDay; day++) {
    const found = sessions.ofDay(day);
    if (found !== null) total += Math.max(0, Math.min(toMs, found.close) - Math.max(fromMs, found.open));
  }
  return total;
}

/** Number of whole epoch minutes that open before an instant. */
function minutesBelow(timeMs: number): number {
  return Math.ceil(timeMs / MINUTE_MS);
}

function createCryptoCalendar(): Calendar {
  // Times come in runs of one day: the last one's session is kept, as its text is what costs.
  let last: TradingSession = { day: formatDay(0), open: 0, close: DAY_MS };
  const sessions: Sessions = {
    dayAt: (timeMs) => Math.floor(timeMs / DAY_MS),
    ofDay(day) {
      const open = day * DAY_MS;
      if (last.open !== open) last = { day: formatDay(day), open, close: open + DAY_MS };
      return last;
    },
  };
  return { name: "crypto", version: "crypto-1", zone: DEFAULT_ANCHOR.crypto, continuous: true, sessionsOf: () => sessions };
}

function createUsEquityCalendar(): Calendar {
  const holidays = new Set(listDays(US_EQUITY_HOLIDAYS));
  const halfDays = new Set(listDays(US_EQUITY_HALF_DAYS));
  const clockChanges = listDays(US_EQUITY_CLOCK_CHANGES);
  const offsetOfDay = (day: number): number => {
    const changes = clockChanges.findLastIndex((change) => change <= day) + 1;
    return changes % 2 === 1 ? NEW_YORK_SUMMER_MS : NEW_YORK_STANDARD_MS;
  };
  const createSession = (day: number, hours: TradingHours): TradingSession | null => {
    if (weekdayOf(day) >= 5 || holidays.has(day)) return null;
    const midnight = day * DAY_MS - offsetOfDay(day);
    const close = halfDays.has(day) ? hours.earlyClose : hours.close;
    return { day: formatDay(day), open: midnight + hours.open * MINUTE_MS, close: midnight + close * MINUTE_MS };
  };
  const regular = createUsEquitySessions((day) => createSession(day, REGULAR_HOURS));
  const extended = createUsEquitySessions((day) => createSession(day, EXTENDED_HOURS));
  const byName: Record<SessionName, Sessions> = { regular, extended, all: extended };
  return {
    name: "us-equity",
    version: US_EQUITY_CALENDAR_VERSION,
    zone: DEFAULT_ANCHOR["us-equity"],
    continuous: false,
    sessionsOf: (session) => byName[session],
  };
}

/** Sessions by day, each made once: the cache has one slot for every day of the data. */
function createUsEquitySessions(create: (day: number) => TradingSession | null): Sessions {
  const firstDay = parseDay(US_EQUITY_FIRST_DAY);
  const count = parseDay(US_EQUITY_LAST_DAY) - firstDay + 1;
  const made = new Array<TradingSession | null | undefined>(count).fill(undefined);
  return {
    // Standard time tells the day all year: in summer it is an hour behind, and nothing trades between 00:00 and 04:00.
    dayAt: (timeMs) => Math.floor((timeMs + NEW_YORK_STANDARD_MS) / DAY_MS),
    ofDay(day) {
      const index = day - firstDay;
      if (!(index >= 0 && index < count)) {
        throw new CalendarRangeError(
          `expected a day from ${US_EQUITY_FIRST_DAY} to ${US_EQUITY_LAST_DAY} (${US_EQUITY_CALENDAR_VERSION}), found day ${day} since 1970-01-01`,
        );
      }
      let session = made[index];
      if (session === undefined) {
        session = create(day);
        made[index] = session;
      }
      return session;
    },
  };
}

/** Day numbers of a table of `MM-DD` days by year, ascending. */
function listDays(byYear: Readonly<Record<number, string>>): number[] {
  return Object.entries(byYear).flatMap(([year, days]) => days.split(" ").map((day) => parseDay(`${year}-${day}`)));
}
