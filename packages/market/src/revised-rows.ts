import { FLAG_AFTER_GAP } from "./candle.ts";
import type { LoadedRows, RevisionResult } from "./candle-revision.ts";
import { badMinutesOf, type CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { rescaleSums, S, shiftCvd } from "./candle-sums.ts";
import { isBad } from "./completeness.ts";
import { isZero } from "./exact.ts";
import { previousOf, setLastClose } from "./open-interval.ts";
import { TIMEFRAMES, type Timeframe } from "./timeframe.ts";

/** The loaded rows of a series while they are revised, and what became of them. */
export class RevisedRows {
  readonly #series: CandleSeries;
  readonly #rows: LoadedRows;
  readonly #revised = new Map<Timeframe, Map<number, CandleRow>>();
  readonly #rewritten = new Map<Timeframe, Map<number, CandleRow>>();
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
    if (made.absentMinutes === old.absentMinutes && made.sums.every((value, at) => value === old.sums[at])) return false;
    this.#set(this.#rewritten, { ...made, state: old.state, revision: old.revision });
    return true;
  }

  /** Shifts the CVD of a row whose own values stay, and its last close where a price is given; returns the row as it is then. */
  rewrite(old: CandleRow, shift: Float64Array, lastPrice: number | null): CandleRow {
    const carried = lastPrice !== null && old.completeness === "no-trades";
    const newLastClose = carried && (old.sums[S.HAS_LAST_CLOSE] === 0 || old.sums[S.LAST_CLOSE] !== lastPrice);
    if (isZero(shift, 0) && !newLastClose) return old;
    const row = { ...old, sums: old.sums.slice() };
    shiftCvd(row.sums, shift);
    if (newLastClose) setLastClose(row.sums, lastPrice);
    this.#set(this.#rewritten, row);
    return row;
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
          this.#setAfterGap(row, this.#series.isAfterGap(previousOf(before), row.openTime));
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
      const [first, last] = [rewritten[0], rewritten.at(-1)];
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

function byOpenTime(a: CandleRow, b: CandleRow): number {
  return a.openTime - b.openTime;
}

/** Whether what is served of two rows is the same but for running values: CVD and the last close. */
function sameOwnValues(a: CandleRow, b: CandleRow): boolean {
  if (a.completeness !== b.completeness || a.firstTradeId !== b.firstTradeId || a.lastTradeId !== b.lastTradeId) return false;
  if (badMinutesOf(a) !== badMinutesOf(b) || a.sums[S.FLAGS] !== b.sums[S.FLAGS]) return false;
  for (let at = 0; at < S.CVD_OPEN; at++) if (a.sums[at] !== b.sums[at]) return false;
  return true;
}
