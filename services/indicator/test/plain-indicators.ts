import type { Candle } from "@tickfleet/market/candle";

/** The indicators from their definitions over whole series, slowly and plainly. Shares nothing with the service or its packages. */
type Numbers = (number | null)[];

const DAY = 86_400_000;
const HOLE = 4 * DAY;

const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);
const mean = (xs: readonly number[]): number => sum(xs) / xs.length;
const at = (xs: Numbers, i: number): number | null => xs[i] ?? null;
const lift = (a: Numbers, b: Numbers, f: (x: number, y: number) => number): Numbers =>
  a.map((x, i) => (x === null || at(b, i) === null ? null : f(x, b[i] as number)));

/** y += factor (x - y) from the mean of the first n values that are not null, those before `skip` left out. */
function recursive(xs: Numbers, n: number, factor: number, skip = 0): Numbers {
  let taken: number[] = [];
  let passed = 0;
  let y: number | null = null;
  return xs.map((x) => {
    if (x === null) return null;
    passed += 1;
    if (passed <= skip) return null;
    if (y !== null) y += factor * (x - y);
    else {
      taken = [...taken, x];
      if (taken.length === n) y = mean(taken);
    }
    return y;
  });
}

const windows = (xs: readonly number[], n: number, f: (window: number[]) => number): Numbers =>
  xs.map((_, i) => (i + 1 < n ? null : f(xs.slice(i + 1 - n, i + 1))));

function deviation(window: readonly number[]): number {
  const middle = mean(window);
  return Math.sqrt(mean(window.map((x) => (x - middle) ** 2)));
}

function slope(window: readonly number[]): number {
  const middle = (window.length - 1) / 2;
  const level = mean(window);
  return sum(window.map((y, x) => (x - middle) * (y - level))) / sum(window.map((_, x) => (x - middle) ** 2));
}

/** Share of the closes' variance that the least-squares line explains; 0 where they do not vary. */
function fit(window: readonly number[]): number {
  const level = mean(window);
  const middle = (window.length - 1) / 2;
  const rise = slope(window);
  const rest = sum(window.map((y, x) => (y - level - rise * (x - middle)) ** 2));
  const all = sum(window.map((y) => (y - level) ** 2));
  return all === 0 ? 0 : 1 - rest / all;
}

function trueRanges(candles: readonly Candle[]): Numbers {
  return candles.map(({ high, low }, i) => {
    const before = candles[i - 1]?.close ?? null;
    return before === null ? null : Math.max(high as number, before) - Math.min(low as number, before);
  });
}

function stochastic(candles: readonly Candle[]): { k: Numbers; d: Numbers } {
  const fast = candles.map((candle, i) => {
    if (i < 13) return null;
    const window = candles.slice(i - 13, i + 1);
    const top = Math.max(...window.map(({ high }) => high as number));
    const bottom = Math.min(...window.map(({ low }) => low as number));
    return top === bottom ? 0 : (100 * ((candle.close as number) - bottom)) / (top - bottom);
  });
  const averaged = (xs: Numbers): Numbers =>
    xs.map((_, i) => {
      const window = xs.slice(Math.max(0, i - 2), i + 1);
      return window.length < 3 || window.includes(null) ? null : mean(window as number[]);
    });
  const slow = averaged(fast);
  const d = averaged(slow);
  return { k: slow.map((k, i) => (d[i] === null ? null : k)), d };
}

function adx(candles: readonly Candle[]): Numbers {
  const moves = candles.map(({ high, low }, i) => {
    const before = candles[i - 1];
    if (before === undefined) return { plus: 0, minus: 0 };
    const up = (high as number) - (before.high as number);
    const down = (before.low as number) - (low as number);
    return { plus: up > 0 && up > down ? up : 0, minus: down > 0 && down > up ? down : 0 };
  });
  const smoothed = (xs: readonly number[]): Numbers => {
    let total = sum(xs.slice(1, 14));
    return xs.map((x, i) => {
      if (i < 14) return null;
      total = total - total / 14 + x;
      return total;
    });
  };
  const ranges = smoothed(trueRanges(candles).map((range) => range ?? 0));
  const share = (xs: readonly number[]): Numbers => lift(smoothed(xs), ranges, (move, range) => (range === 0 ? 0 : (100 * move) / range));
  const dx = lift(share(moves.map(({ plus }) => plus)), share(moves.map(({ minus }) => minus)), (p, m) =>
    p + m === 0 ? 0 : (100 * Math.abs(p - m)) / (p + m),
  );
  return recursive(dx, 14, 1 / 14);
}

function sessionVwap(candles: readonly Candle[]): Numbers {
  let day = Number.NaN;
  let flow = 0;
  let volume = 0;
  return candles.map((candle) => {
    const today = Math.floor(candle.openTime / DAY);
    if (today !== day) [day, flow, volume] = [today, 0, 0];
    flow += candle.sumPriceSize;
    volume += candle.volumeBase;
    return volume > 0 ? flow / volume : null;
  });
}

