import fc from "fast-check";
import { expect, test } from "vitest";
import { arrivals, closedBy, inTime, stepsOf } from "../test/arrivals.ts";
import { naiveCandles, type PlainSession, type PlainTrade } from "../test/naive-candles.ts";
import { cryptoSessions, expectNaive, plainTrades } from "../test/plain-trades.ts";
import { CRYPTO, EQUITY, SeriesRun } from "../test/series-run.ts";
import type { Timeframe } from "./timeframe.ts";

const HOUR = 3_600_000;

/** Days with trading as "day, UTC hour of the open, UTC hour of the close": 04:00 to 20:00 in New York, 17:00 on half-days. */
const EQUITY_WEEKS: readonly (readonly string[])[] = [
  ["2013-03-04 9 25", "2013-03-05 9 25", "2013-03-06 9 25", "2013-03-07 9 25", "2013-03-08 9 25"],
  ["2013-03-11 8 24", "2013-03-12 8 24", "2013-03-13 8 24", "2013-03-14 8 24", "2013-03-15 8 24"],
  ["2013-10-07 8 24", "2013-10-08 8 24", "2013-10-09 8 24", "2013-10-10 8 24", "2013-10-11 8 24"],
  ["2013-10-14 8 24", "2013-10-15 8 24", "2013-10-16 8 24", "2013-10-17 8 24", "2013-10-18 8 24"],
  ["2013-10-28 8 24", "2013-10-29 8 24", "2013-10-30 8 24", "2013-10-31 8 24", "2013-11-01 8 24"],
  ["2013-11-04 9 25", "2013-11-05 9 25", "2013-11-06 9 25", "2013-11-07 9 25", "2013-11-08 9 25"],
  ["2013-11-25 9 25", "2013-11-26 9 25", "2013-11-27 9 25", "2013-11-29 9 22"],
  ["2013-12-02 9 25", "2013-12-03 9 25", "2013-12-04 9 25", "2013-12-05 9 25", "2013-12-06 9 25"],
];
const EQUITY_SESSIONS: PlainSession[] = EQUITY_WEEKS.flatMap((days, week) =>
  days.map((text) => {
    const [day = "", open = "", close = ""] = text.split(" ");
    return { open: Date.parse(day) + Number(open) * HOUR, close: Date.parse(day) + Number(close) * HOUR, week };
  }),
);

interface Span {
  name: string;
  from: string;
  to: string;
}

function sessionsFor(instrument: typeof CRYPTO, from: number, to: number): PlainSession[] {
  if (instrument.calendar === "crypto") return cryptoSessions(from - 7 * 24 * HOUR, 4);
  const weeks = new Set(EQUITY_SESSIONS.filter((session) => session.close > from && session.open <= to).map((session) => session.week));
  weeks.add(Math.max(...weeks) + 1);
  return EQUITY_SESSIONS.filter((session) => weeks.has(session.week));
}

/** Runs trades, late ones included, over a span of days and compares every candle with the naive ones. */
function expectSpan(instrument: typeof CRYPTO, { from, to }: Span, runs: number): void {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const sessions = sessionsFor(instrument, fromMs, toMs);
  const untilMs = toMs + 20 * HOUR;
  const late = plainTrades({ fromMs, toMs, max: 60 }).chain((trades) =>
    fc.oneof(fc.constant(inTime(trades)), arrivals(trades, 19 * HOUR * 1000)),
  );
  fc.assert(
    fc.property(late, (all) => {
      const run = new SeriesRun(instrument, fromMs * 1000, 20).run(stepsOf(all, fromMs * 1000, untilMs * 1000, 600_000_000));
      const trades: PlainTrade[] = all.map((arrival) => arrival.trade);
      const closedUntil = closedBy(sessions, untilMs, instrument.closeDelayMs);
      expectNaive(
        run.candles(),
        naiveCandles({ ...instrument, sessions, coveredFromUs: fromMs * 1000, closedUntil, trades, gaps: [], windows: true }),
      );
    }),
    { numRuns: runs, endOnFailure: true },
  );
}

