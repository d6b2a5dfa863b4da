import { sessionAt } from "./calendar.ts";
import { FLAG_AFTER_GAP } from "./candle.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { createSums, rescaleSums, S, shiftCvd } from "./candle-sums.ts";
import { isBad } from "./completeness.ts";
import { addExact, copyExact, isZero, subtractExact } from "./exact.ts";
import { nextMinute } from "./interval.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { createMinuteRow } from "./minute-row.ts";
import { createOpenInterval, foldRow, type OpenInterval, previousOf, rowOf, setLastClose } from "./open-interval.ts";
import { FOLDED_TIMEFRAMES, type FoldedTimeframe, TIMEFRAMES, type Timeframe } from "./timeframe.ts";

/** Rows of one series, by timeframe and open time; a revision changes them in place. */
export type LoadedRows = Map<Timeframe, Map<number, CandleRow>>;

export interface RevisionRequest {
  /** Minutes with late trades: all of their trades, the late ones included. */
  minutes: ReadonlyMap<number, MinuteBuilder>;
  /** Minutes whose completeness may have changed, epoch microseconds. */
  recheck: { fromUs: number; toUs: number } | null;
}

export interface RevisionResult {
  /** Rows whose own or window values changed, shortest timeframe first, then in time: one new revision each. */
  revised: CandleRow[];
  /** Rows of which only running values changed (CVD, last close): no new revision. */
  rewritten: CandleRow[];
  /** One notice per timeframe with rewritten rows; epoch milliseconds. */
  recomputed: { timeframe: Timeframe; from: number; to: number }[];
}

/** First open times whose rows a revision of `minute` needs: all timeframes from the day on, 1d and 1w from the week on. */
export function rowsNeededFor(series: CandleSeries, minute: number): { dayFrom: number; weekFrom: number } {
  return { dayFrom: series.intervalOf("1d", minute).open, weekFrom: series.intervalOf("1w", minute).open };
}

/**
 * Applies late trades or a gap's end to closed candles. Own values of the minutes concerned and of
 * every longer candle around them are made again from their parts; the CVD of what follows in the
 * session is shifted, `after_gap` of the next candle is judged again.
 */
export function reviseSeries(series: CandleSeries, rows: LoadedRows, request: RevisionRequest): RevisionResult {
  const revision = new Revision(series, rows);
  for (const builder of request.minutes.values()) revision.matchScales(builder);
  revision.reviseMinutes(request);
  for (const timeframe of FOLDED_TIMEFRAMES) revision.reviseTimeframe(timeframe);
  for (const timeframe of TIMEFRAMES) revision.judgeAfterGap(timeframe);
  return revision.result();
}

/** Shift of the CVD from a minute on, until its session ends. */
interface Shift {
  minute: number;
  session: number;
  total: Float64Array;
}

class Revision {
  readonly #series: CandleSeries;
  readonly #rows: LoadedRows;
  readonly #revised = new Map<Timeframe, Map<number, CandleRow>>();
  readonly #rewritten = new Map<Timeframe, Map<number, CandleRow>>();
  readonly #changed: number[] = [];
  readonly #judged = new Map<Timeframe, Set<number>>();
  readonly #shifts: Shift[] = [];

  constructor(series: CandleSeries, rows: LoadedRows) {
    this.#series = series;
    this.#rows = rows;
    for (const timeframe of TIMEFRAMES) {
      if (!rows.has(timeframe)) rows.set(timeframe, new Map());
      this.#revised.set(timeframe, new Map());
      this.#rewritten.set(timeframe, new Map());
      this.#judged.set(timeframe, new Set());
    }
  }

  matchScales(builder: MinuteBuilder): void {
    const sums = builder.sums();
    this.#series.refine(sums[S.PRICE_SCALE] as number, sums[S.SIZE_SCALE] as number);
  }

