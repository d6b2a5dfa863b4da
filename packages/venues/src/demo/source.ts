import type { RawTrade, ScriptedSource, SourceBlock, SourceEvent } from "../source.ts";
import { type Stretch, sentAgainMs, stretchOfWindow, WINDOW_MINUTES } from "./faults.ts";
import { DEMO_INSTRUMENTS, DEMO_VENUE, type DemoInstrument, describeDemoInstrument } from "./instruments.ts";
import { FIRST_MINUTE } from "./intensity.ts";
import { type DemoQuote, type DemoTrade, tradesOfMinute } from "./trades.ts";

const MINUTE_MS = 60_000;
/** Minutes and windows behind the present one that are kept. */
const KEPT_MINUTES = 2 * WINDOW_MINUTES;
/** A quote is half a millisecond older than the trade that follows it. */
const QUOTE_LEAD_US = 500;

export interface DemoOptions {
  seed: number;
  /** Start, epoch ms, taken down to the whole minute; not before 2010. */
  startMs: number;
  /** End, taken down to the whole minute; null: never. */
  endMs: number | null;
}

/**
 * The demo: eight lifelike markets, a pure function of the seed and the minute. Runs with one seed agree wherever they
 * overlap, but for stretches that began before one of them started (those are delivered in it). Ids are consecutive;
 * trades come late (up to 90 s), twice, or not at all and are filled later. A block is one minute, its position the
 * minute since the epoch; its `time` events come once per second of the script.
 * @throws RangeError where the times are not in order, or before 2010
 */
export function demoSource(options: DemoOptions): ScriptedSource {
  const start = Math.floor(options.startMs / MINUTE_MS);
  const end = options.endMs === null ? Number.POSITIVE_INFINITY : Math.floor(options.endMs / MINUTE_MS);
  if (!(start >= FIRST_MINUTE)) throw new RangeError(`the demo begins in 2010 at the earliest, asked for ${options.startMs}`);
  if (!(end > start))
    throw new RangeError(`the demo must end at least a minute after it starts, asked for ${options.startMs} to ${options.endMs}`);
  const connection = "demo";
  return {
    id: `demo-${options.seed}`,
    venue: DEMO_VENUE,
    connection,
    events: (from) => readScript(options.seed, start, end, connection, from),
  };
}

async function* readScript(seed: number, start: number, end: number, connection: string, from: number): AsyncGenerator<SourceBlock> {
  const markets = DEMO_INSTRUMENTS.map((demo) => createMarket(seed, demo, start, end));
  for (let minute = Math.max(start, from); minute < end; minute++) {
    const entries = markets.flatMap((market) => market.entriesOf(minute));
    for (let second = 1; second <= 60; second++) {
      const at = minute * MINUTE_MS + second * 1000;
      entries.push({ at, rank: -1, id: 0, events: [{ kind: "time", timeUs: at * 1000 }] });
    }
    entries.sort((a, b) => a.at - b.at || a.rank - b.rank || a.id - b.id);
    const events = entries.flatMap((entry) => entry.events);
    if (minute === start) events.unshift(opening(connection, start));
    yield { position: minute, events };
  }
  if (from > end) return;
  const rest = markets.flatMap((market) => market.entriesOf(end)).filter((entry) => entry.overdue === true);
  const events = rest.sort((a, b) => a.rank - b.rank).flatMap((entry) => entry.events);
  yield { position: end, events: [...events, { kind: "end", timeUs: end * MINUTE_MS * 1000, reason: "end of the script" }] };
}

function opening(connection: string, start: number): SourceEvent {
  return {
    kind: "open",
    connection,
    venue: DEMO_VENUE,
    timeUs: start * MINUTE_MS * 1000,
    instruments: DEMO_INSTRUMENTS.map(describeDemoInstrument),
    reason: "start of the script",
    consecutiveIds: true,
    refill: "scripted",
  };
}

/** Something that happens at a time (epoch ms); equal times go by rank (clock, then market by market) and id. */
interface Entry {
  at: number;
  rank: number;
  id: number;
  events: SourceEvent[];
  /** Belongs after the end: trades seen missing before it and filled after it. */
  overdue?: boolean;
}

interface Market {
  entriesOf(minute: number): Entry[];
}

