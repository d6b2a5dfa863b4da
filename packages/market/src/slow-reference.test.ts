import { expect, test } from "vitest";
import { type NaiveCandle, type NaiveInput, naiveCandles, type PlainSession, type PlainTrade } from "../test/naive-candles.ts";

/** Second of the tape, price, size, side, and the quote before it as bid, ask, bid size, ask size. */
type Row = [second: number, price: number, size: number, side: 1 | -1 | 0, quote?: [number, number, number, number]];

const MINUTE = 60_000;
const ONE_SESSION: PlainSession[] = [{ open: 0, close: 60 * MINUTE, week: 0 }];

/** Prices have two decimals and sizes three. */
function tape(rows: readonly Row[]): PlainTrade[] {
  const cents = (price: number): number => Math.round(price * 100);
  const thousandths = (size: number): number => Math.round(size * 1000);
  return rows.map(([second, price, size, side, quote], i) => ({
    epoch: "",
    seq: i,
    id: undefined,
    timeUs: Math.round(second * 1_000_000),
    price: cents(price),
    priceScale: 2,
    size: thousandths(size),
    sizeScale: 3,
    side,
    quote: quote
      ? {
          bid: cents(quote[0]),
          ask: cents(quote[1]),
          bidSize: thousandths(quote[2]),
          askSize: thousandths(quote[3]),
          ageUs: 0,
          method: "venue",
        }
      : null,
  }));
}

/** Candles of the tape's first `minutes` minutes. */
function candlesOf(rows: readonly Row[], minutes: number, more: Partial<NaiveInput> = {}): Map<string, NaiveCandle> {
  return naiveCandles({
    sessions: ONE_SESSION,
    coveredFromUs: 0,
    closedUntil: minutes * MINUTE,
    trades: tape(rows),
    gaps: [],
    ...more,
  });
}

/** Open, high, low and close of a running value. */
function four(candle: NaiveCandle | undefined, name: string): unknown[] {
  return [candle?.[`${name}Open`], candle?.[`${name}High`], candle?.[`${name}Low`], candle?.[name]];
}

function expectFour(candle: NaiveCandle | undefined, name: string, expected: readonly (number | null)[]): void {
  const near = expected.map((value) => (value === null ? null : expect.closeTo(value, 9)));
  expect([name, ...four(candle, name)]).toEqual([name, ...near]);
}

