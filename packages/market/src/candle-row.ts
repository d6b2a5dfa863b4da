import type { Candle, CandleState, Completeness, SessionName } from "./candle.ts";
import { S } from "./candle-sums.ts";
import { addExact, copyExact, exactTimesDecimal, exactToNumber, isZero, roundDerived, scaledToNumber, subtractExact } from "./exact.ts";
import type { CalendarName, ContractKind } from "./instrument.ts";
import type { Timeframe } from "./timeframe.ts";

/** Name and version of the rules by which candles are built; a changed formula raises it. */
export const CANDLE_ALGORITHM = "candle@1.0.0";

/** What a series of candles is of. */
export interface SeriesKey {
  venue: string;
  instrument: string;
  anchor: string;
  session: SessionName;
  calendar: CalendarName;
}

/** One candle with its exact sums, as it is kept. */
export interface CandleRow {
  timeframe: Timeframe;
  /** Epoch milliseconds. */
  openTime: number;
  closeTime: number;
  state: CandleState;
  completeness: Completeness;
  revision: number;
  firstTradeId: string | null;
  lastTradeId: string | null;
  /** Scheduled minutes of the interval that no minute candle stands for; counted in badMinutes. */
  absentMinutes: number;
  sums: Float64Array;
}

const scratch = new Float64Array(2);

/** The candle that is served, stored and published for a row. */
export function createCandle(key: SeriesKey, row: CandleRow, kind: ContractKind, contractSize: number): Candle {
  const { sums } = row;
  const priceScale = sums[S.PRICE_SCALE] as number;
  const sizeScale = sums[S.SIZE_SCALE] as number;
  const trades = sums[S.TRADES] as number;
  const quotes = sums[S.QUOTES] as number;
  return {
    venue: key.venue,
    instrument: key.instrument,
    timeframe: row.timeframe,
    anchor: key.anchor,
    session: key.session,
    calendar: key.calendar,
    openTime: row.openTime,
    closeTime: row.closeTime,
    state: row.state,
    completeness: row.completeness,
    origin: "trades",
    badMinutes: badMinutesOf(row),
    flags: sums[S.FLAGS] as number,
    revision: row.revision,
    firstTradeId: row.firstTradeId,
    lastTradeId: row.lastTradeId,
    algo: CANDLE_ALGORITHM,
    open: priceAt(sums, S.OPEN),
    high: priceAt(sums, S.HIGH),
    low: priceAt(sums, S.LOW),
    close: priceAt(sums, S.CLOSE),
    volumeBase: exactToNumber(sums, S.VOLUME, sizeScale),
    volumeBuy: exactToNumber(sums, S.BUY_VOLUME, sizeScale),
    volumeSell: exactToNumber(sums, S.SELL_VOLUME, sizeScale),
    volumeUnknown: exactToNumber(unknownVolume(sums), 0, sizeScale),
    volumeQuote: quoteVolume(sums, kind, contractSize),
    sumPriceSize: exactToNumber(sums, S.PRICE_SIZE, priceScale + sizeScale),
    trades,
    tradesBuy: sums[S.BUYS] as number,
    tradesSell: sums[S.SELLS] as number,
    maxTradeSize: trades > 0 ? scaledToNumber(sums[S.MAX_SIZE] as number, sizeScale) : null,
    avgTradeSize: trades > 0 ? roundDerived(exactToNumber(sums, S.VOLUME, sizeScale) / trades) : null,
    sumBidDepth: exactToNumber(sums, S.BID_DEPTH, sizeScale),
    sumAskDepth: exactToNumber(sums, S.ASK_DEPTH, sizeScale),
    sumSpreadBps: sums[S.SPREAD] as number,
    quoteTrades: quotes,
    crossedQuotes: sums[S.CROSSED] as number,
    spreadBps: quotes > 0 ? roundDerived((sums[S.SPREAD] as number) / (1e6 * quotes)) : null,
    vdOpen: deltaAt(sums, S.VD_OPEN),
    vdHigh: deltaAt(sums, S.VD_HIGH),
    vdLow: deltaAt(sums, S.VD_LOW),
    vd: exactToNumber(sums, S.VD, sizeScale),
    vdRatio: shareOfClassified(sums, S.VD),
    cvdOpen: deltaAt(sums, S.CVD_OPEN),
    cvdHigh: deltaAt(sums, S.CVD_HIGH),
    cvdLow: deltaAt(sums, S.CVD_LOW),
    cvd: exactToNumber(sums, S.CVD, sizeScale),
    cvdBase: exactToNumber(sums, S.CVD_BASE, sizeScale),
    vwap: vwapOf(sums),
    priceChangeBps: changeBps(sums, S.CLOSE, S.OPEN),
    priceRangeBps: changeBps(sums, S.HIGH, S.LOW),
    buyPressure: shareOfClassified(sums, S.BUY_VOLUME),
    sellPressure: shareOfClassified(sums, S.SELL_VOLUME),
    lastClose: sums[S.HAS_LAST_CLOSE] === 1 ? scaledToNumber(sums[S.LAST_CLOSE] as number, priceScale) : null,
  };
}

