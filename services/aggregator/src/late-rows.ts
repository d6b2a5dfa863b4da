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

/** Rows and trades that a revision needs, loaded from what was committed. */
export class LoadedRevision {
  readonly rows: LoadedRows;
  /** The trades are too late for a revision of their own: history is rebuilt. */
  readonly beyondADay: boolean;
  readonly #minutes = new Map<number, MinuteBuilder>();
  readonly #ids = new Map<string, IntervalSet>();
  readonly #withLate = new Set<number>();

  constructor(rows: LoadedRows, beyondADay: boolean) {
    this.rows = rows;
    this.beyondADay = beyondADay;
  }

  /** Takes the trades of a batch that fall into these minutes, each once. */
  addStored(minutes: ReadonlySet<number>, series: CandleSeries, batch: TradeColumns): void {
    for (let i = 0; i < batch.count; i++) {
      const minute = minuteOf(batch.eventTimeUs[i] as number);
      if (minutes.has(minute)) this.#add(minute, series, batch, i);
    }
  }

  /** Adds a late trade; one that is among the stored ones came before, though the series does not know it any more. */
  addLate(minute: number, series: CandleSeries, batch: TradeColumns, i: number): void {
    if (this.#add(minute, series, batch, i)) this.#withLate.add(minute);
  }

  /** All trades of the minutes that late ones were added to. */
  minutesWithLate(): Map<number, MinuteBuilder> {
    return new Map([...this.#minutes].filter(([minute]) => this.#withLate.has(minute)));
  }

  /** Trades of a minute that are in its candle, and not here. */
  lacking(minute: number): { stored: number; found: number } | null {
    const stored = this.rows.get("1m")?.get(minute)?.sums[S.TRADES] ?? 0;
    const found = this.#minutes.get(minute)?.count ?? 0;
    return found < stored ? { stored, found } : null;
  }

  #add(minute: number, series: CandleSeries, batch: TradeColumns, i: number): boolean {
    let ids = this.#ids.get(batch.epoch);
    if (ids === undefined) {
      ids = new IntervalSet();
      this.#ids.set(batch.epoch, ids);
    }
    if (!ids.add(batch.sourceSeq[i] as number)) return false;
    let builder = this.#minutes.get(minute);
    if (builder === undefined) {
      builder = new MinuteBuilder(series.priceScale, series.sizeScale);
      this.#minutes.set(minute, builder);
    }
    builder.add(batch, i);
    return true;
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
  const wanted = new Set(minutes);
  const readTrades = async (old: boolean): Promise<void> => {
    const batches = await source.batches(series, first, minutes.at(-1) as number, old);
    for (const data of batches) loaded.addStored(wanted, series, source.decode(data));
  };
  await readTrades(beyondADay);
  const lacking = minutes.filter((minute) => loaded.lacking(minute) !== null);
  if (lacking.length > 0 && !beyondADay) await readTrades(true);
  for (const minute of lacking) refuseForgotten(loaded, minute, series);
  return loaded;
}

/** A candle whose trades were dropped by age cannot be made again from what is left of them. */
function refuseForgotten(loaded: LoadedRevision, minute: number, series: CandleSeries): void {
  const lacking = loaded.lacking(minute);
  if (lacking === null) return;
  const { venue, instrument } = series.key;
  throw new InvalidMessageError(
    `${venue} ${instrument}: of the ${lacking.stored} trades of ${new Date(minute).toISOString()} only ${lacking.found} are still recorded, so that its candle cannot be revised`,
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
