import type { GeneratedCandle } from "./generated-candles.ts";

/**
 * The indicators once more, from their textbook definitions over whole series, as slowly and plainly
 * as can be. Shares nothing with the package. NaN is "no value".
 */
export type Series = number[];

interface Input {
  high: Series;
  low: Series;
  close: Series;
  volume: Series;
  time: Series;
}

const none = Number.NaN;
const sum = (xs: Series): number => xs.reduce((total, x) => total + x, 0);
const mean = (xs: Series): number => sum(xs) / xs.length;

/** f of the n values that end at each place. */
const windows = (xs: Series, n: number, f: (window: Series) => number): Series =>
  xs.map((_, i) => {
    const window = xs.slice(Math.max(i - n + 1, 0), i + 1);
    return window.length < n || window.some(Number.isNaN) ? none : f(window);
  });

/** An average y += factor (x - y), started by the mean of n values that end at `start`. */
function recursive(xs: Series, n: number, factor: number, start: number): Series {
  const ys: Series = xs.map(() => none);
  for (let i = start; i < xs.length; i++) {
    const x = xs[i] as number;
    const y = ys[i - 1] as number;
    ys[i] = i === start ? mean(xs.slice(start - n + 1, start + 1)) : y + factor * (x - y);
  }
  return ys;
}

const ema = (xs: Series, n: number, start = n - 1): Series => recursive(xs, n, 2 / (n + 1), start);
const zip = (a: Series, b: Series, f: (x: number, y: number) => number): Series => a.map((x, i) => f(x, b[i] as number));
const before = (xs: Series, n = 1): Series => xs.map((_, i) => (i < n ? none : (xs[i - n] as number)));

const typical = ({ high, low, close }: Input): Series => close.map((c, i) => ((high[i] as number) + (low[i] as number) + c) / 3);

function trueRanges({ high, low, close }: Input): Series {
  return before(close).map((previous, i) => {
    const [h, l] = [high[i] as number, low[i] as number];
    return Number.isNaN(previous) ? none : Math.max(h, previous) - Math.min(l, previous);
  });
}

const atr = (input: Input, n: number): Series => recursive(trueRanges(input), n, 1 / n, n);

function fastK({ high, low, close }: Input, n: number): Series {
  const top = windows(high, n, (window) => Math.max(...window));
  const bottom = windows(low, n, (window) => Math.min(...window));
  return close.map((c, i) => {
    const [h, l] = [top[i] as number, bottom[i] as number];
    return h === l ? 0 : (100 * (c - l)) / (h - l);
  });
}

/** Population deviation about the mean, by two passes. */
const deviation = (window: Series): number => Math.sqrt(mean(window.map((x) => (x - mean(window)) ** 2)));

function slope(window: Series): number {
  const middle = (window.length - 1) / 2;
  return sum(window.map((y, x) => (x - middle) * (y - mean(window)))) / sum(window.map((_, x) => (x - middle) ** 2));
}

function cci(window: Series): number {
  const distance = (window.at(-1) as number) - mean(window);
  const width = mean(window.map((x) => Math.abs(x - mean(window))));
  return Math.max(...window) === Math.min(...window) ? 0 : distance / (0.015 * width);
}

function directional(input: Input, n: number): { plus: Series; minus: Series; adx: Series } {
  const ups = zip(input.high, before(input.high), (x, y) => x - y);
  const downs = zip(before(input.low), input.low, (x, y) => x - y);
  const smooth = (xs: Series): Series => {
    const ys: Series = xs.map(() => none);
    let total = sum(xs.slice(1, n));
    for (let i = n; i < xs.length; i++) {
      total = total - total / n + (xs[i] as number);
      ys[i] = total;
    }
    return ys;
  };
  const ranges = smooth(trueRanges(input));
  const share = (moves: Series): Series => zip(smooth(moves), ranges, (move, range) => (range === 0 ? 0 : (100 * move) / range));
  const plus = share(zip(ups, downs, (up, down) => (up > 0 && up > down ? up : 0)));
  const minus = share(zip(downs, ups, (down, up) => (down > 0 && down > up ? down : 0)));
  const dx = zip(plus, minus, (p, m) => (p + m === 0 ? 0 : (100 * Math.abs(p - m)) / (p + m)));
  const adx = recursive(dx, n, 1 / n, 2 * n - 1);
  return { plus, minus, adx };
}

