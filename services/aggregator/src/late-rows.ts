import type { LoadedRows } from "@tickfleet/market/candle-revision";
import { rowsNeededFor } from "@tickfleet/market/candle-revision";
import type { CandleRow } from "@tickfleet/market/candle-row";
import { type CandleSeries, minuteOf } from "@tickfleet/market/candle-series";
import { S } from "@tickfleet/market/candle-sums";
import { IntervalSet } from "@tickfleet/market/interval-set";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { MinuteBuilder } from "@tickfleet/market/minute-builder";
import type { TradeColumns } from "@tickfleet/market/trade";

const DAY_US = 24 * 3_600_000_000;
const MINUTE_US = 60_000_000;

/** Rows and trades that a revision needs, loaded from what was committed. */
export class LoadedRevision {
  readonly rows: LoadedRows;
  readonly minutes = new Map<number, MinuteBuilder>();
  /** The trades are too late for a revision of their own: history is rebuilt. */
  readonly beyondADay: boolean;

  constructor(rows: LoadedRows, beyondADay: boolean) {
    this.rows = rows;
    this.beyondADay = beyondADay;
  }

  /** The trades of a minute; none so far where none was kept. */
  builderAt(minute: number, series: CandleSeries): MinuteBuilder {
    let builder = this.minutes.get(minute);
    if (builder === undefined) {
      builder = new MinuteBuilder(series.priceScale, series.sizeScale);
      this.minutes.set(minute, builder);
    }
    return builder;
  }
}

/** Where the committed rows and trades are read from. */
export interface RevisionSource {
  rows(series: CandleSeries, dayFrom: number, weekFrom: number): Promise<CandleRow[]>;
  /** Trade messages of a minute range (opens, epoch milliseconds, both included), as encoded. */
  batches(series: CandleSeries, fromMinute: number, toMinute: number, old: boolean): Promise<readonly Uint8Array[]>;
  decode(data: Uint8Array): TradeColumns;
}

/** Closed minutes that the unseen trades of a batch belong to. */
export function lateMinutes(series: CandleSeries, batch: TradeColumns): number[] {
  const minutes = new Set<number>();
  const seen = series.seen.get(batch.epoch);
  for (let i = 0; i < batch.count; i++) {
    const minute = minuteOf(batch.eventTimeUs[i] as number);
    if (minute < series.closedUntil && !seen?.has(batch.sourceSeq[i] as number) && series.isScheduled(minute)) minutes.add(minute);
  }
  return [...minutes].sort((a, b) => a - b);
}

/** Loads what it takes to revise these minutes; the trades of each minute as they were before the present message. */
export async function loadRevision(
  source: RevisionSource,
  series: CandleSeries,
  minutes: readonly number[],
  withTrades: boolean,
): Promise<LoadedRevision> {
  const first = minutes[0] as number;
  const beyondADay = first * 1000 < series.watermarkUs - DAY_US;
  const { dayFrom, weekFrom } = rowsNeededFor(series, first);
  const rows: LoadedRows = new Map();
  for (const row of await source.rows(series, dayFrom, weekFrom)) {
    const byOpen = rows.get(row.timeframe) ?? new Map();
    byOpen.set(row.openTime, row);
    rows.set(row.timeframe, byOpen);
  }
  const loaded = new LoadedRevision(rows, beyondADay);
  if (!withTrades) return loaded;
  await readTrades(source, series, minutes, loaded, beyondADay);
  const short = minutes.filter((minute) => isShort(loaded, minute));
  if (short.length > 0 && !beyondADay) {
    loaded.minutes.clear();
    await readTrades(source, series, minutes, loaded, true);
  }
  for (const minute of short) refuseForgotten(loaded, minute, series);
  return loaded;
}

/** Reads the trades of closed minutes: those of the last day from the kept messages, `old` ones from the record. */
async function readTrades(
  source: RevisionSource,
  series: CandleSeries,
  minutes: readonly number[],
  loaded: LoadedRevision,
  old: boolean,
): Promise<void> {
  const wanted = new Set(minutes);
  const seen = new Map<string, IntervalSet>();
  for (const data of await source.batches(series, minutes[0] as number, minutes.at(-1) as number, old)) {
    const batch = source.decode(data);
    let ids = seen.get(batch.epoch);
    if (ids === undefined) {
      ids = new IntervalSet();
      seen.set(batch.epoch, ids);
    }
    for (let i = 0; i < batch.count; i++) {
      const time = batch.eventTimeUs[i] as number;
      const minute = Math.floor(time / MINUTE_US) * 60_000;
      if (wanted.has(minute) && ids.add(batch.sourceSeq[i] as number)) loaded.builderAt(minute, series).add(batch, i);
    }
  }
}

/** True where fewer trades were read than the minute's candle was made of. */
function isShort({ rows, minutes }: LoadedRevision, minute: number): boolean {
  return (minutes.get(minute)?.count ?? 0) < storedTrades(rows, minute);
}

function storedTrades(rows: LoadedRows, minute: number): number {
  return rows.get("1m")?.get(minute)?.sums[S.TRADES] ?? 0;
}

/** A candle whose trades were dropped by age cannot be made again from what is left of them. */
function refuseForgotten(loaded: LoadedRevision, minute: number, series: CandleSeries): void {
  if (!isShort(loaded, minute)) return;
  const stored = storedTrades(loaded.rows, minute);
  const recorded = loaded.minutes.get(minute)?.count ?? 0;
  const { venue, instrument } = series.key;
  throw new InvalidMessageError(
    `${venue} ${instrument}: of the ${stored} trades of ${new Date(minute).toISOString()} only ${recorded} are still recorded, so that its candle cannot be revised`,
  );
}

/** The minute itself, or the first scheduled one after it that is closed. */
export function firstScheduled(series: CandleSeries, minute: number): number {
  return series.isScheduled(minute) ? minute : Math.min(series.closedUntil, nextScheduled(series, minute));
}

function nextScheduled(series: CandleSeries, minute: number): number {
  let next = minute;
  while (!series.isScheduled(next) && next < series.closedUntil) next += 60_000;
  return next;
}
