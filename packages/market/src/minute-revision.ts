import { sessionAt } from "./calendar.ts";
import type { RevisionRequest } from "./candle-revision.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { createSums, rescaleSums, setWindow } from "./candle-sums.ts";
import type { CandleWindow } from "./candle-window.ts";
import { nextMinute } from "./interval.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { createMinuteRow } from "./minute-row.ts";
import { hasAfterGap, lastPriceOf, needsSamples, type RevisedRows } from "./revised-rows.ts";
import { lookBack, pushRow, windowAt } from "./series-windows.ts";
import { addMinuteTo, addRunning, copyRunning, RUNNING_LENGTH, subtractMinuteFrom } from "./session-running.ts";
import { S } from "./sums-layout.ts";
import { MINUTE_MS } from "./timeframe.ts";

/** What a revision carries from the first minute concerned to the head, as it stood before each minute. */
export class MinuteWalk {
  /** Minutes with a row or a reason to have one, ascending. */
  readonly opens: number[];
  /** Minutes whose rows changed in something that folds. */
  readonly changed: number[] = [];
  readonly #shifts: Float64Array;
  readonly #prices: (number | null)[] = [];
  readonly #carried: boolean[] = [];

  constructor(opens: number[]) {
    this.opens = opens;
    this.#shifts = new Float64Array(RUNNING_LENGTH * opens.length);
  }

  /** Notes what stands before the next minute; `carried`: the price is news to the minutes that follow. */
  note(shift: Float64Array, price: number | null, carried: boolean): void {
    this.#shifts.set(shift, RUNNING_LENGTH * this.#prices.length);
    this.#prices.push(price);
    this.#carried.push(carried);
  }

  /** Shift of what runs on, for whatever opens here and has a minute of the walk in it. */
  shiftAt(open: number): Float64Array {
    const i = this.#indexAt(open);
    return this.#shifts.slice(RUNNING_LENGTH * i, RUNNING_LENGTH * (i + 1));
  }

  /** Last price before whatever opens here. */
  priceAt(open: number): number | null {
    return this.#prices[this.#indexAt(open)] ?? null;
  }

  /** The same where it is news, else null. */
  newPriceAt(open: number): number | null {
    const i = this.#indexAt(open);
    return this.#carried[i] === true ? (this.#prices[i] ?? null) : null;
  }

  /** Index of the first minute that opens at or after an instant. */
  #indexAt(open: number): number {
    let low = 0;
    let high = this.opens.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.opens[middle] as number) < open) low = middle + 1;
      else high = middle;
    }
    return Math.min(low, this.opens.length - 1);
  }
}

/** Makes the minutes concerned again and carries what runs on and the last price on to the head; null where no minute is concerned. */
export function reviseMinutes(series: CandleSeries, rows: RevisedRows, request: RevisionRequest): MinuteWalk | null {
  const minutes = rows.of("1m");
  const concerned = minutesConcerned(series, request);
  if (concerned.size === 0) return null;
  const first = Math.min(...concerned);
  const walk = new MinuteWalk([...new Set([...concerned, ...[...minutes.keys()].filter((open) => open >= first)])].sort((a, b) => a - b));
  const shift = new Float64Array(RUNNING_LENGTH);
  let session = Number.NaN;
  let price = rows.priceBefore(first);
  let carried = false;
  let last = rowBefore(minutes, first);
  const window = rows.windowBefore("1m", first);
  for (const minute of walk.opens) {
    const now = sessionOf(series, minute);
    if (now !== session) shift.fill(0);
    session = now;
    walk.note(shift, price, carried);
    const old = minutes.get(minute);
    const lookedBack = windowAt(series.windows.hours, window, "1m", minute);
    const builder = request.minutes.get(minute) ?? request.around.get(minute);
    const made = concerned.has(minute)
      ? remakeMinute(series, { minute, old, builder, isLate: request.minutes.has(minute), last, shift, price, window: lookedBack })
      : null;
    if (made !== null) {
      if (rows.put(made, old)) walk.changed.push(minute);
      addMinuteTo(shift, made.sums);
      if (old) subtractMinuteFrom(shift, old.sums);
      if (made.sums[S.TRADES] !== 0) carried = true;
    } else if (old) {
      rows.follow(old, {
        shift,
        lastPrice: carried ? price : null,
        window: lookedBack,
        samples: needsSamples(old, lookedBack) ? samplesOf(series, builder, lookedBack) : null,
      });
      if (old.sums[S.TRADES] !== 0) carried = false;
    }
    const row = minutes.get(minute);
    if (row !== undefined) pushRow(series.windows.hours, window, row);
    last = row ?? last;
    price = (last && last.openTime === minute ? lastPriceOf(last) : null) ?? price;
  }
  if (carried) series.lastPrice = price;
  if (last !== null) moveHead(series, last, window);
  return walk;
}

