import fc from "fast-check";
import { expect, test } from "vitest";
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
