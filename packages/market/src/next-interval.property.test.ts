import fc from "fast-check";
import { expect, test } from "vitest";
import { CRYPTO, EQUITY, SeriesRun } from "../test/series-run.ts";
import { calendarOf } from "./calendar.ts";
import type { SessionName } from "./candle.ts";
import { closingAt, intervalAt, nextInterval, nextMinute } from "./interval.ts";
import { TIMEFRAMES } from "./timeframe.ts";

const MINUTE = 60_000;
const markets = fc.record({
  calendar: fc.constantFrom("crypto" as const, "us-equity" as const).map(calendarOf),
  session: fc.constantFrom<SessionName>("regular", "extended", "all"),
  timeframe: fc.constantFrom(...TIMEFRAMES),
  timeMs: fc.integer({ min: Date.UTC(2012, 0, 1), max: Date.UTC(2029, 0, 1) }),
});

test("the next interval is that of the first scheduled minute at which one opens", () => {
  fc.assert(
    fc.property(markets, ({ calendar, session, timeframe, timeMs }) => {
      const found = nextInterval(calendar, session, timeframe, timeMs);
      expect(found.open).toBeGreaterThanOrEqual(timeMs);
      expect(intervalAt(calendar, session, timeframe, found.open)).toEqual(found);
      const before = intervalAt(calendar, session, timeframe, nextMinute(calendar, session, timeMs - 1));
      if (before !== null && before.open < timeMs) expect(nextMinute(calendar, session, before.close - 1)).toBe(found.open);
      else expect(before).toEqual(found);
    }),
  );
});

test("intervals that follow each other close where the calendar says that their timeframe closes", () => {
  fc.assert(
    fc.property(markets, ({ calendar, session, timeframe, timeMs }) => {
      let { open, close } = nextInterval(calendar, session, timeframe, timeMs);
      for (let i = 0; i < 5; i++) {
        expect(closingAt(calendar, session, close)).toContain(timeframe);
        const middle = open + Math.floor((close - open) / 2 / MINUTE) * MINUTE;
        if (middle > open && timeframe !== "1d" && timeframe !== "1w")
          expect(closingAt(calendar, session, middle)).not.toContain(timeframe);
        const next = nextInterval(calendar, session, timeframe, close);
        expect(next.open).toBeGreaterThanOrEqual(close);
        ({ open, close } = next);
      }
    }),
  );
});

test("a series closes at a time the candles of exactly the timeframes that the calendar closes, shortest first, its first interval on", () => {
  const spans = fc.record({
    instrument: fc.constantFrom(CRYPTO, EQUITY),
    // around a week's end, a clock change, a half-day
    start: fc
      .constantFrom("2013-10-04T20:00Z", "2013-11-01T22:00Z", "2013-11-29T16:00Z", "2014-01-02T03:00Z")
      .map((text) => Date.parse(text)),
    shiftMinutes: fc.integer({ min: 0, max: 600 }),
    stepMinutes: fc.integer({ min: 1, max: 90 }),
  });
  fc.assert(
    fc.property(spans, ({ instrument, start, shiftMinutes, stepMinutes }) => {
      const from = start + shiftMinutes * MINUTE;
      const until = from + 4 * 24 * 60 * MINUTE;
      const run = new SeriesRun(instrument, from * 1000);
      for (let time = from; time <= until; time += stepMinutes * MINUTE) run.take({ kind: "clock", timeUs: time * 1000 });
      const byClose = Map.groupBy(run.published, ({ closeTime }) => closeTime);
      const { calendar, key } = run.series;
      const closes = [...byClose.keys()];
      expect(closes).toEqual(closes.toSorted((a, b) => a - b));
      const wrong = [...byClose].filter(
        ([close, rows]) => rows.map(({ timeframe }) => timeframe).join() !== closingAt(calendar, key.session, close).join(),
      );
      expect(wrong.map(([close]) => new Date(close).toISOString())).toEqual([]);
      const missed: number[] = [];
      for (let minute = from + MINUTE; minute < (closes.at(-1) ?? from); minute += MINUTE) {
        if (!byClose.has(minute) && closingAt(calendar, key.session, minute).length > 0) missed.push(minute);
      }
      expect(missed).toEqual([]);
    }),
    { numRuns: 4 },
  );
});
