import { expect, test } from "vitest";
import {
  US_EQUITY_CLOCK_CHANGES,
  US_EQUITY_FIRST_DAY,
  US_EQUITY_HALF_DAYS,
  US_EQUITY_HOLIDAYS,
  US_EQUITY_LAST_DAY,
} from "./us-equity-days.ts";
import { DAY_MS, formatDay, parseDay, weekdayOf, zoneOf } from "./zone.ts";

const YEARS = Array.from({ length: 33 }, (_, index) => 1998 + index);
const MONDAY = 0;
const THURSDAY = 3;
const SUNDAY = 6;

const SPECIAL_CLOSURES = [
  ...["2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14", "2004-06-11", "2007-01-02"],
  ...["2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09"],
];
const SPECIAL_HALF_DAYS = ["1999-12-31", "2003-12-26"];

function day(year: number, month: number, date: number): number {
  return Date.UTC(year, month - 1, date) / DAY_MS;
}

/** The nth weekday of a month, from the end where n is negative. */
function nth(year: number, month: number, weekday: number, n: number): number {
  if (n < 0) {
    const last = day(year, month + 1, 0);
    return last - ((weekdayOf(last) - weekday + 7) % 7);
  }
  const first = day(year, month, 1);
  return first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (n - 1);
}

/** Easter Sunday by Gauss's method for the Gregorian calendar in 1900 to 2099. */
function easter(year: number): number {
  const d = (19 * (year % 19) + 24) % 30;
  const e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + 5) % 7;
  const afterMarch22 = (d === 29 && e === 6) || (d === 28 && e === 6 && year % 19 > 10) ? d + e - 7 : d + e;
  return day(year, 3, 22) + afterMarch22;
}

/** Saturday's holidays are kept on Friday, Sunday's on Monday. */
function observed(holiday: number): number {
  return holiday + (weekdayOf(holiday) === 5 ? -1 : weekdayOf(holiday) === 6 ? 1 : 0);
}

function holidaysByRule(year: number): number[] {
  const newYear = day(year, 1, 1);
  return [
    ...(weekdayOf(newYear) === 5 ? [] : [observed(newYear)]),
    nth(year, 1, MONDAY, 3),
    nth(year, 2, MONDAY, 3),
    easter(year) - 2,
    nth(year, 5, MONDAY, -1),
    ...(year >= 2022 ? [observed(day(year, 6, 19))] : []),
    observed(day(year, 7, 4)),
    nth(year, 9, MONDAY, 1),
    nth(year, 11, THURSDAY, 4),
    observed(day(year, 12, 25)),
    ...SPECIAL_CLOSURES.filter((text) => text.startsWith(`${year}-`)).map(parseDay),
  ].sort((a, b) => a - b);
}

function halfDaysByRule(year: number): number[] {
  const holidays = new Set(holidaysByRule(year));
  const july = year < 2013 && weekdayOf(day(year, 7, 4)) === THURSDAY ? day(year, 7, 5) : day(year, 7, 3);
  const special = SPECIAL_HALF_DAYS.filter((text) => text.startsWith(`${year}-`)).map(parseDay);
  const candidates = [july, day(year, 12, 24), nth(year, 11, THURSDAY, 4) + 1, ...special].sort((a, b) => a - b);
  return candidates.filter((candidate) => weekdayOf(candidate) < 5 && !holidays.has(candidate));
}

function texts(year: number, days: number[]): string {
  for (const each of days) expect(formatDay(each).slice(0, 4)).toBe(String(year));
  return days.map((each) => formatDay(each).slice(5)).join(" ");
}

test.each(YEARS)("the holidays of %i are those of the exchange's rules and its special closures", (year) => {
  expect(US_EQUITY_HOLIDAYS[year]).toBe(texts(year, holidaysByRule(year)));
});

test.each(YEARS)("the half-days of %i are those of the exchange's rules", (year) => {
  expect(US_EQUITY_HALF_DAYS[year] ?? "").toBe(texts(year, halfDaysByRule(year)));
});

test.each(YEARS)("the clock changes of %i are those of the law: until 2006 the first Sunday of April and the last of October", (year) => {
  const changes = year < 2007 ? [nth(year, 4, SUNDAY, 1), nth(year, 10, SUNDAY, -1)] : [nth(year, 3, SUNDAY, 2), nth(year, 11, SUNDAY, 1)];
  expect(US_EQUITY_CLOCK_CHANGES[year]).toBe(texts(year, changes));
});

test("the runtime's time zone tables know the same clock changes to date", () => {
  const zone = zoneOf("America/New_York");
  const changes: string[] = [];
  for (let each = parseDay("1998-01-01"); each < parseDay("2026-12-01"); each++) {
    const noon = each * DAY_MS + DAY_MS / 2;
    if (zone.offsetAt(noon) !== zone.offsetAt(noon - DAY_MS)) changes.push(formatDay(each));
  }
  const expected = YEARS.filter((year) => year <= 2026).flatMap((year) =>
    (US_EQUITY_CLOCK_CHANGES[year] as string).split(" ").map((text) => `${year}-${text}`),
  );
  expect(changes).toEqual(expected);
});

test("the data covers whole weeks around 1998 to 2030", () => {
  expect(weekdayOf(parseDay(US_EQUITY_FIRST_DAY))).toBe(MONDAY);
  expect(weekdayOf(parseDay(US_EQUITY_LAST_DAY))).toBe(SUNDAY);
  expect(Object.keys(US_EQUITY_HOLIDAYS).map(Number)).toEqual([...YEARS, 2031]);
  expect(US_EQUITY_HOLIDAYS[2031]).toBe("01-01");
});
