import fc from "fast-check";
import { expect, test } from "vitest";
import { type Calendar, calendarOf, sessionAt } from "./calendar.ts";
import type { SessionName } from "./candle.ts";
import { closingAt, type Interval, intervalAt, nextMinute, scheduledMinutes } from "./interval.ts";
import { FOLD_SOURCE, INTRADAY_MS, MINUTE_MS, TIMEFRAMES, type Timeframe } from "./timeframe.ts";
import { DAY_MS, parseDay, weekdayOf } from "./zone.ts";

interface Week {
  calendar: Calendar;
  session: SessionName;
  /** Opens of every scheduled minute from Monday to Sunday. */
  minutes: number[];
}

function readWeek(name: "crypto" | "us-equity", session: SessionName, day: number): Week {
  const calendar = calendarOf(name);
  const minutes: number[] = [];
  const monday = day - weekdayOf(day);
  for (let each = monday; each < monday + 7; each++) {
    const found = calendar.sessionsOf(session).ofDay(each);
    for (let minute = found?.open ?? 0; found !== null && minute < found.close; minute += MINUTE_MS) minutes.push(minute);
  }
  return { calendar, session, minutes };
}

const anyDay = fc.integer({ min: parseDay("1998-01-01"), max: parseDay("2030-12-31") });
/** Weeks with a half-day, a clock change, a holiday or the year's end come up on their own too seldom. */
const oddDay = fc
  .constantFrom(
    "2026-11-27",
    "2012-10-31",
    "2018-12-24",
    "2026-03-09",
    "2026-11-02",
    "2025-12-31",
    "2030-07-03",
    "2025-01-09",
    "2028-01-01",
  )
  .map(parseDay);
const weeks = fc
  .tuple(
    fc.constantFrom("crypto" as const, "us-equity" as const),
    fc.constantFrom<SessionName>("regular", "extended", "all"),
    fc.oneof(anyDay, oddDay),
  )
  .map(([name, session, day]) => readWeek(name, session, day));
const RUNS = { numRuns: 40 };

/** The different intervals of a timeframe over the week, in order. */
function intervalsOf(week: Week, timeframe: Timeframe): Interval[] {
  const intervals: Interval[] = [];
  for (const minute of week.minutes) {
    const interval = intervalAt(week.calendar, week.session, timeframe, minute);
    if (interval === null) throw new Error(`no ${timeframe} at the scheduled minute ${minute}`);
    if (interval.open !== intervals.at(-1)?.open) intervals.push(interval);
  }
  return intervals;
}

/** True where consecutive intervals never overlap and each holds at least one minute. */
function areApart(intervals: Interval[]): boolean {
  return intervals.every(({ open, close }, index) => open < close && (index === 0 || (intervals[index - 1] as Interval).close <= open));
}

test("every scheduled minute belongs to exactly one interval of each timeframe", () => {
  fc.assert(
    fc.property(weeks, (week) => {
      for (const timeframe of TIMEFRAMES) {
        const intervals = intervalsOf(week, timeframe);
        expect(areApart(intervals)).toBe(true);
        let index = 0;
        const counts = new Array<number>(intervals.length).fill(0);
        for (const minute of week.minutes) {
          while (minute >= (intervals[index] as Interval).close) index++;
          const { open, close } = intervals[index] as Interval;
          if (minute < open || minute + MINUTE_MS > close) throw new Error(`${minute} is in no ${timeframe}`);
          counts[index] = (counts[index] as number) + 1;
        }
        const scheduled = intervals.map(({ open, close }) => scheduledMinutes(week.calendar, week.session, open, close));
        expect(scheduled).toEqual(counts);
      }
    }),
    RUNS,
  );
});

