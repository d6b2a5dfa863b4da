import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CalendarRangeError,
  calendarOf,
  DEFAULT_ANCHOR,
  DEFAULT_SESSION,
  nextSession,
  previousSession,
  scheduledMinutesBetween,
  scheduledMs,
  sessionAt,
  type TradingSession,
} from "./calendar.ts";
import type { SessionName } from "./candle.ts";
import { DAY_MS, dayAt, formatDay, instantOf, parseDay, zoneOf } from "./zone.ts";

const crypto = calendarOf("crypto");
const equity = calendarOf("us-equity");
const SESSIONS: SessionName[] = ["regular", "extended", "all"];
const MINUTE = 60_000;

function at(text: string): number {
  return Date.parse(text);
}

function shown(session: TradingSession | null): string | null {
  return (
    session && `${session.day} ${new Date(session.open).toISOString().slice(0, 16)} ${new Date(session.close).toISOString().slice(0, 16)}`
  );
}

/** Every session of the us-equity data. */
function allSessions(name: SessionName): TradingSession[] {
  const sessions = equity.sessionsOf(name);
  const found: TradingSession[] = [];
  for (let day = parseDay("1997-12-29"); day <= parseDay("2031-01-05"); day++) {
    const session = sessions.ofDay(day);
    if (session !== null) found.push(session);
  }
  return found;
}

test("anchor and session default to the calendar's zone and all", () => {
  expect(DEFAULT_SESSION).toBe("all");
  expect([crypto.zone, equity.zone]).toEqual([DEFAULT_ANCHOR.crypto, DEFAULT_ANCHOR["us-equity"]]);
});

describe("crypto", () => {
  test("every instant is in the session of its UTC day", () => {
    for (const name of SESSIONS) {
      expect(shown(sessionAt(crypto, name, at("2025-12-31T23:59:59.999Z")))).toBe("2025-12-31 2025-12-31T00:00 2026-01-01T00:00");
      expect(sessionAt(crypto, name, at("2026-01-01T00:00Z"))?.day).toBe("2026-01-01");
    }
    expect(nextSession(crypto, "all", at("2025-12-31T00:00Z")).day).toBe("2026-01-01");
    expect(previousSession(crypto, "all", at("2026-01-01T00:00Z")).day).toBe("2025-12-31");
    expect(previousSession(crypto, "all", at("2025-12-31T23:59Z")).day).toBe("2025-12-30");
  });

  test("minutes are counted by their opens", () => {
    const from = at("2025-12-31T23:58Z");
    expect(scheduledMinutesBetween(crypto, "all", from, from + 5 * MINUTE)).toBe(5);
    expect(scheduledMinutesBetween(crypto, "all", from + 1, from + MINUTE)).toBe(0);
    expect(scheduledMinutesBetween(crypto, "all", from + 1, from + MINUTE + 1)).toBe(1);
    expect(scheduledMinutesBetween(crypto, "all", from, from - MINUTE)).toBe(0);
    expect(scheduledMs(crypto, "all", from + 1, from + MINUTE)).toBe(MINUTE - 1);
    expect(scheduledMs(crypto, "all", from, from)).toBe(0);
  });
});