function mfi(input: Input, n: number): Series {
  const prices = typical(input);
  const flows = zip(prices, input.volume, (p, v) => p * v);
  const change = zip(prices, before(prices), (x, y) => x - y);
  const part = (sign: number): Series =>
    windows(
      zip(change, flows, (c, f) => (Number.isNaN(c) ? none : Math.sign(c) === sign ? f : 0)),
      n,
      sum,
    );
  return zip(part(1), part(-1), (up, down) => (up + down < 1 ? 0 : (100 * up) / (up + down)));
}

function anchoredVwap(input: Input, key: (i: number) => number): Series {
  const prices = typical(input);
  return prices.map((_, i) => {
    const members = prices.map((_, k) => k).filter((k) => k <= i && key(k) === key(i));
    const volume = sum(members.map((k) => input.volume[k] as number));
    return sum(members.map((k) => (prices[k] as number) * (input.volume[k] as number))) / volume;
  });
}

function macd(close: Series, fast: number, slow: number, smoothing: number): Record<string, Series> {
  const line = zip(ema(close, fast, slow - 1), ema(close, slow), (x, y) => x - y);
  const signal = ema(line, smoothing, slow + smoothing - 2);
  const cut = zip(line, signal, (x, y) => (Number.isNaN(y) ? none : x));
  return { macd: cut, signal, histogram: zip(cut, signal, (x, y) => x - y) };
}

function rsi(close: Series, n: number): Series {
  const change = zip(close, before(close), (x, y) => x - y);
  const part = (sign: number): Series =>
    recursive(
      change.map((x) => Math.max(sign * x, 0)),
      n,
      1 / n,
      n,
    );
  return zip(part(1), part(-1), (gain, loss) => (gain + loss === 0 ? 0 : (100 * gain) / (gain + loss)));
}

function bands(close: Series, n: number, up: number, down: number, middle: Series): Record<string, Series> {
  const width = windows(close, n, deviation);
  return { upper: zip(middle, width, (m, w) => m + up * w), middle, lower: zip(middle, width, (m, w) => m - down * w) };
}

const HOUR_MS = 3_600_000;
const highest = (window: Series): number => Math.max(...window);
const lowest = (window: Series): number => Math.min(...window);