test.each<Span>([
  { name: "three days and two nights", from: "2013-10-07T07:00:00Z", to: "2013-10-10T03:00:00Z" },
  { name: "a week's end", from: "2013-10-11T18:00:00Z", to: "2013-10-14T12:00:00Z" },
  { name: "the clocks going forward", from: "2013-03-08T20:00:00Z", to: "2013-03-11T12:00:00Z" },
  { name: "the clocks going back", from: "2013-11-01T20:00:00Z", to: "2013-11-04T12:00:00Z" },
  { name: "a holiday and a half-day", from: "2013-11-27T20:00:00Z", to: "2013-12-02T12:00:00Z" },
])(
  "equities over $name: every candle equals one built from the trades, those out of hours left out",
  (span) => {
    expectSpan(EQUITY, span, 2);
  },
  60_000,
);

test.each<Span>([
  { name: "midnight", from: "2024-03-05T18:00:00Z", to: "2024-03-06T06:00:00Z" },
  { name: "the year's end", from: "2024-12-31T20:00:00Z", to: "2025-01-01T05:00:00Z" },
  { name: "a leap day and a week's end", from: "2024-03-03T20:00:00Z", to: "2024-03-04T05:00:00Z" },
])(
  "crypto over $name: every candle equals one built from the trades",
  (span) => {
    expectSpan(CRYPTO, span, 2);
  },
  60_000,
);

function runOf(instrument: typeof CRYPTO, from: string, times: readonly string[], until: string): SeriesRun {
  const trades = times.map((time, i) => {
    const timeUs = Date.parse(time) * 1000;
    return {
      epoch: "",
      seq: i,
      id: undefined,
      timeUs,
      price: 100,
      priceScale: 2,
      size: 1_000,
      sizeScale: 3,
      side: 1 as const,
      quote: null,
    };
  });
  return new SeriesRun(instrument, Date.parse(from) * 1000).run([
    { kind: "trades", trades },
    { kind: "clock", timeUs: Date.parse(until) * 1000 },
  ]);
}

test("on a half-day the last candle of every timeframe, the week's too, ends at the early close", () => {
  const run = runOf(EQUITY, "2013-11-25T09:00:00Z", ["2013-11-29T21:59:59.999Z", "2013-11-29T22:00:00Z"], "2013-11-29T22:00:02Z");
  const opens: [Timeframe, string][] = [
    ["1m", "2013-11-29T21:59:00Z"],
    ["15m", "2013-11-29T21:45:00Z"],
    ["1h", "2013-11-29T21:00:00Z"],
    ["4h", "2013-11-29T21:00:00Z"],
    ["1d", "2013-11-29T09:00:00Z"],
    ["1w", "2013-11-25T09:00:00Z"],
  ];
  for (const [timeframe, open] of opens) {
    expect(run.candle(timeframe, Date.parse(open))).toMatchObject({
      closeTime: Date.parse("2013-11-29T22:00:00Z"),
      trades: 1,
      anchor: "America/New_York",
    });
  }
});

test("CVD begins anew with every session, and a week shows it as it ran", () => {
  const run = runOf(
    CRYPTO,
    "2024-12-30T00:00:00Z",
    ["2024-12-31T23:59:59Z", "2024-12-31T23:59:59.999Z", "2025-01-01T00:00:00Z"],
    "2025-01-06T00:00:01Z",
  );
  expect(run.candle("1m", Date.parse("2024-12-31T23:59:00Z"))).toMatchObject({ cvdBase: 0, cvd: 2 });
  expect(run.candle("1m", Date.parse("2025-01-01T00:00:00Z"))).toMatchObject({ cvdBase: 0, cvd: 1 });
  expect(run.candle("1d", Date.parse("2024-12-31T00:00:00Z"))).toMatchObject({ cvd: 2, vd: 2 });
  expect(run.candle("1w", Date.parse("2024-12-30T00:00:00Z"))).toMatchObject({
    vd: 3,
    cvdOpen: 1,
    cvdHigh: 2,
    cvdLow: 1,
    cvd: 0,
    trades: 3,
  });
});

test("nothing closes over a weekend, and the first candle of Monday follows Friday's last one without a gap", () => {
  const run = runOf(EQUITY, "2013-10-11T19:58:00Z", ["2013-10-11T23:59:30Z", "2013-10-12T12:00:00Z"], "2013-10-14T08:02:00Z");
  const opens = run.published.filter((row) => row.timeframe === "1m").map((row) => new Date(row.openTime).toISOString().slice(5, 16));
  expect(opens.slice(-2)).toEqual(["10-11T23:59", "10-14T08:00"]);
  expect(run.candle("1m", Date.parse("2013-10-14T08:00:00Z"))).toMatchObject({
    flags: 0,
    completeness: "no-trades",
    lastClose: 1,
    cvdBase: 0,
  });
});
