import { describe, expect, test } from "vitest";
import { calendarOf } from "./calendar.ts";
import type { SessionName } from "./candle.ts";
import { closingAt, intervalAt, nextMinute, scheduledMinutes } from "./interval.ts";
import { TIMEFRAMES, type Timeframe } from "./timeframe.ts";

const crypto = calendarOf("crypto");
const equity = calendarOf("us-equity");

function at(text: string): number {
  return Date.parse(text);
}

function shown(calendar: typeof crypto, session: SessionName, timeframe: Timeframe, time: string): string | null {
  const interval = intervalAt(calendar, session, timeframe, at(time));
  return interval && `${new Date(interval.open).toISOString().slice(0, 16)} ${new Date(interval.close).toISOString().slice(0, 16)}`;
}

describe("crypto", () => {
  test("intervals count from 00:00 UTC", () => {
    const expected: Record<Timeframe, string> = {
      "1m": "2025-12-31T23:59 2026-01-01T00:00",
      "3m": "2025-12-31T23:57 2026-01-01T00:00",
      "5m": "2025-12-31T23:55 2026-01-01T00:00",
      "15m": "2025-12-31T23:45 2026-01-01T00:00",
      "30m": "2025-12-31T23:30 2026-01-01T00:00",
      "1h": "2025-12-31T23:00 2026-01-01T00:00",
      "4h": "2025-12-31T20:00 2026-01-01T00:00",
      "1d": "2025-12-31T00:00 2026-01-01T00:00",
      "1w": "2025-12-29T00:00 2026-01-05T00:00",
    };
    for (const timeframe of TIMEFRAMES) expect(shown(crypto, "all", timeframe, "2025-12-31T23:59:59.999Z")).toBe(expected[timeframe]);
  });

  test("the year's end closes a day, and a week only on Monday", () => {
    expect(closingAt(crypto, "all", at("2026-01-01T00:00Z"))).toEqual(TIMEFRAMES.filter((timeframe) => timeframe !== "1w"));
    expect(closingAt(crypto, "all", at("2026-01-05T00:00Z"))).toEqual([...TIMEFRAMES]);
    expect(shown(crypto, "all", "1w", "2026-01-05T00:00Z")).toBe("2026-01-05T00:00 2026-01-12T00:00");
    expect(shown(crypto, "all", "1w", "2026-01-04T23:59:59.999Z")).toBe("2025-12-29T00:00 2026-01-05T00:00");
    expect(scheduledMinutes(crypto, "all", at("2025-12-29T00:00Z"), at("2026-01-05T00:00Z"))).toBe(10_080);
  });

  test("a week and a minute before the epoch are cut alike", () => {
    expect(shown(crypto, "all", "1w", "1970-01-01T00:00Z")).toBe("1969-12-29T00:00 1970-01-05T00:00");
    expect(shown(crypto, "all", "5m", "1969-12-31T23:59Z")).toBe("1969-12-31T23:55 1970-01-01T00:00");
  });

  test("only whole minutes close anything", () => {
    expect(closingAt(crypto, "all", at("2026-01-01T00:15Z"))).toEqual(["1m", "3m", "5m", "15m"]);
    expect(closingAt(crypto, "all", at("2026-01-01T00:01Z"))).toEqual(["1m"]);
    expect(closingAt(crypto, "all", at("2026-01-01T00:15Z") + 1)).toEqual([]);
    expect(closingAt(crypto, "all", at("2026-01-01T00:15Z") + 0.5)).toEqual([]);
  });

  test("the next minute is after the instant", () => {
    expect(nextMinute(crypto, "all", at("2025-12-31T23:59Z"))).toBe(at("2026-01-01T00:00Z"));
    expect(nextMinute(crypto, "all", at("2025-12-31T23:59Z") - 1)).toBe(at("2025-12-31T23:59Z"));
  });
});

