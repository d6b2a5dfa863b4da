import { type Calendar, calendarOf, DEFAULT_ANCHOR, DEFAULT_SESSION, nextSession, sessionAt } from "./calendar.ts";
import type { Completeness } from "./candle.ts";
import type { CandleRow, SeriesKey } from "./candle-row.ts";
import { timesPowerOfTen } from "./candle-sums.ts";
import { type Gap, minuteCompleteness } from "./completeness.ts";
import { formingMinuteRows, formingRows } from "./forming-rows.ts";
import type { Instrument } from "./instrument.ts";
import { intervalAt, nextMinute } from "./interval.ts";
import { contextOf, openIntervalAt } from "./interval-context.ts";
import { IntervalSet } from "./interval-set.ts";
import { MinuteBuilder } from "./minute-builder.ts";
import { closeMinuteRow } from "./minute-row.ts";
import { foldRow, type OpenInterval, type PreviousCandle, previousOf, rowOf } from "./open-interval.ts";
import { lookBack, SeriesWindows } from "./series-windows.ts";
import { copyRunning, RUNNING_LENGTH, refineRunning } from "./session-running.ts";
import { S } from "./sums-layout.ts";
import { FOLDED_TIMEFRAMES, type FoldedTimeframe, MINUTE_MS, type Timeframe } from "./timeframe.ts";
import type { TradeColumns } from "./trade.ts";
import { checkScales } from "./trade-scales.ts";

/** How long the candles of an instrument in `held` wait for the fill. */
const HELD_WAIT_US = 10_000_000;
/** A gap is forgotten once its end lies this far behind the clock. */
const GAP_MEMORY_US = 25 * 3_600_000_000;

/** Receives rows in the order in which they close. */
export type RowSink = (row: CandleRow) => void;

/** Late trades of one batch: indices into its columns by minute (epoch milliseconds of its open). */
export type LateTrades = Map<number, number[]>;

/**
 * The candles of one instrument on all timeframes, as they form: trades and gaps go in, `advanceTo`
 * closes what the clock has passed. Pure state: time comes only from the messages. What reaches a
 * minute after its close is handed back to the caller (`addBatch`), who loads the minute's rows and
 * revises them (`candle-revision.ts`).
 */
export class CandleSeries {
  readonly key: SeriesKey;
  readonly calendar: Calendar;
  instrument: Instrument;
  /** Greatest clock, epoch microseconds. */
  watermarkUs = Number.NEGATIVE_INFINITY;
  /** Open of the first minute that is not closed, epoch milliseconds. */
  closedUntil: number;
  coveredFromUs: number;
  heldSinceUs: number | null = null;
  gaps: Gap[] = [];
  spoiled = new Set<number>();
  seen = new Map<string, IntervalSet>();
  readonly openMinutes = new Map<number, MinuteBuilder>();
  readonly intervals = new Map<FoldedTimeframe, OpenInterval>();
  readonly previous = new Map<Timeframe, PreviousCandle>();
  /** What runs on in the session (`RUNNING`) after the last closed minute, at the scales below, and the open of its session. */
  readonly running = new Float64Array(RUNNING_LENGTH);
  runningSession = Number.NaN;
  /** The last closed candles of each timeframe, as the next ones look back at them. */
  readonly windows: SeriesWindows;
  priceScale: number;
  sizeScale: number;
  /** Last price of a closed minute, at `priceScale`. */
  lastPrice: number | null = null;
  /** The finest scales of any batch so far: an open minute may have them before the series does. */
  #finestPriceScale: number;
  #finestSizeScale: number;

  constructor(instrument: Instrument, coveredFromUs: number) {
    this.instrument = instrument;
    this.calendar = calendarOf(instrument.calendar);
    this.key = {
      venue: instrument.venue,
      instrument: instrument.instrument,
      anchor: DEFAULT_ANCHOR[instrument.calendar],
      session: DEFAULT_SESSION,
      calendar: instrument.calendar,
    };
    this.windows = new SeriesWindows({ calendar: this.calendar, session: DEFAULT_SESSION });
    this.priceScale = instrument.priceScale;
    this.sizeScale = instrument.sizeScale;
    this.#finestPriceScale = instrument.priceScale;
    this.#finestSizeScale = instrument.sizeScale;
    this.coveredFromUs = coveredFromUs;
    const minute = Math.floor(coveredFromUs / 1000 / MINUTE_MS) * MINUTE_MS;
    this.closedUntil =
      sessionAt(this.calendar, DEFAULT_SESSION, minute) === null ? nextSession(this.calendar, DEFAULT_SESSION, minute).open : minute;
  }

