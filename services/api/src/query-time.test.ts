import fc from "fast-check";
import { expect, test } from "vitest";
import { LATEST_US, parseQueryTime } from "./query-time.ts";

const NOW = 1_709_337_600_000;

test.each([
  ["1709251200000", 1_709_251_200_000_000],
  ["0", 0],
  ["2024-03-01", 1_709_251_200_000_000],
  ["2024-03-01T00:00:00Z", 1_709_251_200_000_000],
  ["2024-03-01t01:00:00+01:00", 1_709_251_200_000_000],
  ["2024-03-01T01:00:00 01:00", 1_709_251_200_000_000],
  ["2024-02-29T19:00:00.000001-05:00", 1_709_251_200_000_001],
  ["2024-03-01T00:00:00.1234567891Z", 1_709_251_200_123_456],
  ["now", NOW * 1_000],
  ["-24h", 1_709_251_200_000_000],
  ["-90s", (NOW - 90_000) * 1_000],
  ["-7d", (NOW - 7 * 86_400_000) * 1_000],
  ["1960-01-01", 0],
  ["9999-12-31", LATEST_US],
])("%s is read", (text, us) => {
  expect(parseQueryTime(text, NOW)).toBe(us);
});

test.each([
  ["1709251200", "time-in-seconds", "1709251200000"],
  ["1709251200.123456", "time-in-seconds", "1709251200123"],
  ["2024-03-01T00:00:00", "invalid-time", "2024-03-01T00:00:00Z"],
  ["2024-02-30", "invalid-time", "RFC 3339"],
  ["2024-03-01T24:00:00Z", "invalid-time", "RFC 3339"],
  ["1709251200000000", "invalid-time", "divide"],
  ["-24", "invalid-time", "-24h"],
  ["yesterday", "invalid-time", "now"],
])("%s is refused as %s", (text, code, fix) => {
  expect(parseQueryTime(text, NOW)).toMatchObject({ code, fix: expect.stringContaining(fix) });
});

test("an instant is the same in every form and zone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1e12, max: 4e12 }), fc.integer({ min: -14 * 60, max: 14 * 60 }), (ms, offset) => {
      const wall = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
      const digits = (value: number): string => String(value).padStart(2, "0");
      const zone = `${offset < 0 ? "-" : "+"}${digits(Math.floor(Math.abs(offset) / 60))}:${digits(Math.abs(offset) % 60)}`;
      expect(parseQueryTime(wall + zone, NOW)).toBe(ms * 1_000);
      expect(parseQueryTime(String(ms), NOW)).toBe(ms * 1_000);
      expect(parseQueryTime(new Date(ms).toISOString(), NOW)).toBe(ms * 1_000);
    }),
  );
});