test("running values are taken after each trade at 1m, and at the end of each minute with trades above it", () => {
  const candles = candlesOf(
    [
      [1, 100, 2, 1, [99.99, 100.01, 3, 1]],
      [2, 101, 1, -1],
      [3, 102, 1, 0, [101, 103, 1, 2]],
      [61, 99, 4, -1, [99, 99, 2, 2]],
    ],
    3,
  );
  const first = candles.get("1m 0");
  // buy 2, sell 0; then buy 2, sell 1: (2-1)/3; the unknown one changes nothing
  expectFour(first, "vdRatio", [1, 1, 1 / 3, 1 / 3]);
  // bids 3, asks 1: 2/4; no quote; bids 4, asks 3: 1/7 and 4/3
  expectFour(first, "bookImbalance", [0.5, 0.5, 1 / 7, 1 / 7]);
  expectFour(first, "liquidityRatio", [3, 3, 4 / 3, 4 / 3]);
  // 200/2; (200+101)/3; (301+102)/4
  expectFour(first, "vwap", [100, 100.75, 100, 100.75]);
  // 2/1; 3/2; 4/3
  expectFour(first, "avgTradeSize", [2, 2, 4 / 3, 4 / 3]);
  // 0.02/100 = 2 bps; 2/102 = 196.0784313725.. bps, counted as 196.078431; (2 + 196.078431)/2
  expectFour(first, "spreadBps", [2, 99.0392155, 2, 99.0392155]);
  // 0; 1/100; 2/100
  expectFour(first, "priceChangeBps", [0, 200, 0, 200]);
  // 0; (101·3-301)/301; (102·4-403)/403
  expectFour(first, "vwapDistanceBps", [0, 50_000 / 403, 0, 50_000 / 403]);
  // 0/(100·1); 100/(100/3); 200/(100/3)
  expectFour(first, "evr", [0, 6, 0, 6]);

  // samples at the ends of both minutes; then buy 2, sell 5; bids 6, asks 5; Σpq 403 + 396, Σq 8
  const folded = candles.get("3m 0");
  expectFour(folded, "vdRatio", [1 / 3, 1 / 3, -3 / 7, -3 / 7]);
  expectFour(folded, "bookImbalance", [1 / 7, 1 / 7, 1 / 11, 1 / 11]);
  expectFour(folded, "liquidityRatio", [4 / 3, 4 / 3, 1.2, 1.2]);
  expectFour(folded, "vwap", [100.75, 100.75, 99.875, 99.875]);
  expectFour(folded, "avgTradeSize", [4 / 3, 2, 4 / 3, 2]);
  // the locked quote adds 0: 198.078431/3
  expectFour(folded, "spreadBps", [99.0392155, 99.0392155, 198.078431 / 3, 198.078431 / 3]);
  expectFour(folded, "priceChangeBps", [200, 200, -100, -100]);
  // (99·8-799)/799
  expectFour(folded, "vwapDistanceBps", [50_000 / 403, 50_000 / 403, -70_000 / 799, -70_000 / 799]);
  // -100/(100·3/7)
  expectFour(folded, "evr", [6, 6, -7 / 3, -7 / 3]);
  // 40·(-3/7) - 200 + 20/11 - 10 is far below -100
  expect(folded).toMatchObject({ momentumScore: -100, divergence: 0, absorptionIntensity: 0 });

  const quiet = candles.get("1m 120000");
  for (const name of ["vdRatio", "bookImbalance", "liquidityRatio", "vwap", "avgTradeSize", "spreadBps", "priceChangeBps", "evr"])
    expectFour(quiet, name, [null, null, null, null]);
  expect(quiet).toMatchObject({ momentumScore: null, divergence: 0, absorptionIntensity: 0, bigTrades: 0, bigVolume: 0 });
});

test("divergence includes its bounds; effort against result is null below 0.05; undefined values count as open and close only", () => {
  const candles = candlesOf(
    [
      [0, 2000, 11, -1],
      [1, 2000.1, 9, 1],
      [60, 2000, 1, 0, [1999, 2001, 3, 1]],
      [61, 2000, 20, 1],
      [62, 2000, 19, -1],
      [120, 2000, 1, -1],
    ],
    3,
  );
  // r = (9-11)/20 = -0.1 and 0.1/2000 = 0.5 bps: just sold, yet just risen; E = 0.5/10, 1/(0.05+0.1)
  const first = candles.get("1m 0");
  expect(first?.["divergence"]).toBe(1);
  expectFour(first, "evr", [0, 0.05, 0, 0.05]);
  expect(first?.["absorptionIntensity"]).toBeCloseTo(20 / 3, 12);
  // 40·(-0.1) + 2·0.5 + 0 + 10, for the divergence turns the bonus round
  expect(first?.["momentumScore"]).toBeCloseTo(7, 12);

  // unknown: null; 20/20; 1/39 < 0.05
  const second = candles.get("1m 60000");
  expectFour(second, "vdRatio", [null, 1, 1 / 39, 1 / 39]);
  expectFour(second, "evr", [null, 0, 0, null]);
  // 40/39 + 0 + 20·(3-1)/4 + 10
  expect(second).toMatchObject({ divergence: 0, absorptionIntensity: 0 });
  expect(second?.["momentumScore"]).toBeCloseTo(40 / 39 + 20, 12);

  // -2/20; (29-30)/59 with -0.0169 < 0.05; (29-31)/60 = -0.0333
  const folded = candles.get("3m 0");
  expectFour(folded, "vdRatio", [-0.1, -1 / 59, -0.1, -1 / 30]);
  expectFour(folded, "evr", [0.05, 0.05, 0.05, null]);
  // 40·(-1/30) + 0 + 10 - 10
  expect(folded?.["momentumScore"]).toBeCloseTo(-4 / 3, 12);
});

