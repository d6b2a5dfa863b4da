import type { Instrument } from "@tickfleet/market/instrument";
import type { RawTrade, SourceEvent } from "@tickfleet/venues/source";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Intake } from "./intake.ts";
import type { IntakeState } from "./intake-state.ts";

const START_US = 1_700_000_000_000_000;
const NAMES = ["A-USDT", "B-USDT"] as const;
const instruments = NAMES.map(
  (instrument): Instrument => ({
    venue: "test",
    instrument,
    venueSymbol: instrument,
    calendar: "crypto",
    kind: "spot",
    contractSize: 1,
    priceScale: 0,
    sizeScale: 0,
    closeDelayMs: 250,
  }),
);

const ms = fc.integer({ min: 0, max: 20_000 });
const scaled = fc.record({ value: fc.integer({ min: -1, max: 9_999 }), scale: fc.integer({ min: 0, max: 4 }) });
const rawTrade: fc.Arbitrary<RawTrade> = fc.record({
  instrument: fc.constantFrom(...NAMES),
  epoch: fc.constant(""),
  sourceSeq: fc.integer({ min: 1, max: 60 }),
  tradeId: fc.option(fc.constantFrom("x", "y")),
  eventTimeUs: ms.map((value) => START_US + value * 1000),
  eventTimeNsRest: fc.integer({ min: 0, max: 999 }),
  receivedTimeUs: ms.map((value) => START_US + value * 1000),
  price: scaled,
  size: scaled,
  flag: fc.constantFrom(null, "buy", "sell"),
});
const open: fc.Arbitrary<SourceEvent> = fc.record({
  kind: fc.constant("open"),
  connection: fc.constant("c"),
  venue: fc.constant("test"),
  timeUs: ms.map((value) => START_US + value * 1000),
  instruments: fc.constantFrom(instruments, instruments.slice(0, 1)),
  reason: fc.constant("test"),
  consecutiveIds: fc.boolean(),
  refill: fc.constantFrom("rest", "scripted", "none"),
});
const event: fc.Arbitrary<SourceEvent> = fc.oneof(
  { weight: 10, arbitrary: rawTrade.map((trade): SourceEvent => ({ kind: "trade", trade })) },
  { weight: 4, arbitrary: ms.map((value): SourceEvent => ({ kind: "time", timeUs: START_US + value * 1000 })) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("quote"),
      quote: fc.record({
        instrument: fc.constantFrom(...NAMES),
        bid: scaled,
        ask: scaled,
        bidSize: scaled,
        askSize: scaled,
        venueTimeUs: fc.option(ms.map((value) => START_US + value * 1000)),
        receivedTimeUs: ms.map((value) => START_US + value * 1000),
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("fill"),
      instrument: fc.constantFrom(...NAMES),
      trades: fc.array(rawTrade),
      complete: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: open },
  {
    weight: 1,
    arbitrary: fc.constantFrom<SourceEvent>({ kind: "down", timeUs: 0, reason: "" }, { kind: "end", timeUs: START_US + 1e6, reason: "" }),
  },
);

/** Everything that comes out, with a new intake made from the state before each event where `restartAt` says so. */
function outputs(events: readonly SourceEvent[], restartAt: (i: number) => boolean): string[] {
  const out: string[] = [];
  const create = (): Intake =>
    new Intake({
      venue: "test",
      connection: "c",
      nowUs: null,
      sink: {
        message: ({ subject, data }) => out.push(`${subject} ${Buffer.from(data).toString()}`),
        quality: (row) => out.push(JSON.stringify(row)),
        refill: (request) => out.push(JSON.stringify(request)),
      },
    });
  let intake = create();
  for (const [i, each] of events.entries()) {
    if (restartAt(i)) {
      const state = JSON.parse(JSON.stringify(intake.snapshot())) as IntakeState;
      intake = create();
      intake.restore(state);
    }
    intake.handle(structuredClone(each));
  }
  intake.flush();
  return out;
}

test("a restart from a snapshot before any event changes no message", () => {
  fc.assert(
    fc.property(open, fc.array(event, { minLength: 1, maxLength: 80 }), (first, rest) => {
      const events = [first, ...rest];
      expect(outputs(events, () => true)).toEqual(outputs(events, () => false));
    }),
    { numRuns: 200 },
  );
});

test("every trade that is not quarantined is published once, whatever the order", () => {
  fc.assert(
    fc.property(open, fc.array(rawTrade, { maxLength: 60 }), (first, trades) => {
      const events = [first, ...trades.map((trade): SourceEvent => ({ kind: "trade", trade }))];
      const out = outputs(events, () => false);
      const published = out
        .filter((line) => line.startsWith("md.v1.trade."))
        .reduce((sum, line) => sum + JSON.parse(line.slice(line.indexOf(" "))).count, 0);
      const quarantined = out.filter((line) => line.startsWith("{")).length - out.filter((line) => line.includes('"gapId"')).length;
      expect(published + quarantined).toBe(trades.length);
    }),
  );
});
