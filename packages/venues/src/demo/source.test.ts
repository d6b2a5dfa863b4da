import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import type { RawTrade, SourceEvent } from "../source.ts";
import { type DemoOptions, demoSource } from "./source.ts";

const START = Date.UTC(2026, 10, 19, 10);
const MINUTE = 60_000;

async function collect(options: DemoOptions, from = 0): Promise<Map<number, SourceEvent[]>> {
  const blocks = new Map<number, SourceEvent[]>();
  for await (const { position, events } of demoSource(options).events(from)) blocks.set(position, events);
  return blocks;
}

async function flat(options: DemoOptions): Promise<SourceEvent[]> {
  return [...(await collect(options)).values()].flat();
}

function tradesOf(events: readonly SourceEvent[]): RawTrade[] {
  return events.flatMap((event) => (event.kind === "trade" ? [event.trade] : event.kind === "fill" ? event.trades : []));
}

/** Everything that is the script's and not the run's. */
function script(events: readonly SourceEvent[] | undefined): SourceEvent[] {
  return (events ?? []).filter((event) => event.kind !== "open" && event.kind !== "end");
}

/** As toEqual, which takes seconds over this many events; it is left to say what differs. */
function expectSame(found: unknown, expected: unknown, name?: string): void {
  if (!isDeepStrictEqual(found, expected)) expect(found, name).toEqual(expected);
}

describe("demo", () => {
  it("is the same for the same seed, and another for another", async () => {
    const options = { seed: 7, startMs: START, endMs: START + 5 * MINUTE };
    expectSame(await flat(options), await flat(options));
    expect(await flat({ ...options, seed: 8 })).not.toEqual(await flat(options));
  });

  it("agrees with a run that started earlier, beyond the stretches that began before", async () => {
    const early = await collect({ seed: 7, startMs: START - 45 * MINUTE, endMs: START + 40 * MINUTE });
    const late = await collect({ seed: 7, startMs: START, endMs: START + 40 * MINUTE });
    for (let minute = START / MINUTE + 10; minute < START / MINUTE + 40; minute++) {
      expectSame(script(late.get(minute)), script(early.get(minute)), String(minute));
    }
    const known = new Map(tradesOf([...early.values()].flat()).map((trade) => [`${trade.instrument} ${trade.sourceSeq}`, trade]));
    for (const trade of tradesOf([...late.values()].flat())) {
      const { receivedTimeUs } = trade;
      expectSame({ ...known.get(`${trade.instrument} ${trade.sourceSeq}`), receivedTimeUs }, trade);
    }
  });

  it("goes on from any block as if it had not stopped", async () => {
    const options = { seed: 7, startMs: START, endMs: START + 90 * MINUTE };
    const whole = await collect(options);
    for (const at of [1, 17, 59, 90]) {
      const rest = await collect(options, START / MINUTE + at);
      expectSame(
        [...rest],
        [...whole].filter(([position]) => position >= START / MINUTE + at),
      );
    }
  });

  it("opens with eight instruments, tells the time every second, and ends at its end", async () => {
    const events = await flat({ seed: 7, startMs: START + 999, endMs: START + 3 * MINUTE + 1 });
    expect(events[0]).toMatchObject({ kind: "open", timeUs: START * 1000, consecutiveIds: true, refill: "scripted", venue: "demo" });
    expect(events[0]).toMatchObject({ instruments: { length: 8 } });
    const times = events.filter((event) => event.kind === "time").map((event) => event.timeUs);
    expect(times).toEqual(Array.from({ length: 180 }, (_, i) => START * 1000 + (i + 1) * 1_000_000));
    expect(events.at(-1)).toMatchObject({ kind: "end", timeUs: (START + 3 * MINUTE) * 1000 });
  });

  it("refuses times that make no sense", () => {
    expect(() => demoSource({ seed: 7, startMs: START, endMs: START })).toThrow(RangeError);
    expect(() => demoSource({ seed: 7, startMs: 0, endMs: null })).toThrow(RangeError);
    expect(() => demoSource({ seed: 7, startMs: Number.NaN, endMs: null })).toThrow(RangeError);
  });
});