function obv(candles: readonly Candle[]): Numbers {
  let total = 0;
  return candles.map(({ close, volumeBase }, i) => {
    const before = candles[i - 1]?.close ?? null;
    total += before === null ? volumeBase : Math.sign((close as number) - before) * volumeBase;
    return total;
  });
}

function rsi(closes: readonly number[]): Numbers {
  const changes = closes.map((close, i) => (i === 0 ? null : close - (closes[i - 1] as number)));
  const part = (sign: number): Numbers =>
    recursive(
      changes.map((x) => (x === null ? null : Math.max(sign * x, 0))),
      14,
      1 / 14,
    );
  return lift(part(1), part(-1), (gain, loss) => (gain + loss === 0 ? 0 : (100 * gain) / (gain + loss)));
}

/** Stretches between holes. */
function stretches(candles: readonly Candle[]): Candle[][] {
  const found: Candle[][] = [];
  for (const [i, candle] of candles.entries()) {
    const before = candles[i - 1];
    if (before === undefined || candle.openTime - before.closeTime > HOLE) found.push([]);
    found.at(-1)?.push(candle);
  }
  return found;
}

function windowed(candles: readonly Candle[]): Record<string, Numbers> {
  const closes = candles.map(({ close }) => close as number);
  const middle = windows(closes, 20, mean);
  const width = windows(closes, 20, deviation);
  const { k, d } = stochastic(candles);
  return {
    sma50: windows(closes, 50, mean),
    sma200: windows(closes, 200, mean),
    bbandsUpper: lift(middle, width, (m, w) => m + 2 * w),
    bbandsMiddle: middle,
    bbandsLower: lift(middle, width, (m, w) => m - 2 * w),
    stochK: k,
    stochD: d,
    linearregSlope20: windows(closes, 20, slope),
    fit20: windows(closes, 20, fit),
  };
}

function running(candles: readonly Candle[]): Record<string, Numbers> {
  const closes = candles.map(({ close }) => close as number);
  const line = lift(recursive(closes, 12, 2 / 13, 14), recursive(closes, 26, 2 / 27), (fast, slow) => fast - slow);
  const signal = recursive(line, 9, 2 / 10);
  const macd = line.map((x, i) => (signal[i] === null ? null : x));
  const atr = recursive(trueRanges(candles), 14, 1 / 14);
  return {
    ema9: recursive(closes, 9, 2 / 10),
    ema21: recursive(closes, 21, 2 / 22),
    rsi14: rsi(closes),
    macd,
    macdSignal: signal,
    macdHistogram: lift(macd, signal, (x, y) => x - y),
    atr14: atr,
    natr14: lift(atr, closes, (x, close) => (100 * x) / close),
    vwapSession: sessionVwap(candles),
    obv: obv(candles),
    adx14: adx(candles),
  };
}

/** Values of one series by open and name; candles without trades have none. */
export function plainIndicators(candles: readonly Candle[]): Map<number, Record<string, number | null>> {
  const result = new Map<number, Record<string, number | null>>(candles.map(({ openTime }) => [openTime, {}]));
  const put = (from: readonly Candle[], columns: Record<string, Numbers>): void => {
    for (const [i, { openTime }] of from.entries())
      for (const [name, xs] of Object.entries(columns)) Object.assign(result.get(openTime) as object, { [name]: at(xs, i) });
  };
  const priced = (all: readonly Candle[]): Candle[] => all.filter(({ close }) => close !== null);
  put(priced(candles), running(priced(candles)));
  for (const stretch of stretches(candles)) {
    put(priced(stretch), windowed(priced(stretch)));
    const counted = stretch.filter(({ close, completeness }) => close !== null || completeness === "no-trades");
    const means = counted.map((_, i) => (i < 20 ? null : mean(counted.slice(i - 20, i).map(({ volumeBase }) => volumeBase))));
    // an outage is not counted, but has volumes before it
    put(counted, { volumeSma20: counted.map(({ close }, i) => (close === null ? null : at(means, i))) });
  }
  for (const values of result.values()) {
    const { linearregSlope20: rise = null, atr14: range = null } = values;
    const theta = rise === null || range === null ? null : range === 0 ? 0 : (Math.atan(rise / range) * 180) / Math.PI;
    const { adx14 = null, fit20 = null } = values;
    delete values["fit20"];
    values["trendAngle"] = theta;
    values["trendStrength"] =
      adx14 === null || theta === null || fit20 === null
        ? null
        : 0.5 * Math.min(1, adx14 / 50) + 0.3 * Math.min(1, Math.abs(theta) / 30) + 0.2 * fit20;
  }
  return result;
}
