import type { NaiveCandle, NaiveInput, PlainSession, PlainTrade } from "./naive-candles.ts";
import {
  absolute,
  against,
  compare,
  decimal,
  type Fraction,
  fraction,
  over,
  plus,
  signOf,
  times,
  toDouble,
  ZERO,
} from "./naive-fraction.ts";

/** Sums over the trades of a candle so far: prices and sizes in 1e-12, their products in 1e-24, spreads in 1e-6 bps. */
export interface Totals {
  trades: bigint;
  firstPrice: bigint;
  lastPrice: bigint;
  size: bigint;
  buy: bigint;
  sell: bigint;
  priceSize: bigint;
  quotes: bigint;
  bidDepth: bigint;
  askDepth: bigint;
  spread: bigint;
  /** Count and sizes of fixed-big trades; null where the instrument has no threshold. */
  big: { trades: bigint; size: bigint; buy: bigint; sell: bigint } | null;
}

type Metric = (totals: Totals) => Fraction | null;
type Terms = Pick<NaiveInput, "instrument" | "calendar" | "kind" | "contractSize">;

const UNIT = 10n ** 12n;
const BASIS = 10_000n;
const NO_TRADES: Omit<Totals, "big"> = {
  trades: 0n,
  firstPrice: 0n,
  lastPrice: 0n,
  size: 0n,
  buy: 0n,
  sell: 0n,
  priceSize: 0n,
  quotes: 0n,
  bidDepth: 0n,
  askDepth: 0n,
  spread: 0n,
};
const NO_BIG = { trades: 0n, size: 0n, buy: 0n, sell: 0n };

/** A scaled integer in units of 1e-12. */
export function inUnits(value: number, scale: number): bigint {
  return (BigInt(value) * UNIT) / 10n ** BigInt(scale);
}

/** The sums wherever a metric is looked at: after each trade at 1m, above it at the end of each minute with trades. */
export function samplesOf(terms: Terms, timeframe: string, minutes: readonly (readonly PlainTrade[])[]): Totals[] {
  const samples: Totals[] = [];
  let totals: Totals = { ...NO_TRADES, big: fixedRule(terms) === null ? null : NO_BIG };
  for (const trades of minutes) {
    for (const trade of trades) {
      totals = totalsAfter(totals, trade, terms);
      if (timeframe === "1m") samples.push(totals);
    }
    if (timeframe !== "1m" && trades.length > 0) samples.push(totals);
  }
  return samples;
}

function totalsAfter(before: Totals, trade: PlainTrade, terms: Terms): Totals {
  const price = inUnits(trade.price, trade.priceScale);
  const size = inUnits(trade.size, trade.sizeScale);
  const buy = trade.side === 1 ? size : 0n;
  const sell = trade.side === -1 ? size : 0n;
  const after: Totals = {
    ...before,
    trades: before.trades + 1n,
    firstPrice: before.trades === 0n ? price : before.firstPrice,
    lastPrice: price,
    size: before.size + size,
    buy: before.buy + buy,
    sell: before.sell + sell,
    priceSize: before.priceSize + price * size,
  };
  if (before.big !== null && fixedRule(terms)?.(trade)) {
    const { big } = before;
    after.big = { trades: big.trades + 1n, size: big.size + size, buy: big.buy + buy, sell: big.sell + sell };
  }
  const { quote } = trade;
  if (quote === null || quote.ageUs > 5_000_000) return after;
  if (quote.bid <= 0 || quote.ask <= 0 || quote.bidSize <= 0 || quote.askSize <= 0 || quote.bid > quote.ask) return after;
  const [bid, ask] = [inUnits(quote.bid, trade.priceScale), inUnits(quote.ask, trade.priceScale)];
  after.quotes += 1n;
  after.bidDepth += inUnits(quote.bidSize, trade.sizeScale);
  after.askDepth += inUnits(quote.askSize, trade.sizeScale);
  // (ask - bid) / ((ask + bid) / 2) · 1e4 bps, counted in 1e-6 bps; half of one counts as one.
  const [top, bottom] = [(ask - bid) * 2n * 10n ** 10n, ask + bid];
  after.spread += top / bottom + (2n * (top % bottom) >= bottom ? 1n : 0n);
  return after;
}

