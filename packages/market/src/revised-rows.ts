import { FLAG_AFTER_GAP } from "./candle.ts";
import type { LoadedRows, RevisionResult } from "./candle-revision.ts";
import { badMinutesOf, type CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { hasWindow, rescaleSums, setWindow } from "./candle-sums.ts";
import { judgementsOf } from "./candle-values.ts";
import { type CandleWindow, quietWindow } from "./candle-window.ts";
import { isBad } from "./completeness.ts";
import { isAfterGap } from "./interval-context.ts";
import { previousOf, setLastClose } from "./open-interval.ts";
import { imbalanceStreakOf } from "./running-metrics.ts";
import { windowOfRows } from "./series-windows.ts";
import { shiftRunning } from "./session-running.ts";
import { S, SUMS_LENGTH } from "./sums-layout.ts";
import { TIMEFRAMES, type Timeframe } from "./timeframe.ts";

/** What a row takes from those before it, as it is now. */
export interface Surroundings {
  /** Shift of what runs on. */
  shift: Float64Array;
  /** The last price, where it is news to a row without trades. */
  lastPrice: number | null;
  window: Float64Array;
  /** Sums whose running values are made with this window; null where they do not depend on what changed, or cannot be made again. */
  samples: Float64Array | null;
}

/** Whether running values of a candle with trades differ under another window. */
export function needsSamples({ sums }: CandleRow, window: Float64Array): boolean {
  if (sums[S.TRADES] === 0) return false;
  return RUNNING_WINDOW.some((at) => sums[at] !== window[at - S.WINDOW]);
}

const RUNNING_WINDOW = [S.WINDOW_ABS_VD, S.WINDOW_ABS_VD + 1, S.WINDOW_ABS_VD_COUNT] as const;

/** The loaded rows of a series while they are revised, and what became of them. */
export class RevisedRows {
  readonly #series: CandleSeries;
  readonly #rows: LoadedRows;
  readonly #revised = new Map<Timeframe, Map<number, CandleRow>>();
  readonly #rewritten = new Map<Timeframe, Map<number, CandleRow>>();
  /** Rows of which nothing that is served changed: stored, not announced. */
  readonly #silent = new Set<CandleRow>();
  /** Rows that are new, and rows that became or ceased to be bad: they decide `after_gap` around them. */
  readonly #added = new Map<Timeframe, Set<number>>();
  readonly #turned = new Map<Timeframe, Set<number>>();

  constructor(series: CandleSeries, rows: LoadedRows) {
    this.#series = series;
    this.#rows = rows;
    for (const timeframe of TIMEFRAMES) {
      const loaded = rows.get(timeframe);
      if (loaded === undefined) rows.set(timeframe, new Map());
      else for (const row of loaded.values()) rescaleSums(row.sums, series.priceScale, series.sizeScale);
      this.#revised.set(timeframe, new Map());
      this.#rewritten.set(timeframe, new Map());
      this.#added.set(timeframe, new Set());
      this.#turned.set(timeframe, new Set());
    }
  }

  of(timeframe: Timeframe): Map<number, CandleRow> {
    return this.#rows.get(timeframe) as Map<number, CandleRow>;
  }

  /** Puts a row that was made again in the place of the old one, as a revision where its own values differ; false where nothing does. */
  put(made: CandleRow, old: CandleRow | undefined): boolean {
    if (old === undefined) {
      this.#added.get(made.timeframe)?.add(made.openTime);
      this.#set(this.#revised, made);
      return true;
    }
    if (!sameOwnValues(made, old)) {
      if (isBad(made.completeness) !== isBad(old.completeness)) this.#turned.get(made.timeframe)?.add(made.openTime);
      this.#set(this.#revised, { ...made, state: "revised", revision: old.revision + 1 });
      return true;
    }
    if (made.absentMinutes === old.absentMinutes && made.sums.every((value, at) => Object.is(value, old.sums[at]))) return false;
    const row = { ...made, state: old.state, revision: old.revision };
    if (sameRunningValues(made, old)) this.#silent.add(row);
    this.#set(this.#rewritten, row);
    return true;
  }

  /** Changes what a row takes from those before it; its own trades stay. */
  follow(old: CandleRow, { shift, lastPrice, window: before, samples }: Surroundings): void {
    const window = old.sums[S.TRADES] === 0 ? quietWindow(before) : before;
    const carried = lastPrice !== null && old.completeness === "no-trades";
    const newLastClose = carried && (old.sums[S.HAS_LAST_CLOSE] === 0 || old.sums[S.LAST_CLOSE] !== lastPrice);
    if (shift.every((value) => value === 0) && !newLastClose && hasWindow(old.sums, window)) return;
    const row = { ...old, sums: old.sums.slice() };
    shiftRunning(row.sums, shift);
    if (newLastClose) setLastClose(row.sums, lastPrice);
    if (samples !== null) row.sums.set(samples.subarray(S.SAMPLES, S.WINDOW), S.SAMPLES);
    setWindow(row.sums, window);
    this.put(row, old);
  }

  /** The window of a timeframe as it stands before a candle that opens here. */
  windowBefore(timeframe: Timeframe, open: number): CandleWindow {
    const before = [...this.of(timeframe).values()].filter((row) => row.openTime < open).sort(byOpenTime);
    return windowOfRows(this.#series.windows.hours, before);
  }

  /** The last price before the first minute that is revised; null where no loaded row tells. */
  priceBefore(timeMs: number): number | null {
    let price: number | null = null;
    let closeTime = Number.NEGATIVE_INFINITY;
    for (const rows of this.#rows.values()) {
      for (const row of rows.values()) {
        const known = row.closeTime <= timeMs && row.closeTime > closeTime ? lastPriceOf(row) : null;
        if (known === null) continue;
        price = known;
        closeTime = row.closeTime;
      }
    }
    return price;
  }

  /** A new row, the row after it, and the row after one that became or ceased to be bad say `after_gap` accordingly. */
  judgeAfterGap(): void {
    for (const timeframe of TIMEFRAMES) {
      const added = this.#added.get(timeframe) as Set<number>;
      const turned = this.#turned.get(timeframe) as Set<number>;
      if (added.size + turned.size === 0) continue;
      let before: CandleRow | undefined;
      for (const row of [...this.of(timeframe).values()].sort(byOpenTime)) {
        if (before === undefined) {
          if (added.has(row.openTime)) this.#setAfterGap(row, this.#hasEarlier(row.openTime));
        } else if (added.has(row.openTime) || added.has(before.openTime) || turned.has(before.openTime)) {
          this.#setAfterGap(row, isAfterGap(this.#series, previousOf(before), row.openTime));
        }
        before = row;
      }
    }
  }

  /** Lets the series know its last closed candles as they are now. */
  updatePrevious(): void {
    for (const [timeframe, rows] of this.#revised) {
      for (const row of rows.values()) {
        const previous = this.#series.previous.get(timeframe);
        if (previous === undefined || previous.close <= row.closeTime) this.#series.previous.set(timeframe, previousOf(row));
      }
    }
  }

  result(): RevisionResult {
    const result: RevisionResult = { revised: [], rewritten: [], recomputed: [] };
    for (const timeframe of TIMEFRAMES) {
      const revised = this.#revised.get(timeframe) as Map<number, CandleRow>;
      const rewritten = [...(this.#rewritten.get(timeframe)?.values() ?? [])].filter((row) => !revised.has(row.openTime)).sort(byOpenTime);
      result.revised.push(...[...revised.values()].sort(byOpenTime));
      result.rewritten.push(...rewritten);
      const told = rewritten.filter((row) => !this.#silent.has(row));
      const [first, last] = [told[0], told.at(-1)];
      if (first && last) result.recomputed.push({ timeframe, from: first.openTime, to: last.closeTime });
    }
    return result;
  }

  #set(into: Map<Timeframe, Map<number, CandleRow>>, row: CandleRow): void {
    into.get(row.timeframe)?.set(row.openTime, row);
    this.of(row.timeframe).set(row.openTime, row);
  }

  #setAfterGap(row: CandleRow, afterGap: boolean): void {
    if (afterGap === hasAfterGap(row)) return;
    const sums = row.sums.slice();
    sums[S.FLAGS] = (sums[S.FLAGS] as number) ^ FLAG_AFTER_GAP;
    const known = this.#revised.get(row.timeframe)?.has(row.openTime) === true;
    this.#set(this.#revised, { ...row, sums, state: known ? row.state : "revised", revision: known ? row.revision : row.revision + 1 });
  }

  /** Whether anything closed before: then the candle right before was loaded, or there is none. */
  #hasEarlier(open: number): boolean {
    for (const rows of this.#rows.values()) for (const row of rows.values()) if (row.closeTime <= open) return true;
    return false;
  }
}

export function hasAfterGap(row: CandleRow | undefined): boolean {
  return row !== undefined && ((row.sums[S.FLAGS] as number) & FLAG_AFTER_GAP) !== 0;
}

/** The last price at the close of a row; null where the row cannot tell. */
export function lastPriceOf(row: CandleRow): number | null {
  if (row.sums[S.TRADES] !== 0) return row.sums[S.CLOSE] as number;
  return row.sums[S.HAS_LAST_CLOSE] === 1 ? (row.sums[S.LAST_CLOSE] as number) : null;
}

/** Places of the sums that are not running, but for the windows. */
const OWN_PLACES = Array.from({ length: SUMS_LENGTH }, (_, at) => at).filter(
  (at) => at < S.CVD_OPEN || (at >= S.CLOSE_EXCESS && at < S.SESSION_PRICE_SIZE) || (at >= S.SAMPLES && at < S.WINDOW),
);

/** Whether all but what stands in the windows is the same, the streak included. */
function sameRunningValues(a: CandleRow, b: CandleRow): boolean {
  for (let at = 0; at < S.WINDOW; at++) if (!Object.is(a.sums[at], b.sums[at])) return false;
  return a.absentMinutes === b.absentMinutes && Object.is(imbalanceStreakOf(a.sums), imbalanceStreakOf(b.sums));
}

/** Whether what is served of the windows is the same, however they came to it. */
function sameWindowValues(a: Float64Array, b: Float64Array): boolean {
  if (hasWindow(a, b.subarray(S.WINDOW))) return true;
  const { imbalanceStreak: _, ...values } = judgementsOf(a, "closed");
  const others = judgementsOf(b, "closed");
  return Object.entries(values).every(([name, value]) => value === others[name as keyof typeof values]);
}

function byOpenTime(a: CandleRow, b: CandleRow): number {
  return a.openTime - b.openTime;
}

/** Whether what is served of two rows is the same but for running values: CVD, streak, the session's vwap and the last close. */
function sameOwnValues(a: CandleRow, b: CandleRow): boolean {
  if (a.completeness !== b.completeness || a.firstTradeId !== b.firstTradeId || a.lastTradeId !== b.lastTradeId) return false;
  if (badMinutesOf(a) !== badMinutesOf(b) || a.sums[S.FLAGS] !== b.sums[S.FLAGS]) return false;
  return OWN_PLACES.every((at) => Object.is(a.sums[at], b.sums[at])) && sameWindowValues(a.sums, b.sums);
}