test("the session's vwap starts with each session, stays through quiet minutes, and a week shows that of its last session", () => {
  const sessions: PlainSession[] = [
    { open: 0, close: 3 * MINUTE, week: 0 },
    { open: 10 * MINUTE, close: 13 * MINUTE, week: 0 },
  ];
  const first: Row[] = [
    [5, 10, 1, 1],
    [125, 20, 3, -1],
  ];
  const candles = candlesOf([...first, [665, 30, 1, 0]], 13, { sessions });
  const values = (timeframe: string, ...minutes: number[]) =>
    minutes.map((minute) => candles.get(`${timeframe} ${minute * MINUTE}`)?.["vwapSession"]);
  // 10; carried; (10 + 60)/4 = 17.5; none yet; 30; carried
  expect(values("1m", 0, 1, 2, 10, 11, 12)).toEqual([10, 10, 17.5, null, 30, 30]);
  expect(values("1d", 0, 10)).toEqual([17.5, 30]);
  expect(values("1w", 0)).toEqual([30]);
  expect(candlesOf(first, 13, { sessions }).get("1w 0")?.["vwapSession"]).toBeNull();
});

test("big is what reaches the instrument's threshold: money for crypto, shares or money for equities, contracts for futures", () => {
  const bigOf = (more: Partial<NaiveInput>, rows: Row[]) => {
    const candles = candlesOf(rows, 2, more);
    return [0, 60_000].map((open) => {
      const candle = candles.get(`1m ${open}`);
      return [candle?.["bigTrades"], candle?.["bigVolume"], candle?.["bigVolumeBuy"], candle?.["bigVolumeSell"]];
    });
  };
  const rowsOf = (price: number, ...sizes: number[]): Row[] => sizes.map((size, i) => [i, price, size, ([1, -1, 0] as const)[i % 3] as 1]);
  // 50,000 · 2 = 100,000; 50,000 · 1.999 = 99,950; 50,000 · 3
  expect(bigOf({}, rowsOf(50_000, 2, 1.999, 3))).toEqual([
    [2, 5, 2, 0],
    [0, 0, 0, 0],
  ]);
  // 50,000 · 0.001 · 2,000 = 100,000
  expect(bigOf({ kind: "linear", contractSize: 0.001 }, rowsOf(50_000, 1_999.999, 2_000))[0]).toEqual([1, 2_000, 0, 2_000]);
  // contracts of 100 USD whatever the price
  expect(bigOf({ instrument: "BTC-USD-PERP", kind: "inverse", contractSize: 100 }, rowsOf(3, 999, 1_000))[0]).toEqual([1, 1_000, 0, 1_000]);
  // 50,000 and 25,000 USD
  expect(bigOf({ instrument: "ETH-USDC" }, rowsOf(2_500, 20, 19.999))[0]).toEqual([1, 20, 20, 0]);
  expect(bigOf({ instrument: "SOL-USD" }, rowsOf(100, 249, 250))[0]).toEqual([1, 250, 0, 250]);
  expect(bigOf({ instrument: "BTC-EUR" }, rowsOf(50_000, 2))).toEqual([
    [null, null, null, null],
    [null, null, null, null],
  ]);
  // 10,000 shares of 5 USD; 500 · 400 = 200,000 in the next
  expect(bigOf({ instrument: "SPY", calendar: "us-equity" }, rowsOf(5, 10_000, 9_999))[0]).toEqual([1, 10_000, 10_000, 0]);
  expect(bigOf({ instrument: "SPY", calendar: "us-equity" }, rowsOf(400, 499, 500))[0]).toEqual([1, 500, 0, 500]);
  expect(bigOf({ instrument: "GC-201312", kind: "linear", contractSize: 100 }, rowsOf(1_250, 24, 25))[0]).toEqual([1, 25, 0, 25]);
  expect(bigOf({ instrument: "NG-201401", kind: "linear", contractSize: 10_000 }, rowsOf(4, 49, 50))[0]).toEqual([1, 50, 0, 50]);
});

/** What a column says in the minutes given. */
const column = (candles: Map<string, NaiveCandle>, name: string, minutes: readonly number[], timeframe = "1m"): unknown[] =>
  minutes.map((minute) => candles.get(`${timeframe} ${minute * MINUTE}`)?.[name]);

