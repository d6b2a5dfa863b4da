import { createBatchColumns, encodeTradeBatch, MAX_BATCH_BYTES, MAX_BATCH_TRADES } from "@tickfleet/contracts/trade-batch";
import type { SideMethod, TradeColumns } from "@tickfleet/market/trade";
import type { RawTrade } from "@tickfleet/venues/source";
import type { StandingQuote } from "./quote-book.ts";
import type { DecidedSide } from "./trade-side.ts";

/** JSON around the columns: names, brackets, head, stamps. */
const HEAD_BYTES = 700;

const COLUMNS = ["eventTimeUs", "eventTimeNsRest", "receivedTimeUs", "sourceSeq", "price", "size", "side", "sideMethod"] as const;
const QUOTE_COLUMNS = ["bid", "ask", "bidSize", "askSize", "quoteAgeUs"] as const;
const METHOD_CODES: Readonly<Record<SideMethod, number>> = { flag: 0, quote: 1, tick: 2, none: 3 };

/** An open batch as plain data, for a snapshot. */
export interface OpenBatchState {
  epoch: string;
  fill: string | null;
  priceScale: number;
  sizeScale: number;
  quoteMethod: "venue" | "arrival" | null;
  bytes: number;
  tradeId: (string | null)[] | null;
  columns: number[][];
}

/** Collects trades of one instrument until a batch of them must leave. */
export class TradeBatchBuilder {
  readonly #columns: TradeColumns;
  #ids: (string | null)[] | null = null;
  #bytes = HEAD_BYTES;

  constructor(venue: string, instrument: string) {
    this.#columns = createBatchColumns();
    this.#columns.venue = venue;
    this.#columns.instrument = instrument;
  }

  get count(): number {
    return this.#columns.count;
  }

  /** False where the batch must leave before a trade of this kind can join. */
  accepts(trade: RawTrade, priceScale: number, sizeScale: number, quote: StandingQuote | null, fill: string | null): boolean {
    const columns = this.#columns;
    if (columns.count === 0) return true;
    if (columns.count === MAX_BATCH_TRADES || columns.epoch !== trade.epoch || columns.fill !== fill) return false;
    if (columns.priceScale !== priceScale || columns.sizeScale !== sizeScale) return false;
    if (quote !== null && columns.quoteMethod !== null && columns.quoteMethod !== quote.method) return false;
    return this.#bytes + this.#bytesOf(trade) <= MAX_BATCH_BYTES;
  }

  /** Adds a trade that `accepts` lets in; price and size are at the scales given. */
  add(
    trade: RawTrade,
    price: number,
    size: number,
    scales: { priceScale: number; sizeScale: number },
    decided: DecidedSide,
    quote: StandingQuote | null,
    fill: string | null,
  ): void {
    const columns = this.#columns;
    const i = columns.count;
    if (i === 0) {
      columns.epoch = trade.epoch;
      columns.fill = fill;
      columns.priceScale = scales.priceScale;
      columns.sizeScale = scales.sizeScale;
    }
    this.#bytes += this.#bytesOf(trade);
    this.#addId(trade, i);
    columns.eventTimeUs[i] = trade.eventTimeUs;
    columns.eventTimeNsRest[i] = trade.eventTimeNsRest;
    columns.receivedTimeUs[i] = trade.receivedTimeUs;
    columns.sourceSeq[i] = trade.sourceSeq;
    columns.price[i] = price;
    columns.size[i] = size;
    columns.side[i] = decided.side;
    columns.sideMethod[i] = METHOD_CODES[decided.method];
    if (quote !== null) columns.quoteMethod = quote.method;
    // Without a quote the price itself stands in: small differences, and the age says that there is none.
    columns.bid[i] = quote === null ? price : quote.bid;
    columns.ask[i] = quote === null ? price : quote.ask;
    columns.bidSize[i] = quote === null ? 0 : quote.bidSize;
    columns.askSize[i] = quote === null ? 0 : quote.askSize;
    columns.quoteAgeUs[i] = quote === null ? -1 : quote.ageUs;
    columns.count = i + 1;
  }

  /** The encoded batch; the builder is empty afterwards. `stamp` adds the time at a hop, epoch microseconds. */
  take(stamp: { hop: string; timeUs: number } | null): Uint8Array {
    const columns = this.#columns;
    columns.tradeId = this.#ids;
    const received = columns.receivedTimeUs[columns.count - 1] as number;
    const data = encodeTradeBatch(columns, stamp === null ? { received } : { received, [stamp.hop]: stamp.timeUs });
    columns.count = 0;
    columns.quoteMethod = null;
    this.#ids = null;
    this.#bytes = HEAD_BYTES;
    return data;
  }

  snapshot(): OpenBatchState | null {
    const { count, epoch, fill, priceScale, sizeScale, quoteMethod } = this.#columns;
    if (count === 0) return null;
    const columns = [...COLUMNS, ...QUOTE_COLUMNS].map((name) => Array.from(this.#columns[name].subarray(0, count)));
    return { epoch, fill, priceScale, sizeScale, quoteMethod, bytes: this.#bytes, tradeId: this.#ids, columns };
  }

  restore(state: OpenBatchState): void {
    const { epoch, fill, priceScale, sizeScale, quoteMethod } = state;
    Object.assign(this.#columns, { epoch, fill, priceScale, sizeScale, quoteMethod, count: state.columns[0]?.length ?? 0 });
    for (const [i, name] of [...COLUMNS, ...QUOTE_COLUMNS].entries()) this.#columns[name].set(state.columns[i] as number[]);
    this.#ids = state.tradeId === null ? null : [...state.tradeId];
    this.#bytes = state.bytes;
  }

  #addId(trade: RawTrade, i: number): void {
    if (this.#ids === null) {
      if (trade.tradeId !== null && trade.tradeId === String(trade.sourceSeq)) return;
      this.#ids = Array.from(this.#columns.sourceSeq.subarray(0, i), String);
    }
    this.#ids.push(trade.tradeId);
  }

  /** Bound on what a trade adds, from the sizes of its numbers and their usual differences. */
  #bytesOf(trade: RawTrade): number {
    const quotes = 2 * digits(trade.size.value) + 34;
    return 44 + digits(trade.size.value) + quotes + (trade.tradeId === null ? 5 : trade.tradeId.length + 3);
  }
}

function digits(value: number): number {
  return value < 1e4 ? 5 : value < 1e8 ? 9 : value < 1e12 ? 13 : 17;
}