/** Values by the ids of the indicators that they define. */
export const DEFINITIONS: Readonly<Record<string, (input: Input) => Record<string, Series>>> = {
  "sma@1.0.0(period=20)": ({ close }) => ({ sma: windows(close, 20, mean) }),
  "ema@1.0.0(period=20)": ({ close }) => ({ ema: ema(close, 20) }),
  "rsi@1.0.0(period=14)": ({ close }) => ({ rsi: rsi(close, 14) }),
  "macd@1.0.0(fastPeriod=12,slowPeriod=26,signalPeriod=9)": ({ close }) => macd(close, 12, 26, 9),
  "bbands@1.0.0(period=20,deviationsUp=2,deviationsDown=2,average=sma)": ({ close }) => bands(close, 20, 2, 2, windows(close, 20, mean)),
  "bbands@1.0.0(period=5,deviationsUp=2.5,deviationsDown=1,average=ema)": ({ close }) => bands(close, 5, 2.5, 1, ema(close, 5)),
  "stddev@1.0.0(period=20,deviations=1)": ({ close }) => ({ stddev: windows(close, 20, deviation) }),
  "stddev@1.0.0(period=2,deviations=3)": ({ close }) => ({
    stddev: windows(close, 2, ([x, y]) => (3 * Math.abs((x as number) - (y as number))) / 2),
  }),
  "atr@1.0.0(period=14)": (input) => ({ atr: atr(input, 14) }),
  "trange@1.0.0()": (input) => ({ trange: trueRanges(input) }),
  "natr@1.0.0(period=14)": (input) => ({ natr: zip(atr(input, 14), input.close, (x, c) => (100 * x) / c) }),
  "vwap@1.0.0(anchor=utc-hour,price=hlc3)": (input) => ({
    vwap: anchoredVwap(input, (i) => Math.floor((input.time[i] as number) / HOUR_MS)),
  }),
  "vwap@1.0.0(period=1,price=hlc3)": (input) => ({ vwap: typical(input) }),
  "obv@1.0.0()": ({ close, volume }) => ({
    obv: close.map((_, i) =>
      sum(volume.slice(0, i + 1).map((v, k) => (k === 0 ? v : v * Math.sign((close[k] as number) - (close[k - 1] as number))))),
    ),
  }),
  "stoch@1.0.0(fastKPeriod=14,slowKPeriod=3,slowDPeriod=3)": (input) => {
    const slowK = windows(fastK(input, 14), 3, mean);
    const slowD = windows(slowK, 3, mean);
    return { slowK: zip(slowK, slowD, (k, d) => (Number.isNaN(d) ? none : k)), slowD };
  },
  "stochf@1.0.0(fastKPeriod=5,fastDPeriod=1)": (input) => ({ fastK: fastK(input, 5), fastD: fastK(input, 5) }),
  "linearreg-slope@1.0.0(period=14)": ({ close }) => ({ linearregSlope: windows(close, 14, slope) }),
  "adx@1.0.0(period=14)": (input) => {
    const { plus, minus, adx } = directional(input, 14);
    const cut = (xs: Series): Series => zip(xs, adx, (x, a) => (Number.isNaN(a) ? none : x));
    return { adx, plusDi: cut(plus), minusDi: cut(minus) };
  },
  "plus-di@1.0.0(period=14)": (input) => ({ plusDi: directional(input, 14).plus }),
  "minus-di@1.0.0(period=14)": (input) => ({ minusDi: directional(input, 14).minus }),
  "cci@1.0.0(period=20)": (input) => ({ cci: windows(typical(input), 20, cci) }),
  "willr@1.0.0(period=14)": (input) => ({ willr: fastK(input, 14).map((k, i) => (isFlat(input, 14, i) ? 0 : k - 100)) }),
  "mfi@1.0.0(period=14)": (input) => ({ mfi: mfi(input, 14) }),
  "roc@1.0.0(period=10)": ({ close }) => ({ roc: zip(close, before(close, 10), (x, y) => (100 * (x - y)) / y) }),
  "mom@1.0.0(period=10)": ({ close }) => ({ mom: zip(close, before(close, 10), (x, y) => x - y) }),
  "donchian@1.0.0(period=20)": ({ high, low }) => {
    const upper = windows(high, 20, highest);
    const lower = windows(low, 20, lowest);
    return { upper, middle: zip(upper, lower, (u, l) => l + (u - l) / 2), lower };
  },
};

function isFlat({ high, low }: Input, n: number, end: number): boolean {
  return highest(high.slice(Math.max(end - n + 1, 0), end + 1)) === lowest(low.slice(Math.max(end - n + 1, 0), end + 1));
}

/** Candles with trades, as series. */
export function inputOf(candles: readonly GeneratedCandle[]): Input {
  return {
    high: candles.map((candle) => candle.high as number),
    low: candles.map((candle) => candle.low as number),
    close: candles.map((candle) => candle.close as number),
    volume: candles.map((candle) => candle.volumeBase),
    time: candles.map((candle) => candle.openTime),
  };
}