describe("a day of the demo", () => {
  const day = flat({ seed: 7, startMs: START, endMs: START + 26 * 60 * MINUTE });

  it("has half a million trades and more, and every id once, but for what is lost for good", async () => {
    const events = await day;
    const ids = new Map<string, Set<number>>();
    let repeated = 0;
    for (const trade of tradesOf(events)) {
      const known = ids.get(trade.instrument) ?? new Set();
      ids.set(trade.instrument, known);
      if (known.has(trade.sourceSeq)) repeated += 1;
      known.add(trade.sourceSeq);
    }
    const lost = events.filter((event) => event.kind === "fill" && !event.complete).length;
    let holes = 0;
    let total = 0;
    for (const known of ids.values()) {
      const sorted = [...known].sort((a, b) => a - b);
      total += sorted.length;
      for (let i = 1; i < sorted.length; i++) if ((sorted[i] as number) !== (sorted[i - 1] as number) + 1) holes += 1;
    }
    expect(ids.size).toBe(8);
    expect(total).toBeGreaterThan(500_000);
    expect(total).toBeLessThan(700_000);
    expect(repeated).toBeGreaterThan(100);
    expect(holes).toBe(lost);
    expect(lost).toBeGreaterThan(0);
  });

  it("answers every gap after it could be seen, and only those", async () => {
    const next = new Map<string, number>();
    const open = new Map<string, [number, number]>();
    let gaps = 0;
    for (const event of await day) {
      if (event.kind === "trade") {
        const { instrument, sourceSeq } = event.trade;
        const expected = next.get(instrument) ?? sourceSeq;
        if (sourceSeq > expected) {
          expect(open.has(instrument)).toBe(false);
          open.set(instrument, [expected, sourceSeq]);
          gaps += 1;
        }
        next.set(instrument, Math.max(expected, sourceSeq + 1));
      } else if (event.kind === "fill") {
        const [from, to] = open.get(event.instrument) as [number, number];
        open.delete(event.instrument);
        expect(event.trades.map((trade) => trade.sourceSeq)).toEqual(
          event.complete ? Array.from({ length: to - from }, (_, i) => from + i) : [],
        );
      }
    }
    expect(gaps).toBeGreaterThanOrEqual(30);
    expect(open.size).toBe(0);
  });

  it("has late trades of every kind, and flags that agree with the quote", async () => {
    let nowUs = 0;
    let wrong = 0;
    const late = { slight: 0, some: 0, very: 0, afterClose: 0 };
    const quotes = new Map<string, { bid: number; ask: number; timeUs: number }>();
    for (const event of await day) {
      if (event.kind === "time") nowUs = event.timeUs;
      if (event.kind === "quote") {
        const { instrument, bid, ask, venueTimeUs } = event.quote;
        if (ask.value <= bid.value) wrong += 1;
        quotes.set(instrument, { bid: bid.value, ask: ask.value, timeUs: venueTimeUs as number });
      }
      if (event.kind !== "trade") continue;
      const { trade } = event;
      const behindUs = nowUs - trade.eventTimeUs;
      if (behindUs > 100_000 && behindUs < 250_000) late.slight += 1;
      if (behindUs > 1_000_000 && behindUs < 8_000_000) late.some += 1;
      if (behindUs > 14_000_000) late.very += 1;
      if (Math.ceil((trade.eventTimeUs + 1) / 60_000_000) * 60_000_000 + 250_000 <= nowUs) late.afterClose += 1;
      const quote = quotes.get(trade.instrument);
      if (quote === undefined || trade.eventTimeUs - quote.timeUs !== 500) continue;
      if (trade.flag === "buy" ? trade.price.value < quote.ask : trade.price.value > quote.bid) wrong += 1;
    }
    expect(wrong).toBe(0);
    expect(late.slight).toBeGreaterThan(50);
    expect(late.some).toBeGreaterThan(50);
    expect(late.very).toBeGreaterThan(20);
    expect(late.afterClose).toBeGreaterThan(20);
  });
});
