import type { Completeness } from "../src/candle.ts";
import type { CalendarName, ContractKind } from "../src/instrument.ts";
import { metricValues, samplesOf, sessionVwaps } from "./naive-metrics.ts";
import { adaptiveMinutes, adaptiveValues, addWindowValues, type NaiveBar } from "./naive-windows.ts";

/** One trade as plain numbers; prices and sizes are integers at its own scales. */
export interface PlainTrade {
  epoch: string;
  seq: number;
  /** undefined: the id is the text of the sequence. */
  id: string | null | undefined;
  timeUs: number;
  price: number;
  priceScale: number;
  size: number;
  sizeScale: number;
  side: 1 | -1 | 0;
  quote: { bid: number; ask: number; bidSize: number; askSize: number; ageUs: number; method: "venue" | "arrival" } | null;
}

export interface PlainGap {
  id: string;
  fromUs: number;
  toUs: number;
  state: "open" | "filled" | "unfilled";
  missing: number | null;
}

export interface PlainSession {
  open: number;
  close: number;
  /** Sessions of one trading week carry the same number. */
  week: number;
}

export interface NaiveInput {
  sessions: readonly PlainSession[];
  coveredFromUs: number;
  /** Minutes that open before this are closed. */
  closedUntil: number;
  trades: readonly PlainTrade[];
  gaps: readonly PlainGap[];
  /** The instrument decides which trades are big; without these it is `BTC-USDT`, crypto, spot, 1. */
  instrument?: string;
  calendar?: CalendarName;
  kind?: ContractKind;
  contractSize?: number;
  /** Adds big trades by the adaptive threshold. */
  adaptive?: boolean;
  /** Adds what candles take from those before them. */
  windows?: boolean;
}

/** What a candle says, from the trades alone; exact values as doubles, derived ones unrounded. */
export type NaiveCandle = Record<string, number | string | null>;

interface Minute {
  open: number;
  session: PlainSession;
  trades: PlainTrade[];
  completeness: Completeness | null;
}

