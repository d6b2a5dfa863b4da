import type { NaiveCandle, PlainSession, PlainTrade } from "./naive-candles.ts";
import {
  absolute,
  against,
  decimal,
  type Fraction,
  fraction,
  larger,
  minus,
  over,
  plus,
  roundedTo,
  signOf,
  smaller,
  times,
  toDouble,
  ZERO,
} from "./naive-fraction.ts";
import { bookImbalance, divergenceOf, evr, fourValues, inUnits, spreadBps, type Totals, vdOf, vdRatio } from "./naive-metrics.ts";

/** A closed candle as the candles after it look back at it. */
export interface NaiveBar {
  candle: NaiveCandle;
  session: PlainSession;
  /** Empty without trades. */
  samples: readonly Totals[];
  /** Scheduled candles that are absent between the candle before and this one. */
  missingBefore: number;
}

/** What lies between a bar and the last one before it that has trades. */
interface Between {
  /** The longest run of absent candles. */
  hole: number;
  venueDown: boolean;
}

interface TradedBar extends Between {
  session: PlainSession;
  last: Totals;
}

const UNIT = 10n ** 12n;
const ONE = decimal("1");
const isGap = ({ hole, venueDown }: Between): boolean => hole > 0 || venueDown;

/** Puts in what each candle takes from those before it in its timeframe; `bars` are in order. */
export function addWindowValues(timeframe: string, bars: readonly NaiveBar[]): void {
  const resets = timeframe !== "1d" && timeframe !== "1w";
  const earlier: TradedBar[] = [];
  let between: Between = { hole: 0, venueDown: false };
  for (const { candle, session, samples, missingBefore } of bars) {
    between = { ...between, hole: Math.max(between.hole, missingBefore) };
    const last = samples.at(-1);
    const own = resets ? session : null;
    const spike = volumeSpike(last?.size ?? 0n, before(earlier, between, 20, null));
    Object.assign(candle, { volumeSpike: spike && toDouble(spike) });
    if (last === undefined) {
      Object.assign(candle, fourValues("vdStrength", []), fourValues("smp", []), { smpFinal: null, cvdSlope: null });
      Object.assign(candle, { deltaExhaustion: 0, imbalanceStreak: 0 });
      if (candle["completeness"] === "venue-down") between.venueDown = true;
      continue;
    }
    const now: TradedBar = { ...between, session, last };
    Object.assign(candle, pressureValues(samples, before(earlier, between, 5, own)), {
      deltaExhaustion: deltaExhaustion(now, earlier.at(-1)),
      imbalanceStreak: imbalanceStreak([...earlier, now], own),
      cvdSlope: cvdSlope([...earlier.slice(-4), now]),
    });
    earlier.push(now);
    between = { hole: 0, venueDown: false };
  }
}

/** The newest `count` bars with trades, as far as no hole is longer than that and (where one is given) the session lasts. */
function before(earlier: readonly TradedBar[], between: Between, count: number, session: PlainSession | null): Totals[] {
  const found: Totals[] = [];
  let { hole } = between;
  for (const bar of [...earlier.slice(-count)].reverse()) {
    if (hole > count || (session !== null && bar.session !== session)) break;
    found.push(bar.last);
    ({ hole } = bar);
  }
  return found;
}

function volumeSpike(size: bigint, window: readonly Totals[]): Fraction | null {
  if (window.length < 20) return null;
  const sum = window.reduce((volume, totals) => volume + totals.size, 0n);
  return fraction(size * BigInt(window.length), sum);
}

function deltaExhaustion(now: TradedBar, previous: TradedBar | undefined): number {
  if (previous === undefined || isGap(now)) return 0;
  const [before, after] = [vdRatio(previous.last), vdRatio(now.last)];
  if (before === null || after === null) return 0;
  return against(absolute(before), "0.5") > 0 && against(absolute(after), "0.15") < 0 ? signOf(before) : 0;
}

function imbalanceStreak(bars: readonly TradedBar[], session: PlainSession | null): number {
  const signs = bars.map((bar) => (vdOf(bar.last) > 0n ? 1 : vdOf(bar.last) < 0n ? -1 : 0));
  const sign = signs.at(-1) as number;
  if (sign === 0) return 0;
  let first = bars.length - 1;
  while (first > 0 && signs[first - 1] === sign && !isGap(bars[first] as TradedBar)) {
    if (session !== null && bars[first - 1]?.session !== session) break;
    first -= 1;
  }
  return sign * (bars.length - first);
}

function cvdSlope(bars: readonly TradedBar[]): number | null {
  if (bars.length < 5 || bars.slice(1).some((bar) => bar.hole > 0)) return null;
  const sum = bars.reduce((vd, bar) => vd + vdOf(bar.last), 0n);
  return toDouble({ top: sum, bottom: 5n * UNIT });
}

