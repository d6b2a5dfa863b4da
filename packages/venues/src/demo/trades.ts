import { chance, hash } from "./hash.ts";
import type { DemoInstrument } from "./instruments.ts";
import { firstIdOf } from "./intensity.ts";
import { midAt, regimeAt } from "./price.ts";

const MINUTE_MS = 60_000;
const MAX_FILLS = 24;
/** Rare lateness: chance per instrument and minute that one of its trades is reported late, and by how long. */
const LATENESS: readonly (readonly [chance: number, fromMs: number, toMs: number])[] = [
  [0.4, 100, 200],
  [1 / 80, 2_000, 8_000],
  [6 / 1440, 15_000, 90_000],
];

const LANES = {
  fills: 1000,
  time: 1100,
  centre: 1200,
  side: 1300,
  value: 1400,
  share: 1500,
  level: 1600,
  spread: 1700,
  depth: 1800,
  late: 1900,
};

/** A quote of the demo, in ticks and lots. */
export interface DemoQuote {
  bid: number;
  ask: number;
  bidSize: number;
  askSize: number;
}

export interface DemoTrade {
  id: number;
  /** When the venue sends it, epoch ms; ids follow this order. */
  sentMs: number;
  /** When it happened; earlier than `sentMs` for a trade reported late. */
  eventMs: number;
  price: number;
  size: number;
  flag: "buy" | "sell";
  /** The quote that stood before it. */
  quote: DemoQuote;
}

/** The trades that one market sends in one minute (since the epoch), by id; a pure function. */
export function tradesOfMinute(seed: number, demo: DemoInstrument, minute: number): DemoTrade[] {
  const first = firstIdOf(seed, demo, minute);
  const count = firstIdOf(seed, demo, minute + 1) - first;
  const orders = splitIntoOrders(seed, demo, minute, count);
  const times = timesOfOrders(seed, demo, minute, orders.length);
  const drift = driftOfMinute(seed, demo, minute);
  const trades: DemoTrade[] = [];
  for (let i = 0; i < orders.length; i++) {
    appendOrder(trades, { seed, demo, minute, order: i, fills: orders[i] as number, sentMs: times[i] as number, drift }, first);
  }
  makeLate(trades, seed, demo, minute);
  return trades;
}

/** How many trades each order of the minute makes: mostly one, now and then a sweep. */
function splitIntoOrders(seed: number, demo: DemoInstrument, minute: number, count: number): number[] {
  const orders: number[] = [];
  for (let left = count; left > 0; ) {
    const fills = Math.min(left, MAX_FILLS, 1 + Math.floor(0.9 * tail(chance(seed, LANES.fills + demo.index, minute, orders.length), 1.4)));
    orders.push(fills);
    left -= fills;
  }
  return orders;
}

/** Times of the orders in the minute, ascending: most of them follow one of a few moments. */
function timesOfOrders(seed: number, demo: DemoInstrument, minute: number, count: number): number[] {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const draw = chance(seed, LANES.time + demo.index, minute, i);
    let offset = draw * MINUTE_MS;
    if (hash(seed, LANES.time + demo.index, minute, i) % 100 < 62) {
      const centre = chance(seed, LANES.centre + demo.index, minute, hash(seed, i, minute) % 5);
      offset = (centre * MINUTE_MS - 1_400 * Math.log(1 - draw)) % MINUTE_MS;
    }
    times.push(minute * MINUTE_MS + Math.floor(offset));
  }
  return times.sort((a, b) => a - b);
}

/** Movement over the minute against the usual spread: buyers push it up, sellers down. */
function driftOfMinute(seed: number, demo: DemoInstrument, minute: number): number {
  const from = minute * MINUTE_MS;
  const a = midAt(seed, demo, from, regimeAt(seed, from));
  const b = midAt(seed, demo, from + MINUTE_MS, regimeAt(seed, from + MINUTE_MS));
  return ((b - a) / a / demo.spreadBps) * 10_000;
}

interface Order {
  seed: number;
  demo: DemoInstrument;
  minute: number;
  order: number;
  fills: number;
  sentMs: number;
  drift: number;
}

function appendOrder(trades: DemoTrade[], order: Order, firstId: number): void {
  const { seed, demo, minute, sentMs } = order;
  const quote = quoteAt(seed, demo, sentMs);
  const bias = Math.max(-0.32, Math.min(0.32, order.drift / 40));
  const flag = chance(seed, LANES.side + demo.index, minute, order.order) < 0.5 + bias ? "buy" : "sell";
  const value = demo.orderValue * Math.min(400, tail(chance(seed, LANES.value + demo.index, minute, order.order), 1.5));
  const lots = (value / quote.ask) * 10 ** (demo.priceScale + demo.sizeScale);
  const step = Math.max(1, Math.round((quote.ask - quote.bid) / 4));
  let away = 0;
  for (let i = 0; i < order.fills; i++) {
    const index = trades.length;
    const share = (0.3 + 1.4 * chance(seed, LANES.share + demo.index, minute, index)) / order.fills;
    if (i > 0 && chance(seed, LANES.level + demo.index, minute, index) < 0.3) away += step;
    trades.push({
      id: firstId + index,
      sentMs,
      eventMs: sentMs,
      price: flag === "buy" ? quote.ask + away : quote.bid - away,
      size: Math.max(1, Math.round(lots * share)),
      flag,
      quote,
    });
  }
}

/** Bid and ask at a time, in ticks, with sizes in lots; wider in wild hours. */
export function quoteAt(seed: number, demo: DemoInstrument, timeMs: number): DemoQuote {
  const regime = regimeAt(seed, timeMs);
  const mid = midAt(seed, demo, timeMs, regime) * 10 ** demo.priceScale;
  const second = Math.floor(timeMs / 1000);
  const width = (0.5 + chance(seed, LANES.spread + demo.index, second)) * (0.6 + 0.5 * regime.move);
  const spread = Math.max(1, Math.round((mid * demo.spreadBps * width) / 10_000));
  const bid = Math.floor(mid - spread / 2);
  const moment = Math.floor(timeMs / 250);
  return { bid, ask: bid + spread, bidSize: depth(0), askSize: depth(1) };

  function depth(side: number): number {
    const value = demo.orderValue * (0.2 + 3 * tail(chance(seed, LANES.depth + demo.index, moment, side), 2.2));
    return Math.max(1, Math.round((value / mid) * 10 ** (demo.priceScale + demo.sizeScale)));
  }
}

function makeLate(trades: DemoTrade[], seed: number, demo: DemoInstrument, minute: number): void {
  for (let i = 0; i < LATENESS.length; i++) {
    const [likely, fromMs, toMs] = LATENESS[i] as (typeof LATENESS)[number];
    if (trades.length === 0 || chance(seed, LANES.late + demo.index, minute, 3 * i) >= likely) continue;
    const trade = trades[hash(seed, LANES.late + demo.index, minute, 3 * i + 1) % trades.length] as DemoTrade;
    const lateMs = fromMs + Math.floor((toMs - fromMs) * chance(seed, LANES.late + demo.index, minute, 3 * i + 2));
    trade.eventMs = trade.sentMs - lateMs;
    trade.quote = quoteAt(seed, demo, trade.eventMs);
    trade.price = trade.flag === "buy" ? trade.quote.ask : trade.quote.bid;
  }
}

/** A heavy tail from a uniform number (Lomax with this exponent, scale 1): mostly under 1, rarely in the hundreds. */
function tail(uniform: number, exponent: number): number {
  return (1 - uniform) ** (-1 / exponent) - 1;
}
