import type { Candle, CandleState, Completeness, SessionName } from "./candle.ts";
import { S } from "./candle-sums.ts";
import { exactToNumber, isZero, roundDerived, scaledToNumber, subtractExact } from "./exact.ts";
import type { ContractKind } from "./instrument.ts";
import type { Timeframe } from "./timeframe.ts";

/** Name and version of the rules by which candles are built; a changed formula raises it. */
export const CANDLE_ALGORITHM = "candle@1.0.0";

/** What a series of candles is of. */
export interface SeriesKey {
  venue: string;
  instrument: string;
  anchor: string;
  session: SessionName;
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

const unknown = new Float64Array(2);

/** The candle that is served, stored and published for a row. */
export function createCandle(key: SeriesKey, row: CandleRow, kind: ContractKind, contractSize: number): Candle {
  const { sums } = row;
  const priceScale = sums[S.PRICE_SCALE] as number;
  const sizeScale = sums[S.SIZE_SCALE] as number;
  const some = sums[S.TRADES] !== 0;
  const price = (at: number): number | null => (some ? scaledToNumber(sums[at] as number, priceScale) : null);
  const size = (at: number): number => exactToNumber(sums, at, sizeScale);
  const sizeIfAny = (at: number): number | null => (some ? size(at) : null);
  const trades = sums[S.TRADES] as number;
  const volumeBase = size(S.VOLUME);
  const sumPriceSize = exactToNumber(sums, S.PRICE_SIZE, priceScale + sizeScale);
  const volumeBuy = size(S.BUY_VOLUME);
  const volumeSell = size(S.SELL_VOLUME);
  unknown.set(sums.subarray(S.VOLUME, S.VOLUME + 2));
  subtractExact(unknown, 0, sums, S.BUY_VOLUME);
  subtractExact(unknown, 0, sums, S.SELL_VOLUME);
  const classified = volumeBuy + volumeSell;
  const open = price(S.OPEN);
  const quotes = sums[S.QUOTES] as number;
  const change = (to: number | null, from: number | null): number | null =>
    open === null || open <= 0 || to === null || from === null ? null : roundDerived(((to - from) / open) * 1e4);
  return {
    venue: key.venue,
    instrument: key.instrument,
    timeframe: row.timeframe,
    anchor: key.anchor,
    session: key.session,
    openTime: row.openTime,
    closeTime: row.closeTime,
    state: row.state,
    completeness: row.completeness,
    origin: "trades",
    badMinutes: (sums[S.BAD_MINUTES] as number) + row.absentMinutes,
    flags: sums[S.FLAGS] as number,
    revision: row.revision,
    firstTradeId: row.firstTradeId,
    lastTradeId: row.lastTradeId,
    algo: CANDLE_ALGORITHM,
    open,
    high: price(S.HIGH),
    low: price(S.LOW),
    close: price(S.CLOSE),
    volumeBase,
    volumeBuy,
    volumeSell,
    volumeUnknown: exactToNumber(unknown, 0, sizeScale),
    volumeQuote: kind === "inverse" ? volumeBase * contractSize : sumPriceSize * contractSize,
    sumPriceSize,
    trades,
    tradesBuy: sums[S.BUYS] as number,
    tradesSell: sums[S.SELLS] as number,
    maxTradeSize: some ? scaledToNumber(sums[S.MAX_SIZE] as number, sizeScale) : null,
    avgTradeSize: some ? roundDerived(volumeBase / trades) : null,
    sumBidDepth: size(S.BID_DEPTH),
    sumAskDepth: size(S.ASK_DEPTH),
    sumSpreadBps: sums[S.SPREAD] as number,
    quoteTrades: quotes,
    crossedQuotes: sums[S.CROSSED] as number,
    spreadBps: quotes > 0 ? roundDerived((sums[S.SPREAD] as number) / 1e6 / quotes) : null,
    vdOpen: sizeIfAny(S.VD_OPEN),
    vdHigh: sizeIfAny(S.VD_HIGH),
    vdLow: sizeIfAny(S.VD_LOW),
    vd: size(S.VD),
    vdRatio: classified > 0 ? roundDerived(size(S.VD) / classified) : null,
    cvdOpen: sizeIfAny(S.CVD_OPEN),
    cvdHigh: sizeIfAny(S.CVD_HIGH),
    cvdLow: sizeIfAny(S.CVD_LOW),
    cvd: size(S.CVD),
    cvdBase: size(S.CVD_BASE),
    vwap: vwap(sums, price(S.LOW), price(S.HIGH), priceScale),
    priceChangeBps: change(price(S.CLOSE), open),
    priceRangeBps: change(price(S.HIGH), price(S.LOW)),
    buyPressure: classified > 0 ? roundDerived(volumeBuy / classified) : null,
    sellPressure: classified > 0 ? roundDerived(volumeSell / classified) : null,
    lastClose: sums[S.HAS_LAST_CLOSE] === 1 ? scaledToNumber(sums[S.LAST_CLOSE] as number, priceScale) : null,
  };
}

/** Mean price weighted by size, between low and high; null where nothing was traded. */
function vwap(sums: Float64Array, low: number | null, high: number | null, priceScale: number): number | null {
  if (low === null || high === null || isZero(sums, S.VOLUME)) return null;
  const mean = roundDerived(exactToNumber(sums, S.PRICE_SIZE, 0) / exactToNumber(sums, S.VOLUME, 0) / 10 ** priceScale);
  return Math.min(high, Math.max(low, mean));
}