const LENGTHS: Readonly<Record<string, number>> = { "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240 };
const MINUTE = 60_000;
const SCALE = 12n;

/** All closed candles, by `timeframe openTime`, built from the trades without folding anything. */
export function naiveCandles(input: NaiveInput): Map<string, NaiveCandle> {
  const minutes = listMinutes(input);
  const traded = minutes.filter((minute) => minute.trades.length > 0);
  const vwaps = sessionVwaps(minutes);
  const adaptive = input.adaptive ? adaptiveMinutes(minutes) : null;
  const candles = new Map<string, NaiveCandle>();
  for (const timeframe of [...Object.keys(LENGTHS), "1d", "1w"]) {
    const byOpen = new Map<number, { close: number; minutes: Minute[] }>();
    for (const minute of minutes) {
      const { open, close } = intervalOf(input.sessions, minute, timeframe);
      const known = byOpen.get(open);
      if (known) known.minutes.push(minute);
      else byOpen.set(open, { close, minutes: [minute] });
    }
    const bars: NaiveBar[] = [];
    let previous: { close: number; completeness: unknown } | null = null;
    for (const [open, { close, minutes: inside }] of byOpen) {
      const closed = minutesIn(input, open, close).at(-1) as number;
      if (closed + MINUTE > input.closedUntil) continue;
      if (inside.every((minute) => minute.completeness === null)) continue;
      const candle = candleOf(input, traded, timeframe, open, close, inside);
      const present = inside.filter((minute) => minute.completeness !== null);
      const samples = samplesOf(
        input,
        timeframe,
        present.map((minute) => minute.trades),
      );
      Object.assign(candle, metricValues(input, samples), { vwapSession: vwaps.get(present.at(-1)?.open as number) as number | null });
      const missing = previous === null ? 0 : missingBetween(input, timeframe, previous.close, open);
      const hole = missing > 0;
      const bad = previous !== null && (previous.completeness === "partial" || previous.completeness === "venue-down");
      candle["flags"] = (candle["flags"] as number) | (hole || bad ? 1 : 0);
      previous = { close, completeness: candle["completeness"] };
      candles.set(`${timeframe} ${open}`, candle);
      if (adaptive !== null) Object.assign(candle, adaptiveValues(present.map((minute) => adaptive.get(minute.open))));
      bars.push({ candle, session: (inside[0] as Minute).session, samples, missingBefore: missing });
    }
    if (input.windows) addWindowValues(timeframe, bars);
  }
  return candles;
}

/** Opens of the scheduled minutes of [from, to). */
export function minutesIn(input: Pick<NaiveInput, "sessions">, from: number, to: number): number[] {
  const opens: number[] = [];
  for (const session of input.sessions) {
    for (let open = Math.max(session.open, from); open < Math.min(session.close, to); open += MINUTE) opens.push(open);
  }
  return opens;
}

/** How many scheduled candles lie in [from, to). */
function missingBetween(input: NaiveInput, timeframe: string, from: number, to: number): number {
  const opens = minutesIn(input, from, to).map((open) => {
    const session = input.sessions.find((each) => each.open <= open && open < each.close) as PlainSession;
    return intervalOf(input.sessions, { open, session }, timeframe).open;
  });
  return new Set(opens).size;
}

function listMinutes(input: NaiveInput): Minute[] {
  const ordered = [...input.trades].sort((a, b) => a.timeUs - b.timeUs || a.seq - b.seq || (a.epoch < b.epoch ? -1 : 1));
  const byMinute = new Map<number, PlainTrade[]>();
  for (const trade of ordered) {
    const open = Math.floor(trade.timeUs / 60_000_000) * MINUTE;
    byMinute.set(open, [...(byMinute.get(open) ?? []), trade]);
  }
  const first = Math.floor(input.coveredFromUs / 60_000_000) * MINUTE;
  const minutes: Minute[] = [];
  for (const session of input.sessions) {
    for (let open = session.open; open < session.close && open < input.closedUntil; open += MINUTE) {
      const trades = byMinute.get(open) ?? [];
      if (open < first && trades.length === 0) continue;
      minutes.push({ open, session, trades, completeness: completenessOf(input, open, trades.length) });
    }
  }
  return minutes;
}

function completenessOf(input: NaiveInput, open: number, trades: number): Completeness | null {
  const from = open * 1000;
  const to = from + 60_000_000;
  const touching = input.gaps.filter((gap) => gap.fromUs < to && gap.toUs > from);
  const lost = touching.filter((gap) => gap.state !== "filled");
  if (lost.length > 0) {
    if (trades > 0) return "partial";
    if (lost.some((gap) => gap.toUs - gap.fromUs > 300_000_000 && gap.fromUs <= from && gap.toUs >= to)) return null;
    return lost.some((gap) => gap.missing !== null && gap.missing > 0) ? "partial" : "venue-down";
  }
  if (input.coveredFromUs > from) return "partial";
  if (touching.length > 0) return "backfilled";
  return trades > 0 ? "full" : "no-trades";
}

function intervalOf(
  sessions: readonly PlainSession[],
  minute: Pick<Minute, "open" | "session">,
  timeframe: string,
): { open: number; close: number } {
  const { session } = minute;
  if (timeframe === "1d") return session;
  if (timeframe === "1w") {
    const week = sessions.filter((other) => other.week === session.week);
    return { open: Math.min(...week.map((other) => other.open)), close: Math.max(...week.map((other) => other.close)) };
  }
  const length = (LENGTHS[timeframe] as number) * MINUTE;
  const open = session.open + Math.floor((minute.open - session.open) / length) * length;
  return { open, close: Math.min(open + length, session.close) };
}

function priceOf(trade: PlainTrade, value = trade.price): bigint {
  return BigInt(value) * 10n ** (SCALE - BigInt(trade.priceScale));
}

function sizeOf(trade: PlainTrade, value = trade.size): bigint {
  return BigInt(value) * 10n ** (SCALE - BigInt(trade.sizeScale));
}

function toNumber(value: bigint, scale = SCALE): number {
  return Number(`${value}e-${scale}`);
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : 1);
const least = (values: readonly bigint[]): bigint => [...values].sort(ascending)[0] ?? 0n;
const greatest = (values: readonly bigint[]): bigint => [...values].sort(ascending).at(-1) ?? 0n;
const total = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

function candleOf(
  input: NaiveInput,
  traded: readonly Minute[],
  timeframe: string,
  open: number,
  close: number,
  inside: Minute[],
): NaiveCandle {
  const present = inside.filter((minute) => minute.completeness !== null);
  const trades = present.flatMap((minute) => minute.trades);
  const scheduled = minutesIn(input, open, close).length;
  const bad = scheduled - present.filter((minute) => minute.completeness !== "partial" && minute.completeness !== "venue-down").length;
  const completeness =
    timeframe === "1m" ? (present[0]?.completeness as Completeness) : foldedCompleteness(trades.length, bad, scheduled, present);
  const sumPriceSize = total(trades.map((trade) => priceOf(trade) * sizeOf(trade)));
  const contract = BigInt(Math.round((input.contractSize ?? 1) * 1e6));
  const volume = total(trades.map((trade) => sizeOf(trade)));
  return {
    timeframe,
    openTime: open,
    closeTime: close,
    completeness,
    badMinutes: bad,
    flags: trades.some((trade) => trade.quote?.method === "arrival") ? 32 : 0,
    firstTradeId: idOf(trades[0]),
    lastTradeId: idOf(trades.at(-1)),
    volumeQuote: input.kind === "inverse" ? toNumber(volume * contract, SCALE + 6n) : toNumber(sumPriceSize * contract, 2n * SCALE + 6n),
    sumPriceSize: toNumber(sumPriceSize, 2n * SCALE),
    lastClose: completeness === "no-trades" ? lastPriceBefore(traded, open) : null,
    ...priceValues(trades),
    ...volumeValues(trades),
    ...quoteValues(trades),
    ...cvdValues(traded, present),
  };
}

function foldedCompleteness(trades: number, bad: number, scheduled: number, present: readonly Minute[]): Completeness {
  if (trades === 0) return bad > 0 ? "venue-down" : "no-trades";
  if (bad * 100 > scheduled * 2) return "partial";
  return present.some((minute) => minute.completeness === "backfilled") ? "backfilled" : "full";
}

function idOf(trade: PlainTrade | undefined): string | null {
  return trade === undefined ? null : trade.id === undefined ? String(trade.seq) : trade.id;
}

function lastPriceBefore(traded: readonly Minute[], open: number): number | null {
  const trade = traded.findLast((minute) => minute.open < open)?.trades.at(-1);
  return trade === undefined ? null : toNumber(priceOf(trade));
}

/** numerator / denominator to 20 digits. */
function ratio(numerator: bigint, denominator: bigint): number | null {
  if (denominator === 0n) return null;
  return Number(`${(numerator * 10n ** 30n) / denominator}e-30`);
}

function priceValues(trades: readonly PlainTrade[]): NaiveCandle {
  if (trades.length === 0) {
    return { open: null, high: null, low: null, close: null, priceRangeBps: null };
  }
  const prices = trades.map((trade) => priceOf(trade));
  const open = prices[0] as bigint;
  const close = prices.at(-1) as bigint;
  const [low, high] = [least(prices), greatest(prices)];
  return {
    open: toNumber(open),
    high: toNumber(high),
    low: toNumber(low),
    close: toNumber(close),
    priceRangeBps: open > 0n ? ratio((high - low) * 10_000n, open) : null,
  };
}

function volumeValues(trades: readonly PlainTrade[]): NaiveCandle {
  const sizes = trades.map((trade) => sizeOf(trade));
  const of = (side: number): bigint => total(trades.filter((trade) => trade.side === side).map((trade) => sizeOf(trade)));
  const [buy, sell] = [of(1), of(-1)];
  const running: bigint[] = [];
  for (const trade of trades) running.push((running.at(-1) ?? 0n) + BigInt(trade.side) * sizeOf(trade));
  const some = trades.length > 0;
  return {
    volumeBase: toNumber(total(sizes)),
    volumeBuy: toNumber(buy),
    volumeSell: toNumber(sell),
    volumeUnknown: toNumber(of(0)),
    trades: trades.length,
    tradesBuy: trades.filter((trade) => trade.side === 1).length,
    tradesSell: trades.filter((trade) => trade.side === -1).length,
    maxTradeSize: some ? toNumber(greatest(sizes)) : null,
    vdOpen: some ? toNumber(running[0] as bigint) : null,
    vdHigh: some ? toNumber(greatest(running)) : null,
    vdLow: some ? toNumber(least(running)) : null,
    vd: toNumber(running.at(-1) ?? 0n),
    buyPressure: ratio(buy, buy + sell),
    sellPressure: ratio(sell, buy + sell),
  };
}

function quoteValues(trades: readonly PlainTrade[]): NaiveCandle {
  let [bids, asks, spread] = [0n, 0n, 0n];
  let [quotes, crossed] = [0, 0];
  for (const trade of trades) {
    const { quote } = trade;
    if (quote === null || quote.ageUs > 5_000_000) continue;
    const [bid, ask] = [priceOf(trade, quote.bid), priceOf(trade, quote.ask)];
    if (bid <= 0n || ask <= 0n || quote.bidSize <= 0 || quote.askSize <= 0) continue;
    if (bid > ask) {
      crossed += 1;
      continue;
    }
    quotes += 1;
    bids += sizeOf(trade, quote.bidSize);
    asks += sizeOf(trade, quote.askSize);
    // (ask - bid) / mid * 1e4 bps in units of 1e-6 bps, half away from zero.
    spread += ((ask - bid) * 4n * 10n ** 10n + (ask + bid)) / (2n * (ask + bid));
  }
  return {
    sumBidDepth: toNumber(bids),
    sumAskDepth: toNumber(asks),
    sumSpreadBps: Number(spread),
    quoteTrades: quotes,
    crossedQuotes: crossed,
  };
}

/** CVD over the minutes that have a candle: it starts at 0 in every session and runs over every trade of it. */
function cvdValues(traded: readonly Minute[], present: readonly Minute[]): NaiveCandle {
  const first = present[0] as Minute;
  let base = 0n;
  for (const minute of traded) {
    if (minute.session !== first.session || minute.open >= first.open) continue;
    for (const trade of minute.trades) base += BigInt(trade.side) * sizeOf(trade);
  }
  const running: bigint[] = [];
  let { session } = first;
  let cvd = base;
  for (const minute of present) {
    if (minute.session !== session) cvd = 0n;
    session = minute.session;
    for (const trade of minute.trades) {
      cvd += BigInt(trade.side) * sizeOf(trade);
      running.push(cvd);
    }
  }
  const some = running.length > 0;
  return {
    cvdBase: toNumber(base),
    cvdOpen: some ? toNumber(running[0] as bigint) : null,
    cvdHigh: some ? toNumber(greatest(running)) : null,
    cvdLow: some ? toNumber(least(running)) : null,
    cvd: toNumber(cvd),
  };
}
