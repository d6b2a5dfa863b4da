import type { Candle } from "../src/candle.ts";
import {
  type LoadedRows,
  minutesLookingBack,
  neededFrom,
  type RevisionResult,
  reviseSeries,
  rowsNeededFor,
} from "../src/candle-revision.ts";
import { type CandleRow, createCandle } from "../src/candle-row.ts";
import { CandleSeries, minuteOf } from "../src/candle-series.ts";
import { restoreSeries, type SeriesSnapshot, snapshotSeries } from "../src/candle-series-snapshot.ts";
import { LONGEST_WINDOW } from "../src/candle-window.ts";
import type { Instrument } from "../src/instrument.ts";
import { IntervalSet } from "../src/interval-set.ts";
import { MinuteBuilder } from "../src/minute-builder.ts";
import { S, WINDOW_LENGTH } from "../src/sums-layout.ts";
import { TIMEFRAMES, type Timeframe } from "../src/timeframe.ts";
import { createTradeColumns, type TradeColumns } from "../src/trade.ts";
import type { PlainGap, PlainTrade } from "./naive-candles.ts";

export const CRYPTO: Instrument = {
  venue: "demo",
  instrument: "BTC-USDT",
  venueSymbol: "BTCUSDT",
  calendar: "crypto",
  kind: "spot",
  contractSize: 1,
  priceScale: 2,
  sizeScale: 3,
  closeDelayMs: 250,
};

export const EQUITY: Instrument = { ...CRYPTO, instrument: "SPY", venueSymbol: "SPY", calendar: "us-equity", closeDelayMs: 2_000 };

/** One thing that a series hears of. */
export type Step =
  | { kind: "trades"; trades: readonly PlainTrade[]; fill?: string }
  | { kind: "clock"; timeUs: number; held?: boolean }
  | { kind: "gap"; gap: PlainGap | { id: string; state: "none"; fromUs: number; toUs: number } };

/** Trades as batches of at most `size`: a batch has one epoch, one pair of scales, one quote method. */
export function batchesOf(trades: readonly PlainTrade[], size: number, fill: string | null = null): TradeColumns[] {
  const batches: TradeColumns[] = [];
  let kind = "";
  for (const trade of trades) {
    const own = `${trade.epoch} ${trade.priceScale} ${trade.sizeScale} ${trade.quote?.method} ${trade.id === undefined}`;
    let batch = batches.at(-1);
    if (batch === undefined || own !== kind || batch.count === size) {
      kind = own;
      batch = createTradeColumns(size);
      batches.push(batch);
      batch.epoch = trade.epoch;
      batch.priceScale = trade.priceScale;
      batch.sizeScale = trade.sizeScale;
      batch.quoteMethod = trade.quote?.method ?? null;
      batch.tradeId = trade.id === undefined ? null : [];
      batch.fill = fill;
    }
    putTrade(batch, trade);
  }
  return batches;
}

function putTrade(batch: TradeColumns, trade: PlainTrade): void {
  const i = batch.count;
  batch.eventTimeUs[i] = trade.timeUs;
  batch.sourceSeq[i] = trade.seq;
  batch.price[i] = trade.price;
  batch.size[i] = trade.size;
  batch.side[i] = trade.side;
  batch.bid[i] = trade.quote?.bid ?? Number.NaN;
  batch.ask[i] = trade.quote?.ask ?? Number.NaN;
  batch.bidSize[i] = trade.quote?.bidSize ?? Number.NaN;
  batch.askSize[i] = trade.quote?.askSize ?? Number.NaN;
  batch.quoteAgeUs[i] = trade.quote?.ageUs ?? -1;
  if (batch.tradeId !== null) (batch.tradeId as (string | null)[]).push(trade.id as string | null);
  batch.count += 1;
}

/** A series with a store around it, as the aggregator has it: rows are kept as copies, late trades load what they need. */
export class SeriesRun {
  series: CandleSeries;
  readonly stored = new Map<string, CandleRow>();
  /** Every row that closed or was revised, in order. */
  readonly published: CandleRow[] = [];
  readonly revisions: RevisionResult[] = [];
  readonly #kept: TradeColumns[] = [];
  readonly #batchSize: number;

  constructor(instrument: Instrument, coveredFromUs: number, batchSize = 500) {
    this.series = new CandleSeries(instrument, coveredFromUs);
    this.#batchSize = batchSize;
  }