/** What runs on at the head is that of the last row. */
function moveHead(series: CandleSeries, last: CandleRow, window: CandleWindow): void {
  const previous = series.previous.get("1m");
  if (previous !== undefined && previous.close > last.closeTime) return;
  copyRunning(series.running, last.sums);
  series.runningSession = sessionOf(series, last.openTime);
  series.windows.set("1m", window);
  for (const [minute, builder] of series.openMinutes) lookBack(series, builder, minute);
}

function minutesConcerned(series: CandleSeries, request: RevisionRequest): Set<number> {
  const minutes = new Set(request.minutes.keys());
  if (request.recheck === null) return minutes;
  const last = Math.min(series.closedUntil, Math.ceil(request.recheck.toUs / 60_000_000) * MINUTE_MS);
  let minute = nextMinute(series.calendar, series.key.session, Math.floor(request.recheck.fromUs / 60_000_000) * MINUTE_MS - 1);
  for (; minute < last; minute = nextMinute(series.calendar, series.key.session, minute)) minutes.add(minute);
  return minutes;
}

interface MinuteSurroundings {
  minute: number;
  old: CandleRow | undefined;
  /** All trades of the minute, where some came late or they look back at what changed. */
  builder: MinuteBuilder | undefined;
  isLate: boolean;
  /** The row before, as it is now. */
  last: CandleRow | null;
  /** Shift of what runs on before the minute. */
  shift: Float64Array;
  /** Last price before the minute. */
  price: number | null;
  window: Float64Array;
}

/** The minute made again; null where it stays as it is, or where a long hole leaves it without a candle. */
function remakeMinute(
  series: CandleSeries,
  { minute, old, builder, isLate, last, shift, price, window }: MinuteSurroundings,
): CandleRow | null {
  const completeness = series.completenessOf(minute, builder?.count ?? old?.sums[S.TRADES] ?? 0);
  if (completeness === null) return null;
  if (!isLate && old?.completeness === completeness) return null;
  builder?.setWindow(window, series.priceScale, series.sizeScale);
  const sums = builder?.sums().slice() ?? old?.sums.slice() ?? createSums(series.priceScale, series.sizeScale);
  rescaleSums(sums, series.priceScale, series.sizeScale);
  setWindow(sums, window);
  const running = new Float64Array(RUNNING_LENGTH);
  if (old) {
    copyRunning(running, old.sums);
    subtractMinuteFrom(running, old.sums);
    addRunning(running, shift);
  } else if (last && sessionOf(series, last.openTime) === sessionOf(series, minute)) {
    copyRunning(running, last.sums);
  }
  return createMinuteRow({
    openTime: minute,
    sums,
    running,
    state: "closed",
    completeness,
    revision: 0,
    firstTradeId: builder ? builder.firstTradeId : (old?.firstTradeId ?? null),
    lastTradeId: builder ? builder.lastTradeId : (old?.lastTradeId ?? null),
    afterGap: hasAfterGap(old),
    lastPrice: price ?? (old ? lastPriceOf(old) : null),
  });
}

function rowBefore(minutes: ReadonlyMap<number, CandleRow>, open: number): CandleRow | null {
  let before: CandleRow | null = null;
  for (const row of minutes.values()) if (row.openTime < open && (before === null || row.openTime > before.openTime)) before = row;
  return before;
}

function sessionOf(series: CandleSeries, minute: number): number {
  return sessionAt(series.calendar, series.key.session, minute)?.open ?? Number.NaN;
}

/** Running values of a minute whose trades are at hand, made with this window. */
function samplesOf(series: CandleSeries, builder: MinuteBuilder | undefined, window: Float64Array): Float64Array | null {
  builder?.setWindow(window, series.priceScale, series.sizeScale);
  return builder?.sums() ?? null;
}
