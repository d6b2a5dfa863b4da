import { clock, gap, status } from "@tickfleet/contracts/market-messages";
import type { MessageDefinition } from "@tickfleet/contracts/message";
import { calendarOf, sessionAt } from "@tickfleet/market/calendar";
import type { Instrument } from "@tickfleet/market/instrument";
import type { OutgoingMessage } from "@tickfleet/runtime/bus";
import { batchOf, describe, generator, message, type ScriptTrade, VENUE } from "./market-script.ts";

export const CRYPTO = "AAA-USD";
export const EQUITY = "EEE";
export const FROM_MS = Date.UTC(2026, 2, 4, 10);
export const TO_MS = Date.UTC(2026, 2, 19, 19);

const HOUR_MS = 3_600_000;
const MINUTE_US = 60_000_000;
const INSTRUMENTS: readonly Instrument[] = [describe(CRYPTO), { ...describe(EQUITY), calendar: "us-equity", closeDelayMs: 2_000 }];

/** What a script sends later: trades that come late, and those that fill a gap. */
interface Due {
  hour: number;
  trades: ScriptTrade[];
  gap: Record<string, unknown> | null;
}

/**
 * Messages of MARKET over sixteen days of a quiet market, an hour at a time: a trade right after each full hour and some in it,
 * trades that come two and thirty hours late, gaps that are filled an hour later or never, and holes without candles.
 */
export function weeksScript(seed: number): OutgoingMessage[] {
  const random = generator(seed);
  const messages: OutgoingMessage[] = [];
  const say = (definition: MessageDefinition, payload: Record<string, unknown>): void =>
    void messages.push(message(definition, payload, `weeks-${messages.length}`));
  const live = { venue: VENUE, connection: "weeks", version: 1 };
  const seqs = new Map(INSTRUMENTS.map(({ instrument }) => [instrument, 0]));
  const later: Due[] = [];
  say(status, { ...live, state: "live", time: FROM_MS * 1000, instruments: INSTRUMENTS, reason: "test" });
  const hours = (TO_MS - FROM_MS) / HOUR_MS;
  for (let hour = 0; hour < hours; hour++) {
    const openMs = FROM_MS + hour * HOUR_MS;
    for (const due of later.filter((entry) => entry.hour === hour)) {
      messages.push(batchOf(due.trades, `weeks-${messages.length}`, due.gap === null ? null : (due.gap["id"] as string)));
      if (due.gap !== null) say(gap, { ...due.gap, state: "filled", filled: due.trades.length });
    }
    for (const { instrument, calendar } of INSTRUMENTS) {
      if (sessionAt(calendarOf(calendar), "all", openMs) === null) continue;
      const trades = [5, 700 + Math.floor(random() * 400), 1_300, 3_000 + Math.floor(random() * 500)].map((second) =>
        trade(instrument, openMs * 1000 + second * 1_000_000),
      );
      if (hour % 31 === 3) later.push({ hour: hour + 2, trades: trades.splice(1, 1), gap: null });
      if (hour % 97 === 20) later.push({ hour: hour + 30, trades: trades.splice(2, 1), gap: null });
      messages.push(batchOf(trades, `weeks-${messages.length}`));
      // none at the end of a week: what becomes of it decides a flag of the next week's first candle
      if (new Date(openMs).getUTCHours() < 16) gapsIn(instrument, hour, openMs * 1000);
    }
    say(clock, { ...live, time: (openMs + HOUR_MS) * 1000 + 3_000_000, state: "live", held: [] });
  }
  say(status, { ...live, state: "ended", time: TO_MS * 1000, instruments: INSTRUMENTS, reason: "test" });
  return messages;

  function trade(instrument: string, timeUs: number): ScriptTrade {
    const seq = (seqs.get(instrument) as number) + 1;
    seqs.set(instrument, seq);
    const price = 10_000 + Math.floor(random() * 200);
    return { instrument, seq, timeUs, price, size: 1 + Math.floor(random() * 5_000), side: Math.floor(random() * 3) - 1 };
  }

  function gapsIn(instrument: string, hour: number, openUs: number): void {
    const made = (minute: number, minutes: number, state: string, missing: number | null): Record<string, unknown> => {
      const from = openUs + minute * MINUTE_US;
      const id = `${instrument}:${from}`;
      return { id, venue: VENUE, instrument, from, to: from + minutes * MINUTE_US, state, missing, filled: 0, reason: "test" };
    };
    if (hour % 29 === 1) {
      const open = made(40, 2, "open", 2);
      const missing = [10, 70].map((second) => trade(instrument, openUs + 40 * MINUTE_US + second * 1_000_000));
      say(gap, open);
      later.push({ hour: hour + 1, trades: missing, gap: open });
    }
    if (hour % 43 === 9) say(gap, made(30, 2, "unfilled", null));
    if (hour % 59 === 11) say(gap, made(5, 8, "unfilled", null));
  }
}