/** One gap over whole and part minutes that is never filled. */
const gapOf = (fromSecond: number, toSecond: number): Pick<NaiveInput, "gaps"> => ({
  gaps: [{ id: "g", fromUs: fromSecond * 1_000_000, toUs: toSecond * 1_000_000, state: "unfilled", missing: null }],
});

test("windows look back over candles with trades; a streak goes on over a quiet minute and starts again after a gap", () => {
  // vd by minute: 4, 2, quiet, 6, -3, -1 then 0, 5, venue-down, 5, 5
  const candles = candlesOf(
    [
      [0, 100, 4, 1],
      [60, 100, 2, 1],
      [180, 100, 6, 1],
      [240, 100, 3, -1],
      [300, 100, 1, -1],
      [301, 100, 1, 1],
      [360, 100, 5, 1],
      [480, 100, 5, 1],
      [540, 100, 5, 1],
    ],
    10,
    { windows: true, adaptive: true, ...gapOf(430, 440) },
  );
  const minutes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  expect(column(candles, "completeness", [2, 7, 8])).toEqual(["no-trades", "venue-down", "full"]);
  // none: 1; 2/4; quiet; 6/((4+2)/2); 3/((4+2+6)/3); 0; 5/((4+2+6+3+0)/5); down; 5/((2+6+3+0+5)/5); 5/((6+3+0+5+5)/5)
  expect(column(candles, "vdStrength", minutes)).toEqual([1, 0.5, null, 2, 0.75, 0, 5 / 3, null, 25 / 16, 25 / 19]);
  // 1/((4+2+6+3)/4), then 0
  expectFour(candles.get("1m 300000"), "vdStrength", [4 / 15, 4 / 15, 0, 0]);
  expect(column(candles, "imbalanceStreak", minutes)).toEqual([1, 2, 0, 3, -1, 0, 1, 0, 1, 2]);
  // (4+2+6-3+0)/5; (2+6-3+0+5)/5; (6-3+0+5+5)/5, for venue-down is no hole; (-3+0+5+5+5)/5
  expect(column(candles, "cvdSlope", minutes)).toEqual([null, null, null, null, null, 1.8, 2, null, 2.6, 2.4]);
  // r is 1 or -1 but for minute 5, where it is 0 after -1
  expect(column(candles, "deltaExhaustion", minutes)).toEqual([0, 0, 0, 0, 0, -1, 0, 0, 0, 0]);

  // vd 6; then 6, 3, 3 against 6; then 5, 10 against (6+3)/2
  expectFour(candles.get("3m 0"), "vdStrength", [1, 1, 1, 1]);
  expectFour(candles.get("3m 180000"), "vdStrength", [1, 1, 0.5, 0.5]);
  expectFour(candles.get("3m 360000"), "vdStrength", [10 / 9, 20 / 9, 10 / 9, 20 / 9]);
  expect(column(candles, "imbalanceStreak", [0, 3, 6], "3m")).toEqual([1, 2, 3]);
});

test("below a day a new session starts windows and streaks anew, from a day on it does not; exhaustion looks over its open", () => {
  const sessions: PlainSession[] = [
    { open: 0, close: 3 * MINUTE, week: 0 },
    { open: 10 * MINUTE, close: 13 * MINUTE, week: 0 },
  ];
  const candles = candlesOf(
    [
      [0, 100, 4, 1],
      [60, 100, 2, 1],
      [600, 100, 3, -1],
      [601, 100, 3, 1],
      [660, 100, 3, 1],
    ],
    13,
    { sessions, windows: true, adaptive: true },
  );
  // none before: 1 and 1; a mean of 0 before 3: 2
  expectFour(candles.get("1m 600000"), "vdStrength", [1, 1, 1, 1]);
  expect(column(candles, "vdStrength", [10, 11])).toEqual([1, 2]);
  expect(column(candles, "imbalanceStreak", [0, 1, 10, 11])).toEqual([1, 2, 0, 1]);
  // r is 1 in minute 1, 0 in minute 10
  expect(column(candles, "deltaExhaustion", [10, 11])).toEqual([1, 0]);
  // 0 and 3 against the 6 of the session before
  expectFour(candles.get("1d 600000"), "vdStrength", [0, 0.5, 0, 0.5]);
  expect(column(candles, "imbalanceStreak", [0, 10], "1d")).toEqual([1, 2]);
});

