import type { Instrument } from "@tickfleet/market/instrument";
import type { SourceEvent } from "@tickfleet/venues/source";
import { describe, expect, test } from "vitest";
import { Intake } from "./intake.ts";
import type { OutboundMessage, QualityRow } from "./intake-state.ts";

const START_US = 1_700_000_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Told {
  intake: Intake;
  messages: OutboundMessage[];
  quality: QualityRow[];
}

function createTold(live = false): Told {
  const told: Omit<Told, "intake"> = { messages: [], quality: [] };
  const sink = {
    message: (message: OutboundMessage) => told.messages.push(message),
    quality: (row: QualityRow) => told.quality.push(row),
    refill: () => {},
  };
  return Object.assign(told, { intake: new Intake({ venue: "test", connection: "c1", nowUs: live ? () => START_US : null, sink }) });
}

function run(events: SourceEvent[], live = false): Told {
  const told = createTold(live);
  for (const event of events) told.intake.handle(event);
  return told;
}

function instrument(name: string, calendar: Instrument["calendar"] = "crypto"): Instrument {
  const shape = { kind: "spot", contractSize: 1, priceScale: 0, sizeScale: 0, closeDelayMs: 250 } as const;
  return { venue: "test", instrument: name, venueSymbol: name, calendar, ...shape };
}

/** Times are milliseconds after the start. */
function open(ms = 0, consecutiveIds = true, instruments = [instrument("A")]): SourceEvent {
  const timeUs = START_US + ms * 1000;
  return { kind: "open", connection: "c1", venue: "test", timeUs, instruments, reason: "start", consecutiveIds, refill: "none" };
}

function trade(id: number, ms: number, name = "A"): SourceEvent {
  const timeUs = START_US + ms * 1000;
  const one = { value: 1, scale: 0 };
  const times = { eventTimeUs: timeUs, eventTimeNsRest: 0, receivedTimeUs: timeUs };
  return {
    kind: "trade",
    trade: { instrument: name, epoch: "", sourceSeq: id, tradeId: null, ...times, price: one, size: one, flag: null },
  };
}

function time(ms: number): SourceEvent {
  return { kind: "time", timeUs: START_US + ms * 1000 };
}

function end(ms: number): SourceEvent {
  return { kind: "end", timeUs: START_US + ms * 1000, reason: "" };
}

/** What the messages say, in short. */
function brief({ messages }: Told): string[] {
  return messages.map(({ subject, data }) => {
    const name = subject.split(".")[2];
    const body = JSON.parse(new TextDecoder().decode(data));
    const ms = (us: number): number => (us - START_US) / 1000;
    if (name === "trade") return `trade ${body.sourceSeq}`;
    if (name === "clock") return `clock ${ms(body.time)}${body.held.length > 0 ? " held" : ""}`;
    if (name === "gap") return `gap ${body.instrument} ${body.state} ${ms(body.from)} to ${ms(body.to)} missing ${body.missing}`;
    return `status ${body.state}`;
  });
}

const clocksOf = (told: Told): number[] =>
  brief(told)
    .filter((text) => text.startsWith("clock"))
    .map((text) => Number(text.split(" ")[1]));

describe("a script whose time leaps", () => {
  test("moves its clock by six hours a message at most, and the same where it is cut", () => {
    const events = [open(0, false), trade(1, 100), time(1_100), trade(2, 400 * DAY), time(400 * DAY)];
    const told = run(events);
    const clocks = clocksOf(told);
    expect(clocks.at(-1)).toBe(400 * DAY);
    expect(clocks.length).toBe(1_601);
    for (const [i, ms] of clocks.entries()) expect(ms - (clocks[i - 1] ?? ms)).toBeLessThanOrEqual(6 * HOUR);
    const restored = createTold();
    const first = run(events.slice(0, 4));
    restored.intake.restore(first.intake.snapshot());
    restored.intake.handle(events[4] as SourceEvent);
    expect([...brief(first), ...brief(restored)]).toEqual(brief(told));
  });

  test("tells of missing ids before the minutes in between close", () => {
    const told = run([open(), trade(1, 100), time(1_100), trade(3, 2 * DAY), time(2 * DAY)]);
    const gap = `100 to ${2 * DAY} missing 1`;
    expect(brief(told).slice(3, 7)).toEqual(["trade 3", `gap A open ${gap}`, `gap A unfilled ${gap}`, `clock ${6 * HOUR + 1_000}`]);
  });

  test("leaps at its end and at its start too, but a live connection does not step", () => {
    expect(clocksOf(run([open(0, false), time(0), end(0), open(DAY, false), time(2 * DAY + 1_000)]))).toHaveLength(11);
    expect(clocksOf(run([open(), time(0), end(DAY)]))).toHaveLength(5);
    expect(clocksOf(run([open(0, false), time(0), time(2 * DAY)], true))).toHaveLength(2);
  });
});

test("an id that something else took is no hole, be it no trade or one that is refused", () => {
  const taken = (id: number, kind: "ignored" | "invalid"): SourceEvent => {
    const taker = { instrument: "A", sourceSeq: id, timeUs: START_US + 200_000 };
    return kind === "ignored" ? { kind, what: "trade-NA", taken: taker } : { kind, raw: "", reason: "", instrument: "A", taken: taker };
  };
  const told = run([open(), trade(1, 100), taken(2, "ignored"), taken(3, "invalid"), trade(4, 300), time(5_000)]);
  expect(brief(told)).toEqual(["status live", "trade 1,3", "clock 5000"]);
  expect(told.intake.counts).toMatchObject({ trades: 2, ignored: 1, quarantined: 1 });
});

test("an instrument that was not listed for a while has a gap where it comes back", () => {
  const [a, b] = [instrument("A"), instrument("B")];
  const told = run([
    open(0, false, [a]),
    time(1_000),
    end(1_000),
    open(2_000, false, [b]),
    time(DAY),
    end(DAY),
    open(DAY + 1_000, false, [a]),
  ]);
  expect(brief(told).filter((text) => text.startsWith("gap"))).toEqual([
    `gap A open 1000 to ${DAY + 1_000} missing null`,
    `gap A unfilled 1000 to ${DAY + 1_000} missing null`,
  ]);
});

test("trades outside of trading hours are sent, counted and kept with the reason", () => {
  const told = run([open(0, false, [instrument("A", "us-equity")]), trade(1, 0), trade(2, 4 * DAY), time(4 * DAY)]);
  expect(new Date(START_US / 1000 + 4 * DAY).toISOString()).toBe("2023-11-18T22:13:20.000Z");
  expect(told.intake.counts).toMatchObject({ trades: 2, outsideSession: 1, quarantined: 0 });
  expect(told.quality).toMatchObject([{ reason: "outside session", instrument: "A", timeUs: START_US + 4 * DAY * 1000 }]);
});