/** Scheduled minutes of a row that are partial, venue-down or absent. */
export function badMinutesOf(row: CandleRow): number {
  return (row.sums[S.BAD_MINUTES] as number) + row.absentMinutes;
}

function priceAt(sums: Float64Array, at: number): number | null {
  return sums[S.TRADES] === 0 ? null : scaledToNumber(sums[at] as number, sums[S.PRICE_SCALE] as number);
}

function deltaAt(sums: Float64Array, at: number): number | null {
  return sums[S.TRADES] === 0 ? null : exactToNumber(sums, at, sums[S.SIZE_SCALE] as number);
}

/** In `scratch`: valid until the next call that uses it. */
function unknownVolume(sums: Float64Array): Float64Array {
  copyExact(scratch, 0, sums, S.VOLUME);
  subtractExact(scratch, 0, sums, S.BUY_VOLUME);
  subtractExact(scratch, 0, sums, S.SELL_VOLUME);
  return scratch;
}

/** A signed volume over buy and sell volume; null where no trade has a side. */
function shareOfClassified(sums: Float64Array, at: number): number | null {
  copyExact(scratch, 0, sums, S.BUY_VOLUME);
  addExact(scratch, 0, sums, S.SELL_VOLUME);
  return isZero(scratch, 0) ? null : roundDerived(exactToNumber(sums, at, 0) / exactToNumber(scratch, 0, 0));
}

/** Sum of the trades' notional: price x size x contractSize, for inverse contracts size x contractSize. */
function quoteVolume(sums: Float64Array, kind: ContractKind, contractSize: number): number {
  const at = kind === "inverse" ? S.VOLUME : S.PRICE_SIZE;
  const scale = (sums[S.SIZE_SCALE] as number) + (kind === "inverse" ? 0 : (sums[S.PRICE_SCALE] as number));
  return contractSize === 1 ? exactToNumber(sums, at, scale) : exactTimesDecimal(sums, at, scale, contractSize);
}

/** The difference of two prices over the open, taken on the scaled integers; null where the open is not above 0. */
function changeBps(sums: Float64Array, to: number, from: number): number | null {
  const open = sums[S.OPEN] as number;
  if (sums[S.TRADES] === 0 || open <= 0) return null;
  return roundDerived((((sums[to] as number) - (sums[from] as number)) * 1e4) / open);
}

/** Mean price weighted by size, between low and high; null where nothing was traded. */
function vwapOf(sums: Float64Array): number | null {
  const low = priceAt(sums, S.LOW);
  const high = priceAt(sums, S.HIGH);
  if (low === null || high === null || isZero(sums, S.VOLUME)) return null;
  const mean = exactToNumber(sums, S.PRICE_SIZE, 0) / exactToNumber(sums, S.VOLUME, 0);
  return Math.min(high, Math.max(low, roundDerived(mean / 10 ** (sums[S.PRICE_SCALE] as number))));
}