export const vdOf = (totals: Totals): bigint => totals.buy - totals.sell;

export const vdRatio: Metric = ({ buy, sell }) => fraction(buy - sell, buy + sell);

export const bookImbalance: Metric = ({ bidDepth, askDepth }) => fraction(bidDepth - askDepth, bidDepth + askDepth);

export const spreadBps: Metric = ({ spread, quotes }) => fraction(spread, quotes * 1_000_000n);

const priceChangeBps: Metric = ({ firstPrice, lastPrice }) =>
  firstPrice > 0n ? fraction((lastPrice - firstPrice) * BASIS, firstPrice) : null;

/** Basis points of price per percent of one-sidedness; null where the trades are too balanced. */
export const evr: Metric = (totals) => {
  const ratio = vdRatio(totals);
  const change = priceChangeBps(totals);
  if (ratio === null || change === null || against(absolute(ratio), "0.05") < 0) return null;
  return over(change, times(absolute(ratio), decimal("100")));
};

const SAMPLED: Readonly<Record<string, Metric>> = {
  vdRatio,
  bookImbalance,
  liquidityRatio: ({ bidDepth, askDepth }) => fraction(bidDepth, askDepth),
  vwap: ({ priceSize, size }) => fraction(priceSize, size * UNIT),
  avgTradeSize: ({ size, trades }) => fraction(size, trades * UNIT),
  spreadBps,
  priceChangeBps,
  vwapDistanceBps: ({ lastPrice, priceSize, size }) =>
    size > 0n && priceSize > 0n ? fraction((lastPrice * size - priceSize) * BASIS, priceSize) : null,
  evr,
};

/** Open, high and low of a running value, and its close under the bare name; null ones count as open and close only. */
export function fourValues(name: string, values: readonly (Fraction | null)[]): NaiveCandle {
  const known = values.filter((value) => value !== null).sort(compare);
  const double = (value: Fraction | null | undefined): number | null => (value === null || value === undefined ? null : toDouble(value));
  return {
    [`${name}Open`]: double(values[0]),
    [`${name}High`]: double(known.at(-1)),
    [`${name}Low`]: double(known[0]),
    [name]: double(values.at(-1)),
  };
}

const sampledValues = (samples: readonly Totals[]): NaiveCandle =>
  Object.assign({}, ...Object.entries(SAMPLED).map(([name, metric]) => fourValues(name, samples.map(metric))));

const WITHOUT_TRADES = { ...sampledValues([]), divergence: 0, absorptionIntensity: 0, momentumScore: null };

/** What a candle says beside its sums: from its own trades alone. */
export function metricValues(terms: Terms, samples: readonly Totals[]): NaiveCandle {
  const last = samples.at(-1);
  const big = bigValues(terms, last);
  return last === undefined ? { ...WITHOUT_TRADES, ...big } : { ...sampledValues(samples), ...big, ...closedValues(last) };
}

function bigValues(terms: Terms, last: Totals | undefined): NaiveCandle {
  const big = last === undefined ? (fixedRule(terms) === null ? null : NO_BIG) : last.big;
  if (big === null) return { bigTrades: null, bigVolume: null, bigVolumeBuy: null, bigVolumeSell: null };
  const double = (size: bigint): number => toDouble({ top: size, bottom: UNIT });
  return {
    bigTrades: Number(big.trades),
    bigVolume: double(big.size),
    bigVolumeBuy: double(big.buy),
    bigVolumeSell: double(big.sell),
  };
}

