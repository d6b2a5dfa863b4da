import { type Calendar, nextSession, scheduledMinutesBetween, sessionAt } from "./calendar.ts";
import type { SessionName } from "./candle.ts";
import { INTRADAY_MS, MINUTE_MS, TIMEFRAMES, type Timeframe } from "./timeframe.ts";
import { DAY_MS, weekdayOf } from "./zone.ts";

const WEEK_MS = 7 * DAY_MS;
/** The epoch began on a Thursday: its Monday lies three days before. */
const FIRST_MONDAY_MS = -3 * DAY_MS;

/** What one candle covers: [open, close) in epoch milliseconds. */
export interface Interval {
  open: number;
  close: number;
}

/**
 * The interval of a timeframe that an instant falls into, null where the session is closed (also between the days
 * of a week). Intraday intervals count from the session's open and end at its close at the latest; a day
 * is the session; a week runs from the open of its first session after Monday 00:00 to the close of its last one.
 */
export function intervalAt(calendar: Calendar, session: SessionName, timeframe: Timeframe, timeMs: number): Interval | null {
  if (calendar.continuous) return continuousInterval(timeframe, timeMs);
  const current = sessionAt(calendar, session, timeMs);
  if (current === null) return null;
  if (timeframe === "1d") return { open: current.open, close: current.close };
  if (timeframe === "1w") return weekOf(calendar, session, timeMs);
  const length = INTRADAY_MS[timeframe];
  const open = current.open + Math.floor((timeMs - current.open) / length) * length;
  return { open, close: Math.min(open + length, current.close) };
}

/** The timeframes with an interval that closes exactly at an instant, shortest first. */
export function closingAt(calendar: Calendar, session: SessionName, timeMs: number): Timeframe[] {
  if (timeMs % MINUTE_MS !== 0) return [];
  if (!calendar.continuous && sessionAt(calendar, session, timeMs - 1) === null) return [];
  return TIMEFRAMES.filter((timeframe) => intervalAt(calendar, session, timeframe, timeMs - 1)?.close === timeMs);
}

/** The first interval of a timeframe that opens at an instant or after it, such as the one that follows another's close. */
export function nextInterval(calendar: Calendar, session: SessionName, timeframe: Timeframe, timeMs: number): Interval {
  let interval: Interval | null = null;
  for (let from = timeMs; interval === null || interval.open < timeMs; from = interval.close) {
    interval = intervalAt(calendar, session, timeframe, nextMinute(calendar, session, from - 1)) as Interval;
  }
  return interval;
}

/** How many minutes with trading an interval [open, close) has: for a week those of its sessions. */
export function scheduledMinutes(calendar: Calendar, session: SessionName, open: number, close: number): number {
  return scheduledMinutesBetween(calendar, session, open, close);
}

/** Open of the first scheduled minute that begins after an instant (not at it). */
export function nextMinute(calendar: Calendar, session: SessionName, timeMs: number): number {
  const minute = (Math.floor(timeMs / MINUTE_MS) + 1) * MINUTE_MS;
  if (calendar.continuous || sessionAt(calendar, session, minute) !== null) return minute;
  return nextSession(calendar, session, timeMs).open;
}

/** All intraday lengths divide the UTC day, so they count from 00:00 by counting from the epoch. */
function continuousInterval(timeframe: Timeframe, timeMs: number): Interval {
  if (timeframe === "1w") {
    const open = Math.floor((timeMs - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
    return { open, close: open + WEEK_MS };
  }
  const length = timeframe === "1d" ? DAY_MS : INTRADAY_MS[timeframe];
  const open = Math.floor(timeMs / length) * length;
  return { open, close: open + length };
}

/** The trading week around an instant inside a session. */
function weekOf(calendar: Calendar, session: SessionName, timeMs: number): Interval | null {
  const sessions = calendar.sessionsOf(session);
  const day = sessions.dayAt(timeMs);
  const monday = day - weekdayOf(day);
  let open: number | null = null;
  let close = 0;
  for (let next = monday; next < monday + 7; next++) {
    const found = sessions.ofDay(next);
    if (found === null) continue;
    open ??= found.open;
    close = found.close;
  }
  return open === null ? null : { open, close };
}