test("a hole longer than a window empties it, one as long does not; any hole ends streaks, slopes and exhaustion", () => {
  const rows = (minute: number): Row[] => [
    [0, 100, 4, 1],
    [minute * 60 + 5, 100, 1, -1],
    [minute * 60 + 6, 100, 1, 1],
    [(minute + 1) * 60, 100, 3, -1],
  ];
  // minutes 1 to 6 are absent: six are more than five
  const six = candlesOf(rows(7), 9, { windows: true, adaptive: true, ...gapOf(60, 420) });
  expect(six.has("1m 360000")).toBe(false);
  expect(column(six, "vdStrength", [7, 8])).toEqual([1, 2]);
  expect(column(six, "deltaExhaustion", [7, 8])).toEqual([0, 0]);
  // at 3m one candle is absent: 0/4, 3/4; its streak is -1 anyhow
  expectFour(six.get("3m 360000"), "vdStrength", [0, 0.75, 0, 0.75]);
  expect(six.get("3m 360000")).toMatchObject({ deltaExhaustion: 0, imbalanceStreak: -1 });

  // minutes 1 to 5 are absent, the first second of minute 6 is lost: 0/4; 3/((4+0)/2)
  const five = candlesOf(rows(6), 8, { windows: true, adaptive: true, ...gapOf(60, 361) });
  expect(five.has("1m 300000")).toBe(false);
  expect(column(five, "completeness", [6])).toEqual(["partial"]);
  expect(column(five, "vdStrength", [6, 7])).toEqual([0, 1.5]);

  // five candles with vd 1 each, but for a hole of six minutes before the last: a streak of 1 and no slope
  const late: Row[] = [0, 1, 2, 3, 10].map((minute) => [minute * 60, 100, 1, 1]);
  const broken = candlesOf(late, 11, { windows: true, adaptive: true, ...gapOf(240, 600) });
  expect(column(broken, "imbalanceStreak", [3, 10])).toEqual([4, 1]);
  expect(column(broken, "cvdSlope", [3, 10])).toEqual([null, null]);
});

test("volume spikes against the 20 candles with trades before, a quiet minute at 0", () => {
  const ones: Row[] = Array.from({ length: 20 }, (_, minute) => [minute * 60, 100, 1, 1]);
  const candles = candlesOf([...ones, [1260, 100, 3, 1], [1320, 100, 1.1, -1]], 23, { windows: true, adaptive: true });
  // 19 before; 0/1; 3/1; 1.1/((19 + 3)/20)
  expect(column(candles, "volumeSpike", [19, 20, 21, 22])).toEqual([null, 0, 3, 1]);
});

