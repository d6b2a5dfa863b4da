import { clock, gap, status, tradeBatch } from "@tickfleet/contracts/market-messages";
import { type MessageDefinition, subjectOf } from "@tickfleet/contracts/message";
import { createBatchColumns, encodeTradeBatch } from "@tickfleet/contracts/trade-batch";
import type { Instrument } from "@tickfleet/market/instrument";
import type { OutgoingMessage } from "@tickfleet/runtime/bus";

export const VENUE = "test";
export const START_US = Date.UTC(2026, 2, 4, 23, 10) * 1000;
const CONNECTION = "script";
const SECOND_US = 1_000_000;
const encoder = new TextEncoder();

export interface ScriptTrade {
  instrument: string;
  seq: number;
  timeUs: number;
  price: number;
  size: number;
  side: number;
}

/** Messages of MARKET over some hours of a small market, and the trades in them. */
export interface MarketScript {
  messages: OutgoingMessage[];
  trades: ScriptTrade[];
}

export function describe(instrument: string): Instrument {
  return {
    venue: VENUE,
    instrument,
    venueSymbol: instrument,
    calendar: "crypto",
    kind: "spot",
    contractSize: 1,
    priceScale: 2,
    sizeScale: 3,
    closeDelayMs: 250,
  };
}

/** A message of MARKET; ids count up, so that positions can be told apart. */
export function message(definition: MessageDefinition, payload: Record<string, unknown>, id: string): OutgoingMessage {
  return {
    subject: subjectOf(definition, payload as Record<string, string>),
    headers: { "Nats-Msg-Id": id },
    data: encoder.encode(JSON.stringify(payload)),
  };
}

export function batchOf(trades: readonly ScriptTrade[], id: string, fill: string | null = null): OutgoingMessage {
  const first = trades[0] as ScriptTrade;
  const columns = createBatchColumns();
  Object.assign(columns, { venue: VENUE, instrument: first.instrument, priceScale: 2, sizeScale: 3, fill });
  for (const trade of trades) {
    const at = columns.count++;
    columns.eventTimeUs[at] = trade.timeUs;
    columns.receivedTimeUs[at] = trade.timeUs + 1_500;
    columns.sourceSeq[at] = trade.seq;
    columns.price[at] = trade.price;
    columns.size[at] = trade.size;
    columns.side[at] = trade.side;
    columns.quoteAgeUs[at] = -1;
  }
  return {
    subject: subjectOf(tradeBatch, { venue: VENUE, instrument: first.instrument }),
    headers: { "Nats-Msg-Id": id },
    data: encodeTradeBatch(columns, {}),
  };
}

/**
 * `minutes` of three instruments over midnight: some trades come minutes late, some twice, and each instrument
 * has a gap that is filled late and one that stays. The same `seed` gives the same bytes.
 */
export function marketScript(seed: number, minutes: number): MarketScript {
  const random = generator(seed);
  const names = ["AAA-USD", "BBB-USD", "CCC-USD"];
  const script: MarketScript = { messages: [], trades: [] };
  const put = (made: OutgoingMessage): void => void script.messages.push(made);
  const id = (): string => `script-${script.messages.length}`;
  const say = (definition: MessageDefinition, payload: Record<string, unknown>): void => put(message(definition, payload, id()));
  const live = { venue: VENUE, connection: CONNECTION, version: 1 };
  say(status, { ...live, state: "live", time: START_US, instruments: names.map(describe), reason: "test" });
  const seqs = new Map(names.map((name) => [name, 0]));
  const later: { dueUs: number; trades: ScriptTrade[]; fill: string | null }[] = [];
  for (let second = 1; second <= minutes * 60; second++) {
    const nowUs = START_US + second * SECOND_US;
    for (const [index, name] of names.entries()) {
      const trades: ScriptTrade[] = [];
      for (let k = 0; k < Math.floor(random() * 3); k++) {
        const seq = (seqs.get(name) as number) + 1;
        seqs.set(name, seq);
        const timeUs = nowUs - SECOND_US + Math.floor(random() * SECOND_US);
        const trade = {
          instrument: name,
          seq,
          timeUs,
          price: 10_000 + index * 500 + Math.floor(random() * 200),
          size: 1 + Math.floor(random() * 5_000),
          side: Math.floor(random() * 3) - 1,
        };
        script.trades.push(trade);
        const fate = random();
        if (fate < 0.002 && second < minutes * 60 - 300) later.push({ dueUs: nowUs + 200 * SECOND_US, trades: [trade], fill: null });
        else trades.push(trade);
        if (fate > 0.99) later.push({ dueUs: nowUs + 30 * SECOND_US, trades: [trade], fill: null });
      }
      if (trades.length > 0) put(batchOf(trades.reverse(), id()));
      if (second % 3000 === 900 + index * 7) openGap(name, nowUs, "late");
      if (second % 3000 === 1900 + index * 7) say(gap, gapMessage(name, nowUs, "unfilled", 2));
    }
    for (const due of later.filter((entry) => entry.dueUs === nowUs)) {
      put(batchOf(due.trades, id(), due.fill));
      if (due.fill !== null)
        say(gap, {
          ...gapMessage((due.trades[0] as ScriptTrade).instrument, Number(due.fill.split(" ")[1]), "filled", due.trades.length),
          filled: due.trades.length,
        });
    }
    say(clock, { ...live, time: nowUs, state: "live", held: [] });
  }
  say(status, { ...live, state: "ended", time: START_US + minutes * 60 * SECOND_US, instruments: names.map(describe), reason: "test" });
  return script;

  function openGap(name: string, nowUs: number, cause: string): void {
    const seq = (seqs.get(name) as number) + 1;
    seqs.set(name, seq + 1);
    const missing = [0, 1].map((k) => ({
      instrument: name,
      seq: seq + k,
      timeUs: nowUs - (4 - k) * SECOND_US,
      price: 10_050,
      size: 700 + k,
      side: k === 0 ? 1 : -1,
    }));
    script.trades.push(...missing);
    say(gap, { ...gapMessage(name, nowUs, "open", 2), reason: cause });
    later.push({ dueUs: nowUs + 100 * SECOND_US, trades: missing, fill: `gap ${nowUs}` });
  }

  function gapMessage(name: string, nowUs: number, state: string, missing: number): Record<string, unknown> {
    return {
      id: `${name}:${nowUs}`,
      venue: VENUE,
      instrument: name,
      from: nowUs - 5 * SECOND_US,
      to: nowUs,
      state,
      missing,
      filled: 0,
      reason: "test",
    };
  }
}

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
