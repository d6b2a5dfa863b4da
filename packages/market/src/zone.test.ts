import fc from "fast-check";
import { expect, test } from "vitest";
import { DAY_MS, dayAt, formatDay, instantOf, parseDay, weekdayOf, zoneOf } from "./zone.ts";

const HOUR = 3_600_000;
const newYork = zoneOf("America/New_York");

test("a zone is looked up once, an unknown one is refused", () => {
  expect(zoneOf("America/New_York")).toBe(newYork);
  expect(() => zoneOf("America/Nowhere")).toThrow(RangeError);
});

test("the offset changes at the very millisecond of the clock change", () => {
  const spring = Date.parse("2026-03-08T07:00:00Z");
  expect([newYork.offsetAt(spring - 1), newYork.offsetAt(spring)]).toEqual([-5 * HOUR, -4 * HOUR]);
  const autumn = Date.parse("2026-11-01T06:00:00Z");
  expect([newYork.offsetAt(autumn - 1), newYork.offsetAt(autumn)]).toEqual([-4 * HOUR, -5 * HOUR]);
});

test("zones off the full hour and with a half-hour summer time are read exactly", () => {
  expect(zoneOf("Asia/Kathmandu").offsetAt(Date.parse("2026-01-01T00:00:00Z"))).toBe(5.75 * HOUR);
  expect(zoneOf("Australia/Lord_Howe").offsetAt(Date.parse("2026-01-01T00:00:00Z"))).toBe(11 * HOUR);
  expect(zoneOf("Australia/Lord_Howe").offsetAt(Date.parse("2026-07-01T00:00:00Z"))).toBe(10.5 * HOUR);
  expect(zoneOf("UTC").offsetAt(Date.parse("2026-07-01T00:00:00Z"))).toBe(0);
});

test("an hour that comes twice means the first, one left out is read as before the change", () => {
  const at = (text: string, minute: number) => new Date(instantOf(newYork, parseDay(text), minute)).toISOString();
  expect(at("2026-11-01", 90)).toBe("2026-11-01T05:30:00.000Z");
  expect(at("2026-03-08", 150)).toBe("2026-03-08T07:30:00.000Z");
  expect(at("2026-03-08", 180)).toBe("2026-03-08T07:00:00.000Z");
  expect(at("2026-07-01", 570)).toBe("2026-07-01T13:30:00.000Z");
});

test("the day of an instant is the wall clock's", () => {
  expect(formatDay(dayAt(newYork, Date.parse("2026-11-27T04:59:59.999Z")))).toBe("2026-11-26");
  expect(formatDay(dayAt(newYork, Date.parse("2026-11-27T05:00:00Z")))).toBe("2026-11-27");
});

test("days are written and read as YYYY-MM-DD and nothing else", () => {
  expect(parseDay("1970-01-01")).toBe(0);
  expect(weekdayOf(0)).toBe(3);
  expect(weekdayOf(parseDay("1969-12-29"))).toBe(0);
  for (const text of ["2026-02-29", "2026-2-3", "", "2026-01-01T00"]) expect(() => parseDay(text)).toThrow(RangeError);
});

test("offsets equal those that the runtime formats, instants come back from their wall time", () => {
  const zones = fc.constantFrom("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tokyo");
  const times = fc.integer({ min: Date.parse("2000-01-01"), max: Date.parse("2037-01-01") });
  fc.assert(
    fc.property(zones, times, (name, timeMs) => {
      const zone = zoneOf(name);
      const offset = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" }).format(timeMs);
      const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(offset) as RegExpExecArray;
      const expected = (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
      expect(zone.offsetAt(timeMs) - expected).toBe(0);
      const minute = Math.floor(timeMs / 60_000) * 60_000;
      const day = dayAt(zone, minute);
      const back = instantOf(zone, day, (minute + zone.offsetAt(minute) - day * DAY_MS) / 60_000);
      expect(back + zone.offsetAt(back)).toBe(minute + zone.offsetAt(minute));
      expect(back).toBeLessThanOrEqual(minute);
    }),
    { numRuns: 300 },
  );
});