function createMarket(seed: number, demo: DemoInstrument, start: number, end: number): Market {
  const minutes = new Map<number, DemoTrade[]>();
  const windows = new Map<number, Stretch | null>();

  function tradesOf(minute: number): DemoTrade[] {
    return remember(minutes, minute, KEPT_MINUTES, () => tradesOfMinute(seed, demo, minute));
  }

  function stretchAt(minute: number): Stretch | null {
    const window = Math.floor(minute / WINDOW_MINUTES);
    const stretch = remember(windows, window, 2, () => stretchOfWindow(seed, demo, window, tradesOf));
    return stretch !== null && stretch.fromMs >= start * MINUTE_MS ? stretch : null;
  }

  function delivered(trade: DemoTrade, atMs: number): boolean {
    return inside(trade.sentMs) && inside(atMs);
  }

  function inside(timeMs: number): boolean {
    const stretch = stretchAt(Math.floor(timeMs / MINUTE_MS));
    return stretch === null || timeMs < stretch.fromMs || timeMs >= stretch.toMs;
  }

  function entriesOf(minute: number): Entry[] {
    const entries: Entry[] = [];
    if (minute < end) {
      appendTrades(entries, minute);
      if (minute > start) appendRepeats(entries, minute, minute - 1);
      appendRepeats(entries, minute, minute);
    }
    appendFill(entries, minute);
    return entries;
  }

  function appendTrades(entries: Entry[], minute: number): void {
    let shown: DemoQuote | null = null;
    for (const trade of tradesOf(minute)) {
      if (!delivered(trade, trade.sentMs)) continue;
      const events: SourceEvent[] = [];
      if (trade.eventMs === trade.sentMs && !sameQuote(shown, trade.quote)) {
        events.push(quoteEvent(demo, trade));
        shown = trade.quote;
      }
      events.push({ kind: "trade", trade: rawTrade(demo, trade, trade.sentMs) });
      entries.push({ at: trade.sentMs, rank: demo.index, id: trade.id, events });
    }
  }

  function appendRepeats(entries: Entry[], minute: number, sentIn: number): void {
    for (const trade of tradesOf(sentIn)) {
      const again = sentAgainMs(seed, demo, trade);
      if (again === null || Math.floor(again / MINUTE_MS) !== minute || !delivered(trade, again)) continue;
      entries.push({ at: again, rank: demo.index, id: trade.id, events: [{ kind: "trade", trade: rawTrade(demo, trade, again) }] });
    }
  }

  function appendFill(entries: Entry[], minute: number): void {
    const stretch = stretchAt(minute === end ? end - 1 : minute);
    if (stretch === null) return;
    const due = Math.floor(stretch.fillMs / MINUTE_MS);
    const overdue = minute === end && due >= end && stretch.seenMs < end * MINUTE_MS;
    if (!overdue && (due !== minute || minute === end)) return;
    const trades = stretch.complete ? stretch.trades.map((trade) => rawTrade(demo, trade, stretch.fillMs)) : [];
    const events: SourceEvent[] = [{ kind: "fill", instrument: demo.instrument, trades, complete: stretch.complete }];
    entries.push({ at: stretch.fillMs, rank: demo.index + DEMO_INSTRUMENTS.length, id: 0, events, overdue });
  }

  return { entriesOf };
}

function remember<T>(kept: Map<number, T>, key: number, span: number, make: () => T): T {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const made = make();
  kept.set(key, made);
  for (const old of kept.keys()) if (old < key - span) kept.delete(old);
  return made;
}

function sameQuote(a: DemoQuote | null, b: DemoQuote): boolean {
  return a !== null && a.bid === b.bid && a.ask === b.ask && a.bidSize === b.bidSize && a.askSize === b.askSize;
}

function quoteEvent(demo: DemoInstrument, trade: DemoTrade): SourceEvent {
  const { instrument, priceScale, sizeScale } = demo;
  const venueTimeUs = trade.sentMs * 1000 - QUOTE_LEAD_US;
  const { bid, ask, bidSize, askSize } = trade.quote;
  return {
    kind: "quote",
    quote: {
      instrument,
      bid: { value: bid, scale: priceScale },
      ask: { value: ask, scale: priceScale },
      bidSize: { value: bidSize, scale: sizeScale },
      askSize: { value: askSize, scale: sizeScale },
      venueTimeUs,
      receivedTimeUs: venueTimeUs + demo.latencyUs,
    },
  };
}

function rawTrade(demo: DemoInstrument, trade: DemoTrade, sentMs: number): RawTrade {
  return {
    instrument: demo.instrument,
    epoch: "",
    sourceSeq: trade.id,
    tradeId: String(trade.id),
    eventTimeUs: trade.eventMs * 1000,
    eventTimeNsRest: 0,
    receivedTimeUs: sentMs * 1000 + demo.latencyUs,
    price: { value: trade.price, scale: demo.priceScale },
    size: { value: trade.size, scale: demo.sizeScale },
    flag: trade.flag,
  };
}