test("smart money pressure goes through its eight steps", () => {
  const candles = candlesOf(
    [
      [0, 100, 4, 1, [99.95, 100.05, 3, 1]],
      [60, 100, 6, -1],
      [61, 100.1, 2, 1, [100.09, 100.11, 3, 1]],
      [120, 100.1, 1_000, 1],
      [180, 100.1, 1, 1],
    ],
    5,
    { windows: true, adaptive: true },
  );
  // r 1, b 0.5, E 0, S 10, M 1: (50 + 7.5)·0.7·(1 - 0.3) = 28.175
  expect(candles.get("1m 0")).toMatchObject({ smp: 28, smpFinal: 28 });
  // r -1, M 6/4, E 0: -50·1.3·0.7 = -45.5; then r -0.5, M 4/4, b 0.5 against it, E 10/50, S < 5: (-25 + 5)·0.7 = -14
  expectFour(candles.get("1m 60000"), "smp", [-46, -14, -46, -14]);
  // it rose by 10 bps while sold, so D is 1: (-25 + 5 + 25·0.5)·0.7 = -5.25
  expect(candles.get("1m 60000")).toMatchObject({ divergence: 1, smpFinal: -5 });
  // 100,100 USD is big, all of the volume: 50·2; M 1,000/4: ·1.3; E 0: ·0.7
  expect(candles.get("1m 120000")).toMatchObject({ bigTrades: 1, smp: 91, smpFinal: 91 });
  // M 1/((4 + 4 + 1,000)/3) < 0.7: 50·0.8·0.7
  expect(candles.get("1m 180000")).toMatchObject({ smp: 28, smpFinal: 28 });
  expect(candles.get("1m 240000")).toMatchObject({ smp: null, smpOpen: null, smpFinal: null, vdStrength: null });

  const risen = candlesOf(
    [
      [0, 100, 1, 1],
      [1, 101, 1, 1, [100.99, 101.01, 3, 1]],
      [60, 100, 1, 1],
      [61, 102, 1, 1],
      [120, 100, 1_000, 1],
      [121, 102, 1_000, 1],
    ],
    3,
    { windows: true, adaptive: true },
  );
  // E 0 in the first trade: 50·0.7; then E 100/100, b 0.5, S 1.98: 50 + 7.5 = 57.5, half away from zero
  expectFour(risen.get("1m 0"), "smp", [35, 58, 35, 58]);
  // M 1/2 and E 0: 50·0.8·0.7; then M 2/2, E 200/100: 50·1.2
  expectFour(risen.get("1m 60000"), "smp", [28, 60, 28, 60]);
  // 50·2·1.3·0.7 = 91; then 50·2·1.3·1.2 = 156
  expectFour(risen.get("1m 120000"), "smp", [91, 100, 91, 100]);
});

test("the adaptive threshold is that of the last 10,000 trades before the minute, null before the first 1,000", () => {
  const minuteOf = (...groups: [count: number, size: number][]): Row[] =>
    groups.flatMap(([count, size]) => Array.from({ length: count }, (): number => size)).map((size, i) => [i * 0.001, 100, size, 1]);
  const adaptive = (rows: readonly Row[], minute: number, timeframe?: string) => {
    const candles = candlesOf(rows, 6, { windows: true, adaptive: true });
    return ["bigThreshold", "bigTradesAdaptive", "bigVolumeAdaptive"].flatMap((name) => column(candles, name, [minute], timeframe));
  };
  // rank 990 of 1,000 is 5, rank 500 is 1: max(5, 3)
  const tail: Row[] = [
    [60, 100, 5, 1],
    [61, 100, 4, -1],
  ];
  const rows = [...minuteOf([980, 1], [20, 5]), ...tail];
  expect(adaptive(rows, 0)).toEqual([null, null, null]);
  expect(adaptive(rows, 1)).toEqual([5, 1, 5]);
  expect(adaptive(rows, 2)).toEqual([5, 0, 0]);
  expect(adaptive(rows, 0, "3m")).toEqual([5, 1, 5]);
  // one trade short of 1,000, and then minute 3 has 1,001 before it: rank 991 of 979, 4, 21
  expect(adaptive([...minuteOf([979, 1], [20, 5]), ...tail], 1)).toEqual([null, null, null]);
  expect(adaptive([...minuteOf([979, 1], [20, 5]), ...tail, [180, 100, 7, 0]], 3)).toEqual([5, 1, 7]);
  // rank 990 is 2: max(2, 3·2)
  const even = minuteOf([995, 2], [5, 5]);
  expect(adaptive([...even, [60, 100, 6, 1], [61, 100, 5.999, 1]], 1)).toEqual([6, 1, 6]);
  // of 11,000 in ten minutes the first 1,000 are forgotten: max(1, 3)
  const many = Array.from({ length: 11_000 }, (_, i): Row => [i * 0.05, 100, i < 1_000 ? 100 : 1, 1]);
  const candles = candlesOf([...many, [600, 100, 3, 1]], 11, { windows: true, adaptive: true });
  expect(column(candles, "bigThreshold", [0, 9, 10])).toEqual([null, 100, 3]);
  expect(column(candles, "bigVolumeAdaptive", [10])).toEqual([3]);
});