/** +1: sold, yet it rose; -1: bought, yet it fell. */
export function divergenceOf(totals: Totals): number {
  const ratio = vdRatio(totals);
  const change = priceChangeBps(totals);
  if (ratio === null || change === null) return 0;
  if (against(ratio, "-0.10") <= 0 && against(change, "0.5") >= 0) return 1;
  if (against(ratio, "0.10") >= 0 && against(change, "-0.5") <= 0) return -1;
  return 0;
}

function closedValues(last: Totals): NaiveCandle {
  const divergence = divergenceOf(last);
  const effort = evr(last);
  const absorption = divergence === 0 || effort === null ? ZERO : over(decimal("1"), plus(absolute(effort), decimal("0.1")));
  const momentum = momentumOf(last, divergence);
  return {
    divergence,
    absorptionIntensity: toDouble(absorption as Fraction),
    momentumScore: momentum && toDouble(momentum),
  };
}

function momentumOf(last: Totals, divergence: number): Fraction | null {
  const ratio = vdRatio(last);
  if (ratio === null) return null;
  const bonus = BigInt(signOf(ratio) * (divergence === 0 ? 10 : -10));
  const parts = [
    times(ratio, decimal("40")),
    times(priceChangeBps(last) ?? ZERO, decimal("2")),
    times(bookImbalance(last) ?? ZERO, decimal("20")),
    { top: bonus, bottom: 1n },
  ];
  const sum = parts.reduce(plus);
  if (compare(sum, decimal("100")) > 0) return decimal("100");
  return compare(sum, decimal("-100")) < 0 ? decimal("-100") : sum;
}

const USD = new Set(["USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDP", "PYUSD", "DAI"]);
const BIG_CONTRACTS: Readonly<Record<string, number>> = { NG: 50 };
const BIG_USD: Readonly<Record<string, number>> = { BTC: 100_000, ETH: 50_000 };

/** Which trades of an instrument are big; null where the book has no threshold for it. */
function fixedRule({
  instrument = "BTC-USDT",
  calendar = "crypto",
  kind,
  contractSize = 1,
}: Terms): ((trade: PlainTrade) => boolean) | null {
  const [root = "", quote = ""] = instrument.split("-");
  const contracts = (count: number) => (trade: PlainTrade) => inUnits(trade.size, trade.sizeScale) >= BigInt(count) * UNIT;
  const notional = (usd: number) => (trade: PlainTrade) => {
    const size: Fraction = { top: inUnits(trade.size, trade.sizeScale), bottom: UNIT };
    const value = times(size, decimal(contractSize.toFixed(12)));
    const price: Fraction = { top: inUnits(trade.price, trade.priceScale), bottom: UNIT };
    return compare(kind === "inverse" ? value : times(value, price), decimal(String(usd))) >= 0;
  };
  if (/^\d+$/.test(quote)) return contracts(BIG_CONTRACTS[root] ?? 25);
  if (calendar === "us-equity") return (trade) => contracts(10_000)(trade) || notional(200_000)(trade);
  return USD.has(quote) ? notional(BIG_USD[root] ?? 25_000) : null;
}

/** Volume-weighted price since the session's open, at the end of every minute; null until the session trades. */
export function sessionVwaps(
  minutes: readonly { open: number; session: PlainSession; trades: readonly PlainTrade[] }[],
): Map<number, number | null> {
  const values = new Map<number, number | null>();
  let session: PlainSession | null = null;
  let [priceSize, size] = [0n, 0n];
  for (const minute of minutes) {
    if (minute.session !== session) [priceSize, size] = [0n, 0n];
    session = minute.session;
    for (const trade of minute.trades) {
      priceSize += inUnits(trade.price, trade.priceScale) * inUnits(trade.size, trade.sizeScale);
      size += inUnits(trade.size, trade.sizeScale);
    }
    const value = fraction(priceSize, size * UNIT);
    values.set(minute.open, value && toDouble(value));
  }
  return values;
}