test("an interval is made of whole intervals of the timeframe that folds into it", () => {
  fc.assert(
    fc.property(weeks, (week) => {
      const intervals = new Map(TIMEFRAMES.map((timeframe) => [timeframe, intervalsOf(week, timeframe)]));
      for (const [timeframe, source] of Object.entries(FOLD_SOURCE) as [Timeframe, Timeframe][]) {
        const parts = intervals.get(source) as Interval[];
        let used = 0;
        const tiled = (intervals.get(timeframe) as Interval[]).map(({ close }) => {
          const first = parts[used] as Interval;
          while (used < parts.length && (parts[used] as Interval).close <= close) used++;
          return { open: first.open, close: (parts[used - 1] as Interval).close };
        });
        expect(tiled).toEqual((intervals.get(timeframe) as Interval[]).map(({ open, close }) => ({ open, close })));
        expect(used).toBe(parts.length);
      }
    }),
    RUNS,
  );
});

test("any instant of an interval finds that interval, its close the next one or none", () => {
  fc.assert(
    fc.property(weeks, fc.nat(), fc.nat(MINUTE_MS - 1), fc.constantFrom(...TIMEFRAMES), (week, pick, rest, timeframe) => {
      const { calendar, session, minutes } = week;
      const timeMs = (minutes[pick % minutes.length] as number) + rest;
      const interval = intervalAt(calendar, session, timeframe, timeMs) as Interval;
      expect(intervalAt(calendar, session, timeframe, interval.open)).toEqual(interval);
      expect(intervalAt(calendar, session, timeframe, interval.close - 1)).toEqual(interval);
      const next = intervalAt(calendar, session, timeframe, interval.close);
      if (next === null) expect(sessionAt(calendar, session, interval.close)).toBeNull();
      else expect(next.open).toBe(interval.close);
      if (timeframe !== "1d" && timeframe !== "1w") {
        const open = (sessionAt(calendar, session, timeMs) as { open: number }).open;
        expect((interval.open - open) % INTRADAY_MS[timeframe]).toBe(0);
        expect(interval.close - interval.open).toBeLessThanOrEqual(INTRADAY_MS[timeframe]);
      }
    }),
    { numRuns: 300 },
  );
});

test("closingAt names exactly the timeframes with an interval that ends there", () => {
  fc.assert(
    fc.property(weeks, (week) => {
      const closes = TIMEFRAMES.map((timeframe) => new Set(intervalsOf(week, timeframe).map(({ close }) => close)));
      const last = week.minutes.at(-1) as number;
      for (let time = (week.minutes[0] as number) + MINUTE_MS; time <= last + 2 * MINUTE_MS; time += MINUTE_MS) {
        if (time > last + MINUTE_MS && week.calendar.continuous) break;
        const expected = TIMEFRAMES.filter((_, index) => (closes[index] as Set<number>).has(time));
        const found = closingAt(week.calendar, week.session, time);
        if (found.join() !== expected.join()) throw new Error(`at ${time}: ${found.join()}, not ${expected.join()}`);
      }
    }),
    { numRuns: 20 },
  );
});

test("nextMinute walks every scheduled minute of the week and nothing else", () => {
  fc.assert(
    fc.property(weeks, fc.nat(MINUTE_MS - 1), (week, rest) => {
      const { calendar, session, minutes } = week;
      const walked = minutes.slice(0, -1).map((minute) => nextMinute(calendar, session, minute + rest));
      expect(walked).toEqual(minutes.slice(1));
      expect(nextMinute(calendar, session, (minutes[0] as number) - 1)).toBe(minutes[0]);
    }),
    RUNS,
  );
});

test("a crypto week is seven days from Monday, a trading day's intervals lie inside its week", () => {
  fc.assert(
    fc.property(anyDay, fc.nat(DAY_MS - 1), (day, rest) => {
      const week = intervalAt(calendarOf("crypto"), "all", "1w", day * DAY_MS + rest) as Interval;
      expect(week).toEqual({ open: (day - weekdayOf(day)) * DAY_MS, close: (day - weekdayOf(day) + 7) * DAY_MS });
      const inside = intervalAt(calendarOf("crypto"), "all", "1d", day * DAY_MS + rest) as Interval;
      expect(week.open <= inside.open && inside.close <= week.close).toBe(true);
    }),
  );
});
