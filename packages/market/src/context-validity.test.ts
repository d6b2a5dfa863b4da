import { expect, test } from "vitest";
import { validFromOf } from "./context-validity.ts";

/** 2024-03-01T12:00:00Z */
const NOON = 1_709_294_400_000;

test.each([
  [NOON, NOON + 60_000],
  [NOON + 1, NOON + 120_000],
  [NOON + 59_999, NOON + 120_000],
  [NOON - 1, NOON + 60_000],
])("an item published at %i counts from %i", (published, validFrom) => {
  expect(validFromOf(published)).toBe(validFrom);
});

test("every item has at least a minute and less than two", () => {
  for (let i = 0; i < 1_000; i++) {
    const published = NOON + i * 977;
    const lead = validFromOf(published) - published;
    expect([lead >= 60_000, lead < 120_000, validFromOf(published) % 60_000]).toEqual([true, true, 0]);
  }
});
