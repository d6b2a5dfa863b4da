import type { Candle, CandleState, Completeness, SessionName } from "./candle.ts";
import { deltasOf, judgementsOf, meansOf, pricesOf, quotesOf, sizesOf, volumesOf } from "./candle-values.ts";
import type { CalendarName, Instrument } from "./instrument.ts";
import { S } from "./sums-layout.ts";
import type { Timeframe } from "./timeframe.ts";

/** Name and version of the rules by which candles are built; a changed formula raises it. */
export const CANDLE_ALGORITHM = "candle@1.1.0";

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

/** The candle that is served, stored and published for a row. */
export function createCandle({ key, instrument }: { key: SeriesKey; instrument: Instrument }, row: CandleRow): Candle {
  const { sums } = row;
  return {
    ...key,
    timeframe: row.timeframe,
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
    ...pricesOf(sums),
    ...volumesOf(sums, instrument),
    ...sizesOf(sums, instrument),
    ...quotesOf(sums),
    ...deltasOf(sums),
    ...meansOf(sums),
    ...judgementsOf(sums, row.state),
  };
}

/** Scheduled minutes of a row that are partial, venue-down or absent. */
export function badMinutesOf(row: CandleRow): number {
  return (row.sums[S.BAD_MINUTES] as number) + row.absentMinutes;
}