describe("us-equity", () => {
  test("2026-11-27 is a half-day that closes at 13:00 Eastern, its late trading at 17:00", () => {
    expect(shown(sessionAt(equity, "regular", at("2026-11-27T15:00Z")))).toBe("2026-11-27 2026-11-27T14:30 2026-11-27T18:00");
    expect(shown(sessionAt(equity, "all", at("2026-11-27T15:00Z")))).toBe("2026-11-27 2026-11-27T09:00 2026-11-27T22:00");
    expect(sessionAt(equity, "regular", at("2026-11-27T18:00Z"))).toBeNull();
    expect(sessionAt(equity, "extended", at("2026-11-27T21:59:59.999Z"))?.day).toBe("2026-11-27");
    expect(sessionAt(equity, "extended", at("2026-11-27T22:00Z"))).toBeNull();
  });

  test("the session opens an hour earlier in UTC after the clock change of March and later after that of November", () => {
    const open = (text: string) => new Date(nextSession(equity, "regular", at(text)).open).toISOString();
    expect([open("2026-03-06T00:00Z"), open("2026-03-07T00:00Z")]).toEqual(["2026-03-06T14:30:00.000Z", "2026-03-09T13:30:00.000Z"]);
    expect([open("2026-10-30T00:00Z"), open("2026-10-31T00:00Z")]).toEqual(["2026-10-30T13:30:00.000Z", "2026-11-02T14:30:00.000Z"]);
  });

  test("holidays, weekends, storms and days of mourning have no session", () => {
    for (const day of ["2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09", "2026-11-26", "2026-11-28", "2026-07-03", "2022-06-20"]) {
      expect([day, sessionAt(equity, "all", at(`${day}T16:00Z`))]).toEqual([day, null]);
    }
    for (const day of ["2010-12-31", "2021-12-31", "2027-12-31", "2021-06-18", "2026-07-02"]) {
      expect(sessionAt(equity, "regular", at(`${day}T19:00Z`))?.day).toBe(day);
    }
  });

  test("next is after the instant, previous had closed by it", () => {
    const open = at("2026-11-27T14:30Z");
    expect(nextSession(equity, "regular", open - 1).open).toBe(open);
    expect(nextSession(equity, "regular", open).day).toBe("2026-11-30");
    expect(previousSession(equity, "regular", at("2026-11-27T18:00Z")).day).toBe("2026-11-27");
    expect(previousSession(equity, "regular", at("2026-11-27T17:59Z")).day).toBe("2026-11-25");
  });

  test("a time outside the data is refused, not guessed at", () => {
    expect(() => sessionAt(equity, "all", at("1997-12-28T12:00Z"))).toThrow(CalendarRangeError);
    expect(() => nextSession(equity, "all", at("2031-01-04T12:00Z"))).toThrow(CalendarRangeError);
    expect(() => previousSession(equity, "all", at("1997-12-29T12:00Z"))).toThrow(/expected a day from 1997-12-29 to 2031-01-05/);
    expect(() => sessionAt(equity, "all", Number.NaN)).toThrow(CalendarRangeError);
  });

  test("every session opens and closes at its wall clock times by the runtime's time zone tables", () => {
    const zone = zoneOf("America/New_York");
    const hours = { regular: [570, 960, 780], extended: [240, 1200, 1020], all: [240, 1200, 1020] } as const;
    for (const name of SESSIONS) {
      const sessions = allSessions(name);
      expect(sessions.length).toBe(8303);
      let halfDays = 0;
      for (const { day, open, close } of sessions) {
        const number = parseDay(day);
        expect(open).toBe(instantOf(zone, number, hours[name][0]));
        if (close === instantOf(zone, number, hours[name][2])) halfDays++;
        else expect(close).toBe(instantOf(zone, number, hours[name][1]));
      }
      expect(halfDays).toBe(73);
    }
  });

  test("any instant is in its session exactly when the wall clock says so; its neighbours enclose it", () => {
    const times = fc.integer({ min: at("1998-01-10T00:00Z"), max: at("2030-12-20T00:00Z") });
    const zone = zoneOf("America/New_York");
    fc.assert(
      fc.property(fc.constantFrom(...SESSIONS), times, (name, timeMs) => {
        const current = sessionAt(equity, name, timeMs);
        const ofDay = equity.sessionsOf(name).ofDay(dayAt(zone, timeMs));
        expect(current).toBe(ofDay !== null && ofDay.open <= timeMs && timeMs < ofDay.close ? ofDay : null);
        if (current !== null) expect(current.day).toBe(formatDay(dayAt(zone, timeMs)));
        const next = nextSession(equity, name, timeMs);
        const previous = previousSession(equity, name, timeMs);
        expect(next.open).toBeGreaterThan(timeMs);
        expect(previous.close).toBeLessThanOrEqual(timeMs);
        const between = previousSession(equity, name, next.open);
        expect(between).toBe(current ?? previous);
        expect(nextSession(equity, name, previous.close)).toBe(current ?? next);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("scheduled time", () => {
  const moments = fc.tuple(
    fc.integer({ min: at("1998-01-10T00:00Z"), max: at("2030-12-01T00:00Z") }),
    fc.integer({ min: 0, max: 12 * DAY_MS }),
    fc.integer({ min: 0, max: 12 * DAY_MS }),
  );

  test("is what a walk over every minute counts", () => {
    fc.assert(
      fc.property(fc.constantFrom(crypto, equity), fc.constantFrom(...SESSIONS), moments, (calendar, name, [from, length]) => {
        let minutes = 0;
        for (let minute = Math.ceil(from / MINUTE) * MINUTE; minute < from + length; minute += MINUTE) {
          if (sessionAt(calendar, name, minute) !== null) minutes++;
        }
        expect(scheduledMinutesBetween(calendar, name, from, from + length)).toBe(minutes);
      }),
      { numRuns: 60 },
    );
  });

  test("adds up at any split, and counts whole minutes as minutes", () => {
    fc.assert(
      fc.property(fc.constantFrom(crypto, equity), fc.constantFrom(...SESSIONS), moments, (calendar, name, [from, first, second]) => {
        const middle = from + first;
        const to = middle + second;
        for (const measure of [scheduledMinutesBetween, scheduledMs]) {
          const parts = measure(calendar, name, from, middle) + measure(calendar, name, middle, to);
          expect(measure(calendar, name, from, to)).toBe(parts);
        }
        const [start, end] = [Math.floor(from / MINUTE) * MINUTE, Math.floor(to / MINUTE) * MINUTE];
        expect(scheduledMs(calendar, name, start, end)).toBe(scheduledMinutesBetween(calendar, name, start, end) * MINUTE);
      }),
      { numRuns: 300 },
    );
  });
});
