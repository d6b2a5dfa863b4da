import { sessionAt } from "./calendar.ts";
import type { RevisionRequest } from "./candle-revision.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { createSums, rescaleSums, S } from "./candle-sums.ts";
import { addExact, copyExact, subtractExact } from "./exact.ts";
import { nextMinute } from "./interval.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { createMinuteRow } from "./minute-row.ts";
import { hasAfterGap, lastPriceOf, type RevisedRows } from "./revised-rows.ts";
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
    this.#shifts = new Float64Array(2 * opens.length);
  }

  /** Notes what stands before the next minute; `carried`: the price is news to the minutes that follow. */
  note(shift: Float64Array, price: number | null, carried: boolean): void {
    copyExact(this.#shifts, 2 * this.#prices.length, shift, 0);
    this.#prices.push(price);
    this.#carried.push(carried);
  }

  /** Shift of the CVD of whatever opens here and has a minute of the walk in it. */
  shiftAt(open: number): Float64Array {
    const i = this.#indexAt(open);
    return this.#shifts.slice(2 * i, 2 * i + 2);
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

/** Makes the minutes concerned again and carries CVD and last price on to the head; null where no minute is concerned. */
export function reviseMinutes(series: CandleSeries, rows: RevisedRows, request: RevisionRequest): MinuteWalk | null {
  const minutes = rows.of("1m");
  const concerned = minutesConcerned(series, request);
  if (concerned.size === 0) return null;
  const first = Math.min(...concerned);
  const walk = new MinuteWalk([...new Set([...concerned, ...[...minutes.keys()].filter((open) => open >= first)])].sort((a, b) => a - b));
  const shift = new Float64Array(2);
  let session = Number.NaN;
  let price = rows.priceBefore(first);
  let carried = false;
  let last = rowBefore(minutes, first);
  for (const minute of walk.opens) {
    const now = sessionOf(series, minute);
    if (now !== session) shift.fill(0);
    session = now;
    walk.note(shift, price, carried);
    const old = minutes.get(minute);
    const made = concerned.has(minute)
      ? remakeMinute(series, { minute, old, builder: request.minutes.get(minute), last, shift, price })
      : null;
    if (made !== null) {
      if (rows.put(made, old)) walk.changed.push(minute);
      addExact(shift, 0, made.sums, S.VD);
      if (old) subtractExact(shift, 0, old.sums, S.VD);
      if (made.sums[S.TRADES] !== 0) carried = true;
    } else if (old) {
      rows.rewrite(old, shift, carried ? price : null);
      if (old.sums[S.TRADES] !== 0) carried = false;
    }
    last = minutes.get(minute) ?? last;
    price = (last && last.openTime === minute ? lastPriceOf(last) : null) ?? price;
  }
  if (carried) series.lastPrice = price;
  if (last !== null) moveHead(series, last);
  return walk;
}

/** The head's CVD is that of the last row. */
function moveHead(series: CandleSeries, last: CandleRow): void {
  const previous = series.previous.get("1m");
  if (previous !== undefined && previous.close > last.closeTime) return;
  copyExact(series.cvd, 0, last.sums, S.CVD);
  series.cvdSession = sessionOf(series, last.openTime);
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
  /** All trades of the minute, where some came late. */
  builder: MinuteBuilder | undefined;
  /** The row before, as it is now. */
  last: CandleRow | null;
  /** Shift of the CVD before the minute. */
  shift: Float64Array;
  /** Last price before the minute. */
  price: number | null;
}

/** The minute made again; null where it stays as it is, or where a long hole leaves it without a candle. */
function remakeMinute(series: CandleSeries, { minute, old, builder, last, shift, price }: MinuteSurroundings): CandleRow | null {
  const completeness = series.completenessOf(minute, builder?.count ?? old?.sums[S.TRADES] ?? 0);
  if (completeness === null) return null;
  if (!builder && old?.completeness === completeness) return null;
  const sums = builder?.sums().slice() ?? old?.sums.slice() ?? createSums(series.priceScale, series.sizeScale);
  rescaleSums(sums, series.priceScale, series.sizeScale);
  const cvd = new Float64Array(2);
  if (old) {
    copyExact(cvd, 0, old.sums, S.CVD_BASE);
    addExact(cvd, 0, shift, 0);
  } else if (last && sessionOf(series, last.openTime) === sessionOf(series, minute)) {
    copyExact(cvd, 0, last.sums, S.CVD);
  }
  return createMinuteRow({
    openTime: minute,
    sums,
    cvd,
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
