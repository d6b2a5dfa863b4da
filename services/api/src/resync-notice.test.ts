import { expect, test } from "vitest";
import { missedFrom } from "./resync-notice.ts";

const HOUR = 3_600_000;

test("a day of late trades and the candle that the first of them falls into may have been missed", () => {
  const closed = Date.UTC(2024, 2, 10, 12);
  expect(missedFrom(closed, "1m")).toBe(closed - 24 * HOUR - 60_000);
  expect(missedFrom(closed, "4h")).toBe(closed - 28 * HOUR);
  expect(missedFrom(closed, "1d")).toBe(closed - 49 * HOUR);
  expect(missedFrom(closed, "1w")).toBe(closed - 193 * HOUR);
  expect(missedFrom(1, "1w")).toBe(0);
  expect(missedFrom(null, "1m")).toBeNull();
});