  /** Whether any trade of the batch belongs to a minute that is closed, and was not seen before. */
  hasLate(batch: TradeColumns): boolean {
    const limitUs = this.closedUntil * 1000;
    const seen = this.seen.get(batch.epoch);
    for (let i = 0; i < batch.count; i++) {
      if ((batch.eventTimeUs[i] as number) < limitUs && !seen?.has(batch.sourceSeq[i] as number)) {
        if (this.isScheduled(minuteOf(batch.eventTimeUs[i] as number))) return true;
      }
    }
    return false;
  }

  /**
   * Adds the trades of a batch; returns those of closed minutes, which are marked as seen but in no candle yet.
   * Throws RangeError, and takes none of them, where a value is beyond the safe integers at the finest scale so far.
   */
  addBatch(batch: TradeColumns): LateTrades | null {
    if (batch.priceScale !== this.#finestPriceScale || batch.sizeScale !== this.#finestSizeScale) this.#admitScales(batch);
    let late: LateTrades | null = null;
    let seen = this.seen.get(batch.epoch);
    if (seen === undefined) {
      seen = new IntervalSet();
      this.seen.set(batch.epoch, seen);
    }
    let minute = Number.NaN;
    let builder: MinuteBuilder | null = null;
    for (let i = 0; i < batch.count; i++) {
      if (!seen.add(batch.sourceSeq[i] as number)) continue;
      const at = minuteOf(batch.eventTimeUs[i] as number);
      if (at !== minute) {
        minute = at;
        builder = at >= this.closedUntil ? this.#builderAt(at) : null;
      }
      if (builder !== null) builder.add(batch, i);
      else if (at < this.closedUntil && this.isScheduled(at)) {
        late ??= new Map();
        const indices = late.get(at);
        if (indices) indices.push(i);
        else late.set(at, [i]);
      }
    }
    return late;
  }

  /** Puts trades back into the open minutes after a restart; `seen` tells duplicates among the batches put back. */
  restoreBatch(batch: TradeColumns, seen: Map<string, IntervalSet>): void {
    this.#finestPriceScale = Math.max(this.#finestPriceScale, batch.priceScale);
    this.#finestSizeScale = Math.max(this.#finestSizeScale, batch.sizeScale);
    let ids = seen.get(batch.epoch);
    if (ids === undefined) {
      ids = new IntervalSet();
      seen.set(batch.epoch, ids);
    }
    for (let i = 0; i < batch.count; i++) {
      if (!ids.add(batch.sourceSeq[i] as number)) continue;
      const minute = minuteOf(batch.eventTimeUs[i] as number);
      if (minute >= this.closedUntil) this.#builderAt(minute)?.add(batch, i);
    }
  }

  isScheduled(minuteMs: number): boolean {
    return this.calendar.continuous || sessionAt(this.calendar, this.key.session, minuteMs) !== null;
  }

  /** Moves the clock, closing in order every candle that is due. */
  advanceTo(timeUs: number, held: boolean, sink: RowSink): void {
    if (timeUs > this.watermarkUs) this.watermarkUs = timeUs;
    this.heldSinceUs = held ? (this.heldSinceUs ?? timeUs) : null;
    for (;;) {
      const closeUs = (this.closedUntil + MINUTE_MS) * 1000 + this.instrument.closeDelayMs * 1000;
      const due = this.heldSinceUs === null ? closeUs : Math.max(closeUs, this.heldSinceUs) + HELD_WAIT_US;
      if (this.watermarkUs < due) break;
      this.#closeMinute(this.closedUntil, sink);
      this.closedUntil = nextMinute(this.calendar, this.key.session, this.closedUntil);
    }
    this.gaps = this.gaps.filter((gap) => gap.state === "open" || gap.toUs > this.watermarkUs - GAP_MEMORY_US);
    for (const minute of this.spoiled) if (minute * 1000 < this.watermarkUs - GAP_MEMORY_US) this.spoiled.delete(minute);
  }

  /** Takes in what a gap message says. */
  setGap(gap: Gap | { id: string; state: "none" }): void {
    this.gaps = this.gaps.filter((known) => known.id !== gap.id);
    if (gap.state !== "none") this.gaps.push(gap);
  }

  /** Marks the minute under the clock as having lost a message. */
  spoil(minutes: { fromMinute: number; toMinute: number } | null): void {
    const from = minutes?.fromMinute ?? this.closedUntil;
    const to = minutes?.toMinute ?? Math.max(this.closedUntil, minuteOf(this.watermarkUs));
    for (let minute = from; minute <= to; minute += MINUTE_MS) if (this.isScheduled(minute)) this.spoiled.add(minute);
  }

  /** Takes the marks back: what was lost has come. */
  unspoil(minutes: { fromMinute: number; toMinute: number }): void {
    for (const minute of this.spoiled) if (minute >= minutes.fromMinute && minute <= minutes.toMinute) this.spoiled.delete(minute);
  }

  /** The candles that are open and have something in them, shortest timeframe first; changes nothing. */
  forming(): CandleRow[] {
    return formingRows(this);
  }

  /** Those of the open minutes alone. */
  formingMinutes(): CandleRow[] {
    return formingMinuteRows(this);
  }

  /** Brings the series' own values to finer scales. */
  refine(priceScale: number, sizeScale: number): void {
    this.windows.refine(sizeScale - this.sizeScale);
    refineRunning(this.running, Math.max(0, priceScale - this.priceScale), Math.max(0, sizeScale - this.sizeScale));
    if (priceScale > this.priceScale) {
      if (this.lastPrice !== null) this.lastPrice = timesPowerOfTen(this.lastPrice, priceScale - this.priceScale);
      this.priceScale = priceScale;
    }
    if (sizeScale > this.sizeScale) this.sizeScale = sizeScale;
  }

  /** Completeness of a minute with this many trades; null: it has no candle. */
  completenessOf(minute: number, trades: number): Completeness | null {
    return minuteCompleteness(
      { openMs: minute, closeMs: minute + MINUTE_MS, trades, coveredFromUs: this.coveredFromUs, spoiled: this.spoiled.has(minute) },
      this.gaps,
    );
  }

  /** Brings the open minutes that a batch reaches to its scales; throws RangeError before anything else is changed. */
  #admitScales(batch: TradeColumns): void {
    const seen = this.seen.get(batch.epoch);
    const priceScale = Math.max(this.#finestPriceScale, this.priceScale, batch.priceScale);
    const sizeScale = Math.max(this.#finestSizeScale, this.sizeScale, batch.sizeScale);
    for (let i = 0; i < batch.count; i++) {
      if (seen?.has(batch.sourceSeq[i] as number)) continue;
      checkScales(batch, i, priceScale, sizeScale);
      this.openMinutes.get(minuteOf(batch.eventTimeUs[i] as number))?.refine(batch.priceScale, batch.sizeScale);
    }
    this.#finestPriceScale = priceScale;
    this.#finestSizeScale = sizeScale;
  }

  #builderAt(minute: number): MinuteBuilder | null {
    let builder = this.openMinutes.get(minute);
    if (builder === undefined) {
      if (!this.isScheduled(minute)) return null;
      builder = new MinuteBuilder(this.instrument, this.priceScale, this.sizeScale, this.windows.before("1m", minute));
      this.openMinutes.set(minute, builder);
    }
    return builder;
  }

  #closeMinute(minute: number, sink: RowSink): void {
    const builder = this.openMinutes.get(minute);
    const completeness = this.completenessOf(minute, builder?.count ?? 0);
    if (completeness !== null) {
      const row = closeMinuteRow(this, minute, builder, completeness);
      if (row.sums[S.TRADES] !== 0) this.lastPrice = row.sums[S.CLOSE] as number;
      copyRunning(this.running, row.sums);
      this.#closeRow(row, sink);
      for (const timeframe of FOLDED_TIMEFRAMES) foldRow(this.#intervalAt(timeframe, minute), row);
      // whoever trades in the next minute already is told at once what this one gives it
      const next = this.openMinutes.get(minute + MINUTE_MS);
      if (next !== undefined) lookBack(this, next, minute + MINUTE_MS);
    }
    this.openMinutes.delete(minute);
    this.#closeIntervals(minute + MINUTE_MS, sink);
  }

  #closeIntervals(until: number, sink: RowSink): void {
    for (const timeframe of FOLDED_TIMEFRAMES) {
      const interval = this.intervals.get(timeframe);
      if (interval === undefined || interval.close > until) continue;
      const row = rowOf(interval, "closed", 0, contextOf(this, timeframe, interval.open, interval.close));
      this.intervals.delete(timeframe);
      this.#closeRow(row, sink);
    }
  }

  #closeRow(row: CandleRow, sink: RowSink): void {
    this.previous.set(row.timeframe, previousOf(row));
    this.windows.push(row);
    sink(row);
  }

  #intervalAt(timeframe: FoldedTimeframe, minute: number): OpenInterval {
    let interval = this.intervals.get(timeframe);
    if (interval === undefined) {
      interval = openIntervalAt(this, timeframe, minute);
      this.intervals.set(timeframe, interval);
    }
    return interval;
  }

  intervalOf(timeframe: Timeframe, minute: number): { open: number; close: number } {
    const interval = intervalAt(this.calendar, this.key.session, timeframe, minute);
    if (interval === null) throw new RangeError(`${this.key.instrument}: ${new Date(minute).toISOString()} is in no session`);
    return interval;
  }
}

/** Open of the minute of a trade, epoch milliseconds. */
export function minuteOf(eventTimeUs: number): number {
  return Math.floor(eventTimeUs / 60_000_000) * MINUTE_MS;
}
