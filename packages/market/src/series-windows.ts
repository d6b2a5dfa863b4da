import { type Calendar, sessionAt } from "./calendar.ts";
import type { SessionName } from "./candle.ts";
import type { CandleRow } from "./candle-row.ts";
import {
  type CandlePlace,
  type CandleWindow,
  createCandleWindow,
  LONGEST_HOLE,
  LONGEST_WINDOW,
  pushCandle,
  refineCandleWindow,
  windowBefore,
} from "./candle-window.ts";
import { nextInterval } from "./interval.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { S } from "./sums-layout.ts";
import { TIMEFRAMES, type Timeframe } from "./timeframe.ts";

/** Trading hours that candles follow. */
export interface TradingHours {
  calendar: Calendar;
  session: SessionName;
}

/** The last closed candles of each timeframe of a series, as the next ones look back at them. */
export class SeriesWindows {
  readonly hours: TradingHours;
  readonly #windows = new Map<Timeframe, CandleWindow>(TIMEFRAMES.map((timeframe) => [timeframe, createCandleWindow()]));

  constructor(hours: TradingHours) {
    this.hours = hours;
  }

  [Symbol.iterator](): MapIterator<[Timeframe, CandleWindow]> {
    return this.#windows.entries();
  }

  /** What a candle that opens here takes from those that closed last. */
  before(timeframe: Timeframe, open: number): Float64Array {
    return windowAt(this.hours, this.#windows.get(timeframe) as CandleWindow, timeframe, open);
  }

  /** Takes a closed candle in. */
  push(row: CandleRow): void {
    pushRow(this.hours, this.#windows.get(row.timeframe) as CandleWindow, row);
  }

  set(timeframe: Timeframe, window: CandleWindow): void {
    this.#windows.set(timeframe, window);
  }

  /** Brings all to a finer size scale: so many more decimals. */
  refine(sizes: number): void {
    for (const window of this.#windows.values()) refineCandleWindow(window, sizes);
  }
}

/** Lets an open minute look back at those that closed last. */
export function lookBack(
  series: { windows: SeriesWindows; priceScale: number; sizeScale: number },
  builder: MinuteBuilder,
  minute: number,
): void {
  builder.setWindow(series.windows.before("1m", minute), series.priceScale, series.sizeScale);
}

/** What a candle that opens here takes from those in a window. */
export function windowAt(hours: TradingHours, window: CandleWindow, timeframe: Timeframe, open: number): Float64Array {
  return windowBefore(window, placeOf(hours, window, timeframe, open));
}

/** The window after these candles, ascending: the last 20 with trades, and the last one, are enough. */
export function windowOfRows(hours: TradingHours, rows: readonly CandleRow[]): CandleWindow {
  const window = createCandleWindow();
  const last = rows.at(-1);
  for (const row of rows.filter(({ sums }) => sums[S.TRADES] !== 0).slice(-LONGEST_WINDOW)) pushRow(hours, window, row);
  if (last !== undefined && last.sums[S.TRADES] === 0) pushRow(hours, window, last);
  return window;
}

/** Takes a closed candle into a window. */
export function pushRow(hours: TradingHours, window: CandleWindow, row: CandleRow): void {
  pushCandle(window, row, sessionOf(hours, row.openTime));
}

function sessionOf({ calendar, session }: TradingHours, open: number): number {
  return sessionAt(calendar, session, open)?.open ?? Number.NaN;
}

function placeOf(hours: TradingHours, { close }: CandleWindow, timeframe: Timeframe, open: number): CandlePlace {
  let absentBefore = 0;
  for (let time = close ?? open; time < open && absentBefore < LONGEST_HOLE; absentBefore++) {
    const next = nextInterval(hours.calendar, hours.session, timeframe, time);
    if (next.open >= open) break;
    time = next.close;
  }
  return { timeframe, session: sessionOf(hours, open), absentBefore };
}