describe("us-equity", () => {
  test("regular hours count from 09:30 and the last interval ends at the close", () => {
    expect(shown(equity, "regular", "1h", "2013-10-07T13:30Z")).toBe("2013-10-07T13:30 2013-10-07T14:30");
    expect(shown(equity, "regular", "1h", "2013-10-07T19:59Z")).toBe("2013-10-07T19:30 2013-10-07T20:00");
    expect(shown(equity, "regular", "4h", "2013-10-07T17:30Z")).toBe("2013-10-07T17:30 2013-10-07T20:00");
    expect(shown(equity, "regular", "1d", "2013-10-07T17:30Z")).toBe("2013-10-07T13:30 2013-10-07T20:00");
    expect(shown(equity, "regular", "1m", "2013-10-07T20:00Z")).toBeNull();
    expect(shown(equity, "regular", "1w", "2013-10-07T20:00Z")).toBeNull();
  });

  test("all hours count from 04:00", () => {
    expect(shown(equity, "all", "4h", "2013-10-07T13:30Z")).toBe("2013-10-07T12:00 2013-10-07T16:00");
    expect(shown(equity, "all", "1d", "2013-10-07T08:00Z")).toBe("2013-10-07T08:00 2013-10-08T00:00");
  });

  test("a half-day ends its open intervals early and closes the day and the week", () => {
    expect(shown(equity, "regular", "4h", "2026-11-27T17:59Z")).toBe("2026-11-27T14:30 2026-11-27T18:00");
    expect(shown(equity, "regular", "1h", "2026-11-27T17:59Z")).toBe("2026-11-27T17:30 2026-11-27T18:00");
    expect(closingAt(equity, "regular", at("2026-11-27T18:00Z"))).toEqual([...TIMEFRAMES]);
    expect(closingAt(equity, "all", at("2026-11-27T22:00Z"))).toEqual([...TIMEFRAMES]);
    expect(shown(equity, "all", "4h", "2026-11-27T21:30Z")).toBe("2026-11-27T21:00 2026-11-27T22:00");
  });

  test("a week runs over the sessions that exist", () => {
    expect(shown(equity, "regular", "1w", "2026-11-25T16:00Z")).toBe("2026-11-23T14:30 2026-11-27T18:00");
    expect(shown(equity, "regular", "1w", "2012-10-31T14:00Z")).toBe("2012-10-31T13:30 2012-11-02T20:00");
    expect(shown(equity, "all", "1w", "2024-03-27T14:00Z")).toBe("2024-03-25T08:00 2024-03-29T00:00");
    expect(closingAt(equity, "regular", at("2024-03-28T20:00Z"))).toEqual([...TIMEFRAMES]);
    expect(scheduledMinutes(equity, "regular", at("2026-11-23T14:30Z"), at("2026-11-27T18:00Z"))).toBe(3 * 390 + 210);
    expect(shown(equity, "all", "1w", "2026-11-26T16:00Z")).toBeNull();
  });

  test("the week over new year is one interval, also at both ends of the data", () => {
    expect(shown(equity, "regular", "1w", "2025-12-31T16:00Z")).toBe("2025-12-29T14:30 2026-01-02T21:00");
    expect(shown(equity, "regular", "1w", "2009-12-31T16:00Z")).toBe("2009-12-28T14:30 2009-12-31T21:00");
    expect(shown(equity, "regular", "1w", "2030-12-31T16:00Z")).toBe("2030-12-30T14:30 2031-01-03T21:00");
  });

  test("both clock changes leave the intervals at the same wall clock times, minutes counted from the open", () => {
    expect(shown(equity, "all", "4h", "2026-03-06T12:59Z")).toBe("2026-03-06T09:00 2026-03-06T13:00");
    expect(shown(equity, "all", "4h", "2026-03-09T11:59Z")).toBe("2026-03-09T08:00 2026-03-09T12:00");
    expect(shown(equity, "all", "4h", "2026-10-30T11:59Z")).toBe("2026-10-30T08:00 2026-10-30T12:00");
    expect(shown(equity, "all", "4h", "2026-11-02T12:59Z")).toBe("2026-11-02T09:00 2026-11-02T13:00");
    for (const open of ["2026-03-06T09:00Z", "2026-03-09T08:00Z", "2026-10-30T08:00Z", "2026-11-02T09:00Z"]) {
      const day = intervalAt(equity, "all", "1d", at(open));
      expect(day).toEqual({ open: at(open), close: at(open) + 960 * 60_000 });
      expect(intervalAt(equity, "all", "1h", at(open) + 90 * 60_000)?.open).toBe(at(open) + 60 * 60_000);
    }
  });

  test("nothing closes in a closed market, and the next minute is the next open", () => {
    expect(closingAt(equity, "regular", at("2026-11-27T19:00Z"))).toEqual([]);
    expect(closingAt(equity, "regular", at("2026-11-27T14:30Z"))).toEqual([]);
    expect(nextMinute(equity, "regular", at("2026-11-27T17:59Z"))).toBe(at("2026-11-30T14:30Z"));
    expect(nextMinute(equity, "regular", at("2026-11-27T14:30Z") - 1)).toBe(at("2026-11-27T14:30Z"));
    expect(nextMinute(equity, "regular", at("2026-11-27T14:30Z"))).toBe(at("2026-11-27T14:31Z"));
  });
});