  take(step: Step): void {
    if (step.kind === "clock") this.series.advanceTo(step.timeUs, step.held ?? false, (row) => this.#publish(row));
    else if (step.kind === "gap") this.#takeGap(step.gap);
    else for (const batch of batchesOf(step.trades, this.#batchSize, step.fill ?? null)) this.#takeBatch(batch);
  }

  run(steps: readonly Step[]): this {
    for (const step of steps) this.take(step);
    return this;
  }

  /** Goes on from a snapshot alone, as after a crash. */
  restart(): void {
    this.series = restoreSeries(JSON.parse(JSON.stringify(snapshotSeries(this.series))) as SeriesSnapshot);
    const seen = new Map<string, IntervalSet>();
    for (const batch of this.#kept) this.series.restoreBatch(batch, seen);
  }

  candle(timeframe: Timeframe, openTime: number): Candle | undefined {
    const row = this.stored.get(`${timeframe} ${openTime}`);
    return row && this.#candleOf(row);
  }

  candles(): Map<string, Candle> {
    return new Map([...this.stored].map(([key, row]) => [key, this.#candleOf(row)]));
  }

  /** Every stored row, bit for bit. */
  bits(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.stored].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, row]) => [key, { ...row, sums: Array.from(row.sums) }]),
    );
  }

  #candleOf(row: CandleRow): Candle {
    return createCandle(this.series, row);
  }

  #takeBatch(batch: TradeColumns): void {
    const { series } = this;
    const hasLate = series.hasLate(batch);
    const before = [...this.#kept];
    this.#kept.push(batch);
    const late = series.addBatch(batch);
    if ((late !== null) !== hasLate) throw new Error("hasLate and addBatch disagree");
    if (late === null) return;
    const minutes = new Map<number, MinuteBuilder>();
    for (const minute of late.keys()) minutes.set(minute, newMinute(series));
    const seen = new Map<string, IntervalSet>();
    for (const each of before) addWanted(minutes, each, seen);
    for (const [minute, indices] of late) for (const i of indices) minutes.get(minute)?.add(batch, i);
    this.#revise(Math.min(...minutes.keys()), minutes, null, before);
  }

  #takeGap(gap: PlainGap | { id: string; state: "none"; fromUs: number; toUs: number }): void {
    const { series } = this;
    series.setGap(gap.state === "none" ? { id: gap.id, state: "none" } : { ...gap });
    if (gap.fromUs >= series.closedUntil * 1000) return;
    let first = minuteOf(gap.fromUs);
    while (!series.isScheduled(first) && first < series.closedUntil) first += 60_000;
    this.#revise(first, new Map(), { fromUs: gap.fromUs, toUs: gap.toUs }, this.#kept);
  }

  #revise(
    first: number,
    minutes: Map<number, MinuteBuilder>,
    recheck: { fromUs: number; toUs: number } | null,
    batches: readonly TradeColumns[],
  ): void {
    const needed = rowsNeededFor(this.series, first);
    const rows: LoadedRows = new Map();
    for (const timeframe of TIMEFRAMES) {
      const from = neededFrom(needed, timeframe);
      const since = [...this.stored.values()].filter((row) => row.timeframe === timeframe && row.openTime >= from);
      const wanted = [...this.#lastBefore(timeframe, from), ...since];
      rows.set(timeframe, new Map(wanted.map((row) => [row.openTime, { ...row, sums: row.sums.slice() }])));
    }
    const around = new Map(minutesLookingBack(rows, [...minutes.keys()], recheck).map((minute) => [minute, newMinute(this.series)]));
    const seen = new Map<string, IntervalSet>();
    for (const each of batches) addWanted(around, each, seen);
    const result = reviseSeries(this.series, rows, { minutes, around, recheck });
    this.revisions.push(result);
    for (const row of result.revised) this.#publish(row);
    for (const row of result.rewritten) this.#store(row);
  }

  /** The last 20 candles with trades before an instant, and the last of all. */
  #lastBefore(timeframe: Timeframe, before: number): CandleRow[] {
    const rows = [...this.stored.values()].filter((row) => row.timeframe === timeframe && row.openTime < before);
    rows.sort((a, b) => a.openTime - b.openTime);
    return [...rows.filter((row) => row.sums[S.TRADES] !== 0).slice(-LONGEST_WINDOW), ...rows.slice(-1)];
  }

  #publish(row: CandleRow): void {
    this.published.push({ ...row, sums: row.sums.slice() });
    this.#store(row);
  }

  #store(row: CandleRow): void {
    this.stored.set(`${row.timeframe} ${row.openTime}`, { ...row, sums: row.sums.slice() });
  }
}

function newMinute(series: CandleSeries): MinuteBuilder {
  return new MinuteBuilder(series.instrument, series.priceScale, series.sizeScale, new Float64Array(WINDOW_LENGTH));
}

function addWanted(minutes: Map<number, MinuteBuilder>, batch: TradeColumns, seen: Map<string, IntervalSet>): void {
  const ids = seen.get(batch.epoch) ?? new IntervalSet();
  seen.set(batch.epoch, ids);
  for (let i = 0; i < batch.count; i++) {
    const builder = minutes.get(minuteOf(batch.eventTimeUs[i] as number));
    if (builder !== undefined && ids.add(batch.sourceSeq[i] as number)) builder.add(batch, i);
  }
}
