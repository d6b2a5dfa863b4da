import fc from "fast-check";
import { minutesIn, type PlainGap, type PlainSession, type PlainTrade } from "./naive-candles.ts";
import type { Step } from "./series-run.ts";

/** A trade with how long it takes to arrive, in microseconds, and when it comes again. */
export interface Arrival {
  trade: PlainTrade;
  delayUs: number;
  againUs: number | null;
}

/** Trades that arrive within `latenessUs`, some of them twice. */
export function arrivals(trades: readonly PlainTrade[], latenessUs: number): fc.Arbitrary<Arrival[]> {
  const one = fc.tuple(fc.integer({ min: 0, max: latenessUs }), fc.option(fc.integer({ min: 0, max: 400_000_000 }), { freq: 3 }));
  return fc
    .array(one, { minLength: trades.length, maxLength: trades.length, size: "max" })
    .map((delays) => trades.map((trade, i) => ({ trade, delayUs: delays[i]?.[0] ?? 0, againUs: delays[i]?.[1] ?? null })));
}

/** In time, in order and once. */
export function inTime(trades: readonly PlainTrade[]): Arrival[] {
  return trades.map((trade) => ({ trade, delayUs: 0, againUs: null }));
}

/** What a series hears: the arrivals, and a clock every so often, of the time that it stands for. */
export function stepsOf(all: readonly Arrival[], fromUs: number, untilUs: number, clockEveryUs: number): Step[] {
  const events: { atUs: number; order: number; step: Step }[] = [];
  for (const { trade, delayUs, againUs } of all) {
    const atUs = trade.timeUs + delayUs;
    events.push({ atUs, order: 0, step: { kind: "trades", trades: [trade] } });
    if (againUs !== null) events.push({ atUs: atUs + againUs, order: 0, step: { kind: "trades", trades: [trade] } });
  }
  for (let timeUs = fromUs; timeUs < untilUs; timeUs += clockEveryUs)
    events.push({ atUs: timeUs, order: 1, step: { kind: "clock", timeUs } });
  events.push({ atUs: Number.POSITIVE_INFINITY, order: 2, step: { kind: "clock", timeUs: untilUs } });
  return joined(events.sort((a, b) => a.atUs - b.atUs || a.order - b.order).map((event) => event.step));
}

/** Trades that follow each other become one step. */
function joined(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (const step of steps) {
    const last = result.at(-1);
    if (last?.kind === "trades" && step.kind === "trades")
      result[result.length - 1] = { kind: "trades", trades: [...last.trades, ...step.trades] };
    else result.push(step);
  }
  return result;
}

/** First minute that is not closed once the clock shows this time. */
export function closedBy(sessions: readonly PlainSession[], timeMs: number, closeDelayMs: number): number {
  const last = sessions.at(-1) as PlainSession;
  return minutesIn({ sessions }, 0, last.close).find((open) => open + 60_000 + closeDelayMs > timeMs) ?? last.close;
}

/** Up to three gaps of some seconds to some minutes that do not touch each other. */
export function plainGaps(fromMs: number, toMs: number): fc.Arbitrary<PlainGap[]> {
  const span = toMs - fromMs;
  const one = fc.record({
    at: fc.integer({ min: 0, max: span / 1000 - 1 }),
    seconds: fc.constantFrom(1, 20, 60, 90, 200, 301, 600, 1_500),
    state: fc.constantFrom("open" as const, "filled" as const, "unfilled" as const),
    missing: fc.constantFrom(null, 0, 3),
  });
  return fc.array(one, { maxLength: 3 }).map((gaps) => {
    const made: PlainGap[] = [];
    let free = fromMs;
    for (const { at, seconds, state, missing } of [...gaps].sort((a, b) => a.at - b.at)) {
      const from = Math.max(free, fromMs + at * 1000);
      const to = Math.min(from + seconds * 1000, toMs);
      if (to <= from) continue;
      free = to + 1;
      made.push({ id: `g${made.length}`, fromUs: from * 1000, toUs: to * 1000, state, missing });
    }
    return made;
  });
}
