import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTimestamptz, parseTimestamptz } from "./timestamp.ts";

test("a timestamptz keeps its microseconds, whatever its offset", () => {
  expect(parseTimestamptz("2013-10-07 09:30:00.000001-04")).toBe(1_381_152_600_000_001);
  expect(parseTimestamptz("2013-10-07 19:00:00.000001+05:30")).toBe(1_381_152_600_000_001);
  expect(parseTimestamptz("1969-12-31 23:59:59.5+00")).toBe(-500_000);
  expect(parseTimestamptz("infinity")).toBe(Number.POSITIVE_INFINITY);
});

test("what is no timestamptz, or too far away, is refused", () => {
  expect(() => parseTimestamptz("2013-10-07")).toThrow(RangeError);
  expect(() => parseTimestamptz("9999-12-31 00:00:00+00")).toThrow("2^53");
  expect(() => formatTimestamptz(0.5)).toThrow(RangeError);
});

test("parsing the formatted time gives it back", () => {
  fc.assert(
    fc.property(fc.integer({ min: -2e15, max: 9e15 }), (us) => {
      const text = formatTimestamptz(us).replace("T", " ").replace("Z", "+00");
      expect(parseTimestamptz(text)).toBe(us);
    }),
  );
});
