import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { readCapture, readGzip, readLeanTrades, readZipRows } from "../../cli/test/raw-files.ts";
import { isLong } from "../../testkit/src/long-form.ts";
import { sharedPath, sharedTitle } from "../../testkit/src/shared-folder.ts";
import { closedBy, inTime, stepsOf } from "./arrivals.ts";
import { naiveCandles, type PlainSession, type PlainTrade } from "./naive-candles.ts";
import { cryptoSessions, expectNaive } from "./plain-trades.ts";
import { CRYPTO, EQUITY, SeriesRun } from "./series-run.ts";

const MINUTE_US = 60_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Monday 2013-10-07: New York is four hours behind UTC, and trades from 04:00 to 20:00. */
const MONDAY = Date.UTC(2013, 9, 7);
const NEW_YORK: PlainSession[] = [0, 1, 2, 3, 4].map((day) => ({
  open: MONDAY + day * DAY + 8 * HOUR,
  close: MONDAY + day * DAY + 24 * HOUR,
  week: 0,
}));

/** Symbol, day of October 2013, trades. */
const EQUITIES = [
  ["aig", 7, 25_351],
  ["ibm", 8, 33_381],
  ["bac", 8, 125_872],
  ["spy", 7, 250_601],
] as const;
/** The short form leaves them out: `replay` compares one of them with candles that are built plainly. */
const TAKEN = isLong ? EQUITIES : [];
const LONGEST_MS = 600_000;

/** Expects every closed candle of the trades, with every column, to be the slow reference's. */
function expectReference(
  trades: readonly PlainTrade[],
  instrument: typeof CRYPTO,
  sessions: readonly PlainSession[],
  untilMs: number,
): number {
  const first = Math.floor((trades[0] as PlainTrade).timeUs / MINUTE_US) * MINUTE_US;
  const run = new SeriesRun(instrument, first).run(stepsOf(inTime(trades), first, untilMs * 1000, MINUTE_US));
  const closedUntil = closedBy(sessions, untilMs, instrument.closeDelayMs);
  const naive = naiveCandles({ ...instrument, sessions, coveredFromUs: first, closedUntil, trades, gaps: [], windows: true });
  expectNaive(run.candles(), naive);
  return naive.size;
}

test.each(TAKEN)(
  "%s of a day in October 2013",
  (symbol, day, count) => {
    const path = sharedPath(`data/ticks_lean/equity_${symbol}_2013100${day}_trade.zip`);
    if (!existsSync(path)) return console.warn(sharedTitle(symbol, path));
    const midnight = Date.UTC(2013, 9, day, 4);
    const trades = readLeanTrades(readZipRows(path), midnight).map((trade): PlainTrade => {
      const { hasQuote: _, ...rest } = trade;
      return { ...rest, epoch: symbol, id: null, priceScale: 4, sizeScale: 0, quote: null };
    });
    expect(trades).toHaveLength(count);
    const instrument = { ...EQUITY, instrument: symbol.toUpperCase(), priceScale: 4, sizeScale: 0 };
    expect(expectReference(trades, instrument, NEW_YORK, midnight + 21 * HOUR)).toBeGreaterThan(1_000);
    return undefined;
  },
  LONGEST_MS,
);

test(
  "BTC-USDT, two captures with quotes",
  () => {
    const paths = ["08", "09"].map((day) => sharedPath(`data/crypto_ws/binance_spot_btcusdt_202408${day}.txt.gz`));
    if (!paths.every((path) => existsSync(path))) return console.warn(sharedTitle("BTC-USDT", ...paths));
    const trades = readCapture(paths.map(readGzip)).trades.map((trade): PlainTrade => {
      const { hasQuote: _, quote, ...rest } = trade;
      return {
        ...rest,
        epoch: "",
        id: undefined,
        priceScale: 2,
        sizeScale: 5,
        quote: quote && { ...quote, ageUs: 0, method: "arrival" },
      };
    });
    expect(trades).toHaveLength(19_904);
    const start = Date.UTC(2024, 7, 8);
    const last = Math.ceil((trades.at(-1) as PlainTrade).timeUs / MINUTE_US) * 60_000;
    const instrument = { ...CRYPTO, priceScale: 2, sizeScale: 5 };
    expect(expectReference(trades, instrument, cryptoSessions(start - 7 * DAY, 4), last + 5 * 60_000)).toBeGreaterThan(20);
    return undefined;
  },
  LONGEST_MS,
);
