import { expect, test } from "vitest";
import { calendarOf } from "./calendar.ts";
import { rebuildableFrom, rebuildFloor } from "./rebuild-floor.ts";

const crypto = calendarOf("crypto");
const equity = calendarOf("us-equity");
const at = (text: string): number => Date.parse(text);

test("a rebuild begins with the first whole week", () => {
  expect(rebuildFloor(crypto, at("2026-03-11T00:00:03Z"), at("2026-03-30T00:00Z"))).toBe(at("2026-03-16T00:00Z"));
  expect(rebuildFloor(crypto, at("2026-03-16T00:00Z"), at("2026-03-30T00:00Z"))).toBe(at("2026-03-16T00:00Z"));
  expect(rebuildFloor(crypto, at("2026-03-16T00:00Z") + 1, at("2026-03-30T00:00Z"))).toBe(at("2026-03-23T00:00Z"));
});

test("weeks of a market with hours begin with their first session: 04:00 in New York", () => {
  expect(rebuildFloor(equity, at("2026-03-11T14:00Z"), at("2026-03-30T20:00Z"))).toBe(at("2026-03-16T08:00Z"));
  expect(rebuildFloor(equity, at("2026-03-14T12:00Z"), at("2026-03-30T20:00Z"))).toBe(at("2026-03-16T08:00Z"));
  // Monday 19 January 2026 is a holiday: the week opens on Tuesday, in winter
  expect(rebuildFloor(equity, at("2026-01-16T15:00Z"), at("2026-01-30T20:00Z"))).toBe(at("2026-01-20T09:00Z"));
});

test("without trades in a whole week it begins with a whole day, without those with a whole minute", () => {
  expect(rebuildFloor(crypto, at("2026-03-24T10:20:30Z"), at("2026-03-27T10:00Z"))).toBe(at("2026-03-25T00:00Z"));
  expect(rebuildFloor(crypto, at("2026-03-27T06:20:30Z"), at("2026-03-27T10:00Z"))).toBe(at("2026-03-27T06:21Z"));
  expect(rebuildFloor(equity, at("2026-03-27T23:59:30Z"), at("2026-03-27T23:59:30Z"))).toBe(at("2026-03-30T08:00Z"));
});

test("beyond the years of a calendar it is the minute", () => {
  expect(rebuildFloor(equity, at("2031-02-03T10:00:01Z"), at("2031-03-03T10:00Z"))).toBe(at("2031-02-03T10:01Z"));
});

test("where nothing was dropped, candles can be made again from the first trade on", () => {
  const record = { calendar: "crypto" as const, firstTradeTime: at("2026-03-02T07:00Z"), lastTradeTime: at("2026-03-30T00:00Z") };
  expect(rebuildableFrom({ ...record, wholeFrom: null })).toBe(record.firstTradeTime);
  expect(rebuildableFrom({ ...record, wholeFrom: at("2026-03-03T07:00Z") })).toBe(at("2026-03-09T00:00Z"));
  expect(rebuildableFrom({ calendar: "crypto", firstTradeTime: null, lastTradeTime: null, wholeFrom: null })).toBeNull();
});
