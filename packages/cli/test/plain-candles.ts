// Candles by arrays, interval by interval from the trades: slow, plain, and sharing no code with the product.

export interface PlainQuote {
  bid: number;
  ask: number;
  bidSize: number;
  askSize: number;
}

/** Prices and sizes are integers at the market's scales. */
export interface PlainTrade {
  timeUs: number;
  seq: number;
  id: string | null;
  price: number;
  size: number;
  side: -1 | 0 | 1;
  /** The quote that stood before it, where that is not too old. */
  quote: PlainQuote | null;
  hasQuote: boolean;
}

export interface PlainMarket {
  trades: PlainTrade[];
  priceScale: number;
  sizeScale: number;
  /** From where the source covers the instrument, and its last clock. */
  coveredFromUs: number;
  endUs: number;
  closeDelayMs: number;
  /** Interval of a timeframe around a moment with trading. */
  intervalOf(timeframe: string, timeMs: number): [open: number, close: number];
  /** Start of the session around it, where CVD begins at 0. */
  sessionOf(timeMs: number): number;
  /** Minutes with trading in [open, close). */
  minutesIn(open: number, close: number): number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LENGTHS: Readonly<Record<string, number>> = {
  "1m": MINUTE,
  "3m": 3 * MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "30m": 30 * MINUTE,
  "1h": HOUR,
  "4h": 4 * HOUR,
};
export const PLAIN_TIMEFRAMES = [...Object.keys(LENGTHS), "1d", "1w"];

/** 1970-01-05 was a Monday. */
const MONDAY = 4 * DAY;

/** Round the clock, days and weeks in UTC. */
export const cryptoDays = {
  closeDelayMs: 250,
  intervalOf(timeframe: string, timeMs: number): [number, number] {
    const length = timeframe === "1w" ? 7 * DAY : (LENGTHS[timeframe] ?? DAY);
    const offset = timeframe === "1w" ? MONDAY : 0;
    const open = timeMs - ((timeMs - offset) % length);
    return [open, open + length];
  },
  sessionOf: (timeMs: number): number => timeMs - (timeMs % DAY),
  minutesIn: (open: number, close: number): number => (close - open) / MINUTE,
};

/** 04:00 to 20:00 New York in summer, weeks without a holiday. */
export const newYorkSummerDays = {
  closeDelayMs: 2000,
  intervalOf(timeframe: string, timeMs: number): [number, number] {
    const open = newYorkSummerDays.sessionOf(timeMs);
    const close = open + 16 * HOUR;
    if (timeframe === "1d") return [open, close];
    if (timeframe === "1w") {
      const monday = open - (Math.floor((open - MONDAY) / DAY) % 7) * DAY;
      return [monday, monday + 4 * DAY + 16 * HOUR];
    }
    const length = LENGTHS[timeframe] as number;
    const start = timeMs - ((timeMs - open) % length);
    return [start, Math.min(start + length, close)];
  },
  sessionOf: (timeMs: number): number => timeMs - ((timeMs - 8 * HOUR) % DAY),
  minutesIn(open: number, close: number): number {
    let minutes = 0;
    for (let time = open; time < close; time += MINUTE) if (time % DAY >= 8 * HOUR) minutes += 1;
    return minutes;
  },
};

export type PlainCandle = Record<string, string | number | null>;

/** Every candle of every timeframe, by the names of the table's columns. */
export function buildPlainCandles(market: PlainMarket): Map<string, PlainCandle[]> {
  const trades = [...market.trades].sort((a, b) => a.timeUs - b.timeUs || a.seq - b.seq);
  const running: number[] = [];
  for (const [i, trade] of trades.entries()) {
    const before = trades[i - 1];
    const goesOn = before !== undefined && market.sessionOf(before.timeUs / 1000) === market.sessionOf(trade.timeUs / 1000);
    running.push((goesOn ? (running[i - 1] as number) : 0) + trade.side * trade.size);
  }
  const bad = new Map<number, boolean>();
  const result = new Map<string, PlainCandle[]>();
  for (const timeframe of PLAIN_TIMEFRAMES) {
    const candles: PlainCandle[] = [];
    let from = 0;
    const endMs = Math.floor(market.endUs / 1000);
    for (let [open, close] = market.intervalOf(timeframe, Math.floor(market.coveredFromUs / 1000)); ; ) {
      let to = from;
      while (to < trades.length && (trades[to] as PlainTrade).timeUs < close * 1000) to += 1;
      candles.push(buildCandle(market, trades, running, from, to, { timeframe, open, close, endMs, before: candles.at(-1), bad }));
      from = to;
      if (close > endMs) break;
      [open, close] = market.intervalOf(timeframe, close);
    }
    result.set(timeframe, candles);
  }
  return result;
}

interface Place {
  timeframe: string;
  open: number;
  close: number;
  endMs: number;
  before: PlainCandle | undefined;
  /** Whether each minute built so far is bad; 1m is built first. */
  bad: Map<number, boolean>;
}

function buildCandle(
  market: PlainMarket,
  all: readonly PlainTrade[],
  running: readonly number[],
  from: number,
  to: number,
  place: Place,
): PlainCandle {
  const trades = all.slice(from, to);
  const price = (value: number): number => value / 10 ** market.priceScale;
  const size = (value: number): number => value / 10 ** market.sizeScale;
  const sum = (of: (trade: PlainTrade) => number): number => trades.reduce((total, trade) => total + of(trade), 0);
  const volume = sum((trade) => trade.size);
  const buy = sum((trade) => (trade.side === 1 ? trade.size : 0));
  const sell = sum((trade) => (trade.side === -1 ? trade.size : 0));
  const notional = sum((trade) => trade.price * trade.size);
  const prices = trades.map((trade) => trade.price);
  const deltas: number[] = [];
  for (const trade of trades) deltas.push((deltas.at(-1) ?? 0) + trade.side * trade.size);
  const quoted = trades.filter(({ quote }) => quote !== null && quote.bid <= quote.ask);
  const spreads = quoted.reduce((total, trade) => total + spreadOf(trade.quote as PlainQuote), 0);
  const earlier = all[from - 1];
  const base =
    earlier !== undefined && market.sessionOf(earlier.timeUs / 1000) === market.sessionOf(place.open) ? (running[from - 1] as number) : 0;
  const cvds = running.slice(from, to);
  const least = (values: readonly number[], show: (value: number) => number): number | null =>
    values.length === 0 ? null : show(values.reduce((a, b) => Math.min(a, b)));
  const most = (values: readonly number[], show: (value: number) => number): number | null =>
    values.length === 0 ? null : show(values.reduce((a, b) => Math.max(a, b)));
  const edge = (value: number | undefined, show: (value: number) => number): number | null => (value === undefined ? null : show(value));
  return {
    timeframe: place.timeframe,
    open_time: place.open * 1000,
    close_time: place.close * 1000,
    state: place.close + market.closeDelayMs <= place.endMs ? "closed" : "forming",
    revision: 0,
    ...qualityOf(market, trades.length, place),
    flags: (isBad(place.before) ? 1 : 0) + (trades.some((trade) => trade.hasQuote) ? 32 : 0),
    first_trade_id: trades[0]?.id ?? null,
    last_trade_id: trades.at(-1)?.id ?? null,
    open: edge(prices[0], price),
    high: most(prices, price),
    low: least(prices, price),
    close: edge(prices.at(-1), price),
    last_close: trades.length === 0 ? edge(earlier?.price, price) : null,
    volume_base: size(volume),
    volume_buy: size(buy),
    volume_sell: size(sell),
    volume_unknown: size(volume - buy - sell),
    volume_quote: notional / 10 ** (market.priceScale + market.sizeScale),
    trades: trades.length,
    trades_buy: trades.filter((trade) => trade.side === 1).length,
    trades_sell: trades.filter((trade) => trade.side === -1).length,
    max_trade_size: most(
      trades.map((trade) => trade.size),
      size,
    ),
    avg_trade_size: trades.length === 0 ? null : rounded(size(volume) / trades.length),
    vwap: volume === 0 ? null : rounded(price(notional / volume)),
    sum_bid_depth: size(quoted.reduce((total, trade) => total + (trade.quote as PlainQuote).bidSize, 0)),
    sum_ask_depth: size(quoted.reduce((total, trade) => total + (trade.quote as PlainQuote).askSize, 0)),
    sum_spread_bps: spreads,
    quote_trades: quoted.length,
    crossed_quotes: trades.filter(({ quote }) => quote !== null && quote.bid > quote.ask).length,
    vd_open: edge(deltas[0], size),
    vd_high: most(deltas, size),
    vd_low: least(deltas, size),
    vd: size(deltas.at(-1) ?? 0),
    vd_ratio: buy + sell === 0 ? null : rounded((buy - sell) / (buy + sell)),
    cvd_open: edge(cvds[0], size),
    cvd_high: most(cvds, size),
    cvd_low: least(cvds, size),
    cvd: size(cvds.at(-1) ?? base),
    cvd_base: size(base),
  };
}

/** Units of 1e-6 basis points of the middle, half away from zero. */
function spreadOf({ bid, ask }: PlainQuote): number {
  const numerator = BigInt(ask - bid) * 20_000_000_000n;
  const denominator = BigInt(ask + bid);
  return Number((2n * numerator + denominator) / (2n * denominator));
}

function isBad(candle: PlainCandle | undefined): boolean {
  return candle !== undefined && (candle["completeness"] === "partial" || candle["completeness"] === "venue-down");
}

function qualityOf(market: PlainMarket, trades: number, { timeframe, open, close, endMs, bad }: Place): PlainCandle {
  if (timeframe === "1m") {
    const isPartial = market.coveredFromUs > open * 1000;
    bad.set(open, isPartial);
    return { completeness: isPartial ? "partial" : trades > 0 ? "full" : "no-trades", bad_minutes: isPartial ? 1 : 0 };
  }
  const until = Math.min(close, (Math.floor(endMs / MINUTE) + 1) * MINUTE);
  const scheduled = market.minutesIn(open, until);
  let badMinutes = scheduled;
  for (const [minute, isBadMinute] of bad) if (minute >= open && minute < until && !isBadMinute) badMinutes -= 1;
  const without = badMinutes > 0 ? "venue-down" : "no-trades";
  const completeness = trades === 0 ? without : badMinutes / scheduled > 0.02 ? "partial" : "full";
  return { completeness, bad_minutes: badMinutes };
}

/** Derived values have 12 significant digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
