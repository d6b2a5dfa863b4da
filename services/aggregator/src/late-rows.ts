import { type LoadedRows, minutesLookingBack, type NeededRows, rowsNeededFor } from "@tickfleet/market/candle-revision";
import type { CandleRow } from "@tickfleet/market/candle-row";
import { type CandleSeries, minuteOf } from "@tickfleet/market/candle-series";
import { IntervalSet } from "@tickfleet/market/interval-set";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { MinuteBuilder } from "@tickfleet/market/minute-builder";
import { S, WINDOW_LENGTH } from "@tickfleet/market/sums-layout";
import type { TradeColumns } from "@tickfleet/market/trade";
import type { RevisionScope } from "./revision-scope.ts";

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

  /** All trades of the others that were asked for, where they are those that their candle was made of: some may be recorded no more. */
  minutesAround(): Map<number, MinuteBuilder> {
    const candles = this.rows.get("1m");
    return new Map(
      [...this.#minutes].filter(([minute, { count }]) => !this.#withLate.has(minute) && count === candles?.get(minute)?.sums[S.TRADES]),
    );
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
      builder = new MinuteBuilder(series.instrument, series.priceScale, series.sizeScale, new Float64Array(WINDOW_LENGTH));
      this.#minutes.set(minute, builder);
    }
    builder.add(batch, i);
    return true;
  }
}

/** Where the committed rows and trades are read from. */
export interface RevisionSource {
  rows(series: CandleSeries, from: NeededRows): Promise<CandleRow[]>;
  /** Trade messages of a minute range (opens, epoch milliseconds, both included), as encoded. */
  batches(series: CandleSeries, fromMinute: number, toMinute: number, old: boolean): Promise<readonly Uint8Array[]>;
  decode(data: Uint8Array): TradeColumns;
}

/** Loads what a revision takes; the trades of each minute as they were before the present message. */
export async function loadRevision(source: RevisionSource, series: CandleSeries, scope: RevisionScope): Promise<LoadedRevision> {
  const { minutes, recheck, first } = scope;
  const beyondADay = first * 1000 < series.watermarkUs - DAY_US;
  const rows: LoadedRows = new Map();
  for (const row of await source.rows(series, rowsNeededFor(series, first))) {
    const byOpen = rows.get(row.timeframe) ?? new Map();
    byOpen.set(row.openTime, row);
    rows.set(row.timeframe, byOpen);
  }
  const loaded = new LoadedRevision(rows, beyondADay);
  const wanted = new Set([...minutes, ...minutesLookingBack(rows, minutes, recheck)]);
  if (wanted.size === 0) return loaded;
  const readTrades = async (old: boolean): Promise<void> => {
    const batches = await source.batches(series, Math.min(...wanted), Math.max(...wanted), old);
    for (const data of batches) loaded.addStored(wanted, series, source.decode(data));
  };
  await readTrades(beyondADay);
  const lacking = [...wanted].filter((minute) => loaded.lacking(minute) !== null);
  if (lacking.length > 0 && !beyondADay) await readTrades(true);
  for (const minute of minutes) refuseForgotten(loaded, minute, series);
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