  reviseMinutes(request: RevisionRequest): void {
    const series = this.#series;
    for (const byOpen of this.#rows.values()) for (const row of byOpen.values()) rescaleSums(row.sums, series.priceScale, series.sizeScale);
    const concerned = this.#minutesConcerned(request);
    if (concerned.size === 0) return;
    const first = Math.min(...concerned);
    const walk = new Set(concerned);
    for (const open of this.#of("1m").keys()) if (open >= first) walk.add(open);
    let session = Number.NaN;
    let shift = new Float64Array(2);
    let lastPrice: number | null = null;
    for (const minute of [...walk].sort((a, b) => a - b)) {
      const at = this.#sessionOf(minute);
      if (at !== session) shift = new Float64Array(2);
      session = at;
      const old = this.#of("1m").get(minute);
      const row = concerned.has(minute) ? this.#remake(minute, old, request.minutes.get(minute), shift) : null;
      if (row !== null) {
        addExact(shift, 0, row.sums, S.VD);
        if (old) subtractExact(shift, 0, old.sums, S.VD);
        this.#shifts.push({ minute, session, total: shift.slice() });
        this.#revise(row, old);
        this.#changed.push(minute);
        if (row.sums[S.TRADES] !== 0) lastPrice = row.sums[S.CLOSE] as number;
      } else if (old) {
        this.#rewrite(old, shift, lastPrice);
      }
      if (row === null && old && old.sums[S.TRADES] !== 0) lastPrice = null;
    }
    if (lastPrice !== null) series.lastPrice = lastPrice;
    if (session === series.cvdSession) addExact(series.cvd, 0, shift, 0);
    else this.#shiftHead();
  }

  reviseTimeframe(timeframe: FoldedTimeframe): void {
    const series = this.#series;
    const remade = new Set<number>();
    for (const minute of this.#changed) {
      const interval = series.intervalOf(timeframe, minute);
      if (remade.has(interval.open)) continue;
      remade.add(interval.open);
      const open = interval.close > series.closedUntil;
      const folded = createOpenInterval(timeframe, interval);
      const lastPrice = this.#foldCover(folded, open ? series.closedUntil : interval.close);
      if (open) {
        series.intervals.set(timeframe, folded);
        continue;
      }
      const old = this.#of(timeframe).get(interval.open);
      const context = { ...series.contextOf(timeframe, interval.open, interval.close), lastPrice, afterGap: hasAfterGap(old) };
      this.#revise(rowOf(folded, old ? "revised" : "closed", old ? old.revision + 1 : 0, context), old);
    }
    if (timeframe === "1d" || timeframe === "1w") return;
    for (const row of this.#of(timeframe).values()) {
      if (remade.has(row.openTime) || row.openTime < (this.#changed[0] ?? Number.POSITIVE_INFINITY)) continue;
      const minute = this.#of("1m").get(row.openTime);
      this.#rewrite(row, this.#shiftAt(row.openTime), minute?.sums[S.HAS_LAST_CLOSE] === 1 ? (minute.sums[S.LAST_CLOSE] as number) : null);
    }
    const interval = series.intervals.get(timeframe);
    if (interval && !remade.has(interval.open)) {
      rescaleSums(interval.sums, series.priceScale, series.sizeScale);
      shiftCvd(interval.sums, this.#shiftAt(interval.open));
    }
  }

  /** The candle after one that became, or ceased to be, bad says `after_gap` accordingly. */
  judgeAfterGap(timeframe: Timeframe): void {
    const rows = this.#of(timeframe);
    for (const open of [...(this.#judged.get(timeframe) as Set<number>)].sort((a, b) => a - b)) {
      const row = rows.get(open) as CandleRow;
      let next: CandleRow | null = null;
      for (const candidate of rows.values()) {
        if (candidate.openTime >= row.closeTime && (next === null || candidate.openTime < next.openTime)) next = candidate;
      }
      if (next === null) {
        const previous = this.#series.previous.get(timeframe);
        if (previous === undefined || previous.close <= row.closeTime) this.#series.previous.set(timeframe, previousOf(row));
        continue;
      }
      const afterGap = this.#series.isAfterGap(previousOf(row), next.openTime);
      if (afterGap === hasAfterGap(next)) continue;
      const sums = next.sums.slice();
      sums[S.FLAGS] = (sums[S.FLAGS] as number) ^ FLAG_AFTER_GAP;
      const known = this.#revised.get(timeframe)?.get(next.openTime);
      this.#put(this.#revised, {
        ...next,
        sums,
        state: known ? next.state : "revised",
        revision: known ? next.revision : next.revision + 1,
      });
    }
  }

  result(): RevisionResult {
    const recomputed: RevisionResult["recomputed"] = [];
    for (const timeframe of TIMEFRAMES) {
      const rows = [...(this.#rewritten.get(timeframe)?.values() ?? [])].filter((row) => !this.#revised.get(timeframe)?.has(row.openTime));
      if (rows.length === 0) continue;
      recomputed.push({
        timeframe,
        from: Math.min(...rows.map((row) => row.openTime)),
        to: Math.max(...rows.map((row) => row.closeTime)),
      });
    }
    return { revised: inOrder(this.#revised), rewritten: inOrder(this.#rewritten, this.#revised), recomputed };
  }

  #of(timeframe: Timeframe): Map<number, CandleRow> {
    return this.#rows.get(timeframe) as Map<number, CandleRow>;
  }

  #sessionOf(minute: number): number {
    return sessionAt(this.#series.calendar, this.#series.key.session, minute)?.open ?? Number.NaN;
  }

  #minutesConcerned(request: RevisionRequest): Set<number> {
    const minutes = new Set(request.minutes.keys());
    if (request.recheck === null) return minutes;
    const series = this.#series;
    const last = Math.min(series.closedUntil, Math.ceil(request.recheck.toUs / 60_000_000) * 60_000);
    let minute = nextMinute(series.calendar, series.key.session, Math.floor(request.recheck.fromUs / 60_000_000) * 60_000 - 1);
    for (; minute < last; minute = nextMinute(series.calendar, series.key.session, minute)) minutes.add(minute);
    return minutes;
  }

  /** The minute made again; null where nothing of its own changed, or where a long hole leaves it without a candle. */
  #remake(minute: number, old: CandleRow | undefined, builder: MinuteBuilder | undefined, shift: Float64Array): CandleRow | null {
    const series = this.#series;
    const trades = builder?.count ?? old?.sums[S.TRADES] ?? 0;
    const completeness = series.completenessOf(minute, trades);
    if (completeness === null) return null;
    if (!builder && old?.completeness === completeness) return null;
    const sums = builder?.sums().slice() ?? (old ? withoutCvd(old.sums) : createSums(series.priceScale, series.sizeScale));
    rescaleSums(sums, series.priceScale, series.sizeScale);
    const before = this.#rowBefore(minute);
    const cvd = new Float64Array(2);
    if (old) {
      copyExact(cvd, 0, old.sums, S.CVD_BASE);
      addExact(cvd, 0, shift, 0);
    } else if (before && this.#sessionOf(before.openTime) === this.#sessionOf(minute)) {
      copyExact(cvd, 0, before.sums, S.CVD);
    }
    const row = createMinuteRow({
      openTime: minute,
      sums,
      cvd,
      state: old ? "revised" : "closed",
      completeness,
      revision: old ? old.revision + 1 : 0,
      firstTradeId: builder ? builder.firstTradeId : (old?.firstTradeId ?? null),
      lastTradeId: builder ? builder.lastTradeId : (old?.lastTradeId ?? null),
      afterGap: old ? hasAfterGap(old) : series.isAfterGap(before ? previousOf(before) : undefined, minute),
      lastPrice: before ? lastPriceOf(before) : null,
    });
    return old && sameOwnValues(row, old) ? null : row;
  }

  #rowBefore(minute: number): CandleRow | null {
    let before: CandleRow | null = null;
    for (const row of this.#of("1m").values())
      if (row.openTime < minute && (before === null || row.openTime > before.openTime)) before = row;
    return before;
  }

  /** Folds the closed candles that tile [into.open, until), longest first; returns the last price before where no trade tells. */
  #foldCover(into: OpenInterval, until: number): number | null {
    const shorter = COVER.slice(COVER.indexOf(into.timeframe) + 1);
    const series = this.#series;
    let lastPrice: number | null = null;
    let time = into.open;
    while (time < until) {
      const row = shorter
        .map((timeframe) => this.#of(timeframe).get(time))
        .find((candidate) => candidate !== undefined && candidate.closeTime <= until);
      if (row) {
        if (lastPrice === null && row.sums[S.HAS_LAST_CLOSE] === 1) lastPrice = row.sums[S.LAST_CLOSE] as number;
        foldRow(into, row);
      }
      const end = row?.closeTime ?? time + 60_000;
      time = series.isScheduled(end) ? end : nextMinute(series.calendar, series.key.session, end - 60_000);
    }
    return lastPrice;
  }

  #revise(row: CandleRow, old: CandleRow | undefined): void {
    if (old === undefined || isBad(old.completeness) !== isBad(row.completeness)) this.#judged.get(row.timeframe)?.add(row.openTime);
    this.#put(this.#revised, row);
    const previous = this.#series.previous.get(row.timeframe);
    if (previous?.close === row.closeTime) this.#series.previous.set(row.timeframe, previousOf(row));
  }

  #rewrite(old: CandleRow, shift: Float64Array, lastPrice: number | null): void {
    const newLastClose = lastPrice !== null && old.sums[S.HAS_LAST_CLOSE] === 1 && old.sums[S.LAST_CLOSE] !== lastPrice;
    if (isZero(shift, 0) && !newLastClose) return;
    const sums = old.sums.slice();
    shiftCvd(sums, shift);
    if (newLastClose) setLastClose(sums, lastPrice);
    this.#put(this.#rewritten, { ...old, sums });
  }

  #put(into: Map<Timeframe, Map<number, CandleRow>>, row: CandleRow): void {
    into.get(row.timeframe)?.set(row.openTime, row);
    this.#of(row.timeframe).set(row.openTime, row);
  }

  #shiftAt(open: number): Float64Array {
    const session = this.#sessionOf(open);
    const last = this.#shifts.findLast((shift) => shift.minute < open && shift.session === session);
    return last?.total ?? new Float64Array(2);
  }

  /** The head's CVD, where the walk ended in an earlier session or had no rows up to the head. */
  #shiftHead(): void {
    const last = this.#shifts.findLast((shift) => shift.session === this.#series.cvdSession);
    if (last) addExact(this.#series.cvd, 0, last.total, 0);
  }
}

/** Timeframes that tile longer ones, longest first. */
const COVER: readonly Timeframe[] = ["1w", "1d", "4h", "1h", "30m", "15m", "5m", "3m", "1m"];

function hasAfterGap(row: CandleRow | undefined): boolean {
  return row !== undefined && ((row.sums[S.FLAGS] as number) & FLAG_AFTER_GAP) !== 0;
}

function lastPriceOf(row: CandleRow): number | null {
  if (row.sums[S.TRADES] !== 0) return row.sums[S.CLOSE] as number;
  return row.sums[S.HAS_LAST_CLOSE] === 1 ? (row.sums[S.LAST_CLOSE] as number) : null;
}

function withoutCvd(sums: Float64Array): Float64Array {
  const copy = sums.slice();
  copy.fill(0, S.CVD_OPEN, S.CVD_BASE + 2);
  return copy;
}

function sameOwnValues(a: CandleRow, b: CandleRow): boolean {
  if (a.completeness !== b.completeness || a.firstTradeId !== b.firstTradeId || a.lastTradeId !== b.lastTradeId) return false;
  const own = withoutCvd(a.sums);
  return withoutCvd(b.sums).every((value, at) => at === S.LAST_CLOSE || own[at] === value);
}

function inOrder(rows: Map<Timeframe, Map<number, CandleRow>>, except?: Map<Timeframe, Map<number, CandleRow>>): CandleRow[] {
  return TIMEFRAMES.flatMap((timeframe) =>
    [...(rows.get(timeframe)?.values() ?? [])]
      .filter((row) => !except?.get(timeframe)?.has(row.openTime))
      .sort((a, b) => a.openTime - b.openTime),
  );
}