function vdStrength(totals: Totals, window: readonly Totals[]): Fraction {
  if (window.length === 0) return ONE;
  const size = (value: bigint): bigint => (value < 0n ? -value : value);
  const sum = window.reduce((volume, each) => volume + size(vdOf(each)), 0n);
  return fraction(size(vdOf(totals)) * BigInt(window.length), sum) ?? decimal(vdOf(totals) === 0n ? "1" : "2");
}

function pressureValues(samples: readonly Totals[], window: readonly Totals[]): NaiveCandle {
  const last = samples.at(-1) as Totals;
  const final = smartMoneyPressure(last, vdStrength(last, window), divergenceOf(last));
  return {
    ...fourValues(
      "vdStrength",
      samples.map((totals) => vdStrength(totals, window)),
    ),
    ...fourValues(
      "smp",
      samples.map((totals) => smartMoneyPressure(totals, vdStrength(totals, window), 0)),
    ),
    smpFinal: final && toDouble(final),
  };
}

/** The eight steps of the book's table, in its letters. */
function smartMoneyPressure(totals: Totals, m: Fraction, d: number): Fraction | null {
  const r = vdRatio(totals);
  if (r === null) return null;
  const b = bookImbalance(totals) ?? ZERO;
  const e = evr(totals);
  const spread = spreadBps(totals) ?? ZERO;
  let s = times(r, decimal("50"));
  if (totals.big !== null) s = times(s, plus(ONE, fraction(totals.big.size, totals.size) ?? ZERO));
  if (against(m, "1") > 0) s = times(s, plus(ONE, times(decimal("0.6"), smaller(minus(m, ONE), decimal("0.5")))));
  else if (against(m, "0.7") < 0) s = times(s, decimal("0.8"));
  const sign: Fraction = { top: BigInt(signOf(r)), bottom: 1n };
  const aligned = signOf(r) * signOf(b);
  if (aligned > 0) s = plus(s, times(times(sign, absolute(b)), decimal("15")));
  else if (aligned < 0 && against(absolute(b), "0.2") > 0) s = minus(s, times(times(sign, absolute(b)), decimal("10")));
  s = plus(s, times({ top: BigInt(25 * d), bottom: 1n }, absolute(r)));
  if (e !== null && against(absolute(r), "0.3") > 0) {
    if (against(absolute(e), "0.3") < 0) s = times(s, decimal("0.7"));
    else if (against(absolute(e), "1.5") > 0) s = times(s, decimal("1.2"));
  }
  if (against(spread, "5") > 0) {
    const wide = over(minus(spread, decimal("5")), decimal("10")) as Fraction;
    s = times(s, minus(ONE, smaller(wide, decimal("0.3"))));
  }
  const whole = roundedTo(roundedTo(s, 9), 0);
  return larger(decimal("-100"), smaller(decimal("100"), whole));
}

/** What a minute says of trades that are big for the market as it was; null before 1,000 trades. */
interface AdaptiveMinute {
  threshold: bigint;
  trades: number;
  size: bigint;
}

/** By open of each minute that has a candle; the minutes are in order. */
export function adaptiveMinutes(
  minutes: readonly { open: number; trades: readonly PlainTrade[]; completeness: unknown }[],
): Map<number, AdaptiveMinute | null> {
  const values = new Map<number, AdaptiveMinute | null>();
  const sizes: bigint[] = [];
  let threshold: bigint | null = null;
  for (const { open, trades, completeness } of minutes) {
    if (completeness === null) continue;
    // A minute without trades carries the threshold of the candle before.
    if (trades.length > 0) threshold = thresholdAfter(sizes.slice(-10_000));
    const own = trades.map((trade) => inUnits(trade.size, trade.sizeScale));
    const big = own.filter((size) => threshold !== null && size >= threshold);
    values.set(open, threshold === null ? null : { threshold, trades: big.length, size: big.reduce((a, b) => a + b, 0n) });
    sizes.push(...own);
  }
  return values;
}

function thresholdAfter(sizes: readonly bigint[]): bigint | null {
  if (sizes.length < 1_000) return null;
  const sorted = [...sizes].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const nearestRank = (percent: number): bigint => sorted[Math.ceil((percent * sorted.length) / 100) - 1] as bigint;
  const [high, median] = [nearestRank(99), nearestRank(50)];
  return high > 3n * median ? high : 3n * median;
}

/** The sums over the minutes of a candle, and the threshold of the last of them. */
export function adaptiveValues(minutes: readonly (AdaptiveMinute | null | undefined)[]): NaiveCandle {
  const known = minutes.filter((minute) => minute !== null && minute !== undefined);
  const last = known.at(-1);
  if (last === undefined) return { bigTradesAdaptive: null, bigVolumeAdaptive: null, bigThreshold: null };
  const double = (size: bigint): number => toDouble({ top: size, bottom: UNIT });
  return {
    bigTradesAdaptive: known.reduce((count, minute) => count + minute.trades, 0),
    bigVolumeAdaptive: double(known.reduce((sum, minute) => sum + minute.size, 0n)),
    bigThreshold: double(last.threshold),
  };
}
