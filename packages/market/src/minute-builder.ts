import { FLAG_QUOTE_ARRIVAL } from "./candle.ts";
import { addQuote, addTrade, createSums, rescaleSums, S, timesPowerOfTen } from "./candle-sums.ts";
import type { TradeColumns } from "./trade.ts";

const FIRST_CAPACITY = 64;

/** Numeric columns that a minute keeps of each trade, in the order of `#columns`. */
const TIME = 0;
const SEQ = 1;
const PRICE = 2;
const SIZE = 3;
const SIDE = 4;
const BID = 5;
const ASK = 6;
const BID_SIZE = 7;
const ASK_SIZE = 8;
const AGE = 9;
const COLUMN_COUNT = 10;

/**
 * The trades of one minute in their order (time, seq, epoch), and their sums. A trade that comes in
 * order costs one addition to the sums; one that does not is put in its place and the sums are made
 * again when they are next read. Duplicates are the caller's matter.
 */
export class MinuteBuilder {
  #count = 0;
  #columns: Float64Array[] = Array.from({ length: COLUMN_COUNT }, () => new Float64Array(FIRST_CAPACITY));
  /** undefined: the id is the text of the sequence. */
  #ids: (string | null | undefined)[] = [];
  #epochs: string[] = [];
  #sums: Float64Array;
  #stale = false;
  #flags = 0;

  constructor(priceScale: number, sizeScale: number) {
    this.#sums = createSums(priceScale, sizeScale);
  }

  get count(): number {
    return this.#count;
  }

  get firstTradeId(): string | null {
    return this.#idAt(0);
  }

  get lastTradeId(): string | null {
    return this.#idAt(this.#count - 1);
  }

  get lastPrice(): number {
    return (this.#columns[PRICE] as Float64Array)[this.#count - 1] as number;
  }

  /** The sums of all trades so far, without CVD; valid until the next `add`. */
  sums(): Float64Array {
    if (this.#stale) this.#rebuild();
    this.#sums[S.FLAGS] = this.#flags;
    return this.#sums;
  }

  /** Adds trade `i` of a batch; a batch at finer scales refines the minute, one at coarser scales is refined. */
  add(batch: TradeColumns, i: number): void {
    if (batch.priceScale !== this.#sums[S.PRICE_SCALE] || batch.sizeScale !== this.#sums[S.SIZE_SCALE]) this.#refine(batch.priceScale, batch.sizeScale);
    const priceFactor = (this.#sums[S.PRICE_SCALE] as number) - batch.priceScale;
    const sizeFactor = (this.#sums[S.SIZE_SCALE] as number) - batch.sizeScale;
    const at = this.#place(batch, i);
    const columns = this.#columns;
    const time = batch.eventTimeUs[i] as number;
    const seq = batch.sourceSeq[i] as number;
    const side = batch.side[i] as number;
    const age = batch.quoteAgeUs[i] as number;
    let price = batch.price[i] as number;
    let size = batch.size[i] as number;
    let bid = batch.bid[i] as number;
    let ask = batch.ask[i] as number;
    let bidSize = batch.bidSize[i] as number;
    let askSize = batch.askSize[i] as number;
    if (priceFactor !== 0) {
      price = timesPowerOfTen(price, priceFactor);
      bid = timesPowerOfTen(bid, priceFactor);
      ask = timesPowerOfTen(ask, priceFactor);
    }
    if (sizeFactor !== 0) {
      size = timesPowerOfTen(size, sizeFactor);
      bidSize = timesPowerOfTen(bidSize, sizeFactor);
      askSize = timesPowerOfTen(askSize, sizeFactor);
    }
    (columns[TIME] as Float64Array)[at] = time;
    (columns[SEQ] as Float64Array)[at] = seq;
    (columns[PRICE] as Float64Array)[at] = price;
    (columns[SIZE] as Float64Array)[at] = size;
    (columns[SIDE] as Float64Array)[at] = side;
    (columns[AGE] as Float64Array)[at] = age;
    if (age >= 0) {
      (columns[BID] as Float64Array)[at] = bid;
      (columns[ASK] as Float64Array)[at] = ask;
      (columns[BID_SIZE] as Float64Array)[at] = bidSize;
      (columns[ASK_SIZE] as Float64Array)[at] = askSize;
      if (batch.quoteMethod === "arrival") this.#flags |= FLAG_QUOTE_ARRIVAL;
    }
    this.#ids[at] = batch.tradeId === null ? undefined : (batch.tradeId[i] as string | null);
    this.#epochs[at] = batch.epoch;
    this.#count += 1;
    if (at < this.#count - 1) {
      this.#stale = true;
    } else if (!this.#stale) {
      addTrade(this.#sums, time, seq, price, size, side);
      addQuote(this.#sums, bid, ask, bidSize, askSize, age);
    }
  }

  /** Index for trade `i`: the end where it is the latest, else a place made for it. */
  #place(batch: TradeColumns, i: number): number {
    const n = this.#count;
    if (n === (this.#columns[TIME] as Float64Array).length) this.#grow();
    let at = n;
    while (at > 0 && this.#isBefore(batch, i, at - 1)) at -= 1;
    if (at < n) {
      for (const column of this.#columns) column.copyWithin(at + 1, at, n);
      this.#ids.splice(at, 0, null);
      this.#epochs.splice(at, 0, "");
    }
    return at;
  }

  #isBefore(batch: TradeColumns, i: number, at: number): boolean {
    const time = (batch.eventTimeUs[i] as number) - ((this.#columns[TIME] as Float64Array)[at] as number);
    if (time !== 0) return time < 0;
    const seq = (batch.sourceSeq[i] as number) - ((this.#columns[SEQ] as Float64Array)[at] as number);
    return seq !== 0 ? seq < 0 : batch.epoch < (this.#epochs[at] as string);
  }

  #idAt(at: number): string | null {
    if (at < 0 || at >= this.#count) return null;
    const id = this.#ids[at];
    return id === undefined ? String((this.#columns[SEQ] as Float64Array)[at]) : id;
  }

  #grow(): void {
    this.#columns = this.#columns.map((column) => {
      const larger = new Float64Array(column.length * 2);
      larger.set(column);
      return larger;
    });
  }

  #refine(priceScale: number, sizeScale: number): void {
    const prices = Math.max(0, priceScale - (this.#sums[S.PRICE_SCALE] as number));
    const sizes = Math.max(0, sizeScale - (this.#sums[S.SIZE_SCALE] as number));
    if (prices === 0 && sizes === 0) return;
    for (const [columns, digits] of [
      [[PRICE, BID, ASK], prices],
      [[SIZE, BID_SIZE, ASK_SIZE], sizes],
    ] as const) {
      for (const index of columns) {
        const column = this.#columns[index] as Float64Array;
        for (let at = 0; at < this.#count; at++) column[at] = timesPowerOfTen(column[at] as number, digits);
      }
    }
    rescaleSums(this.#sums, priceScale, sizeScale);
  }

  #rebuild(): void {
    const sums = createSums(this.#sums[S.PRICE_SCALE] as number, this.#sums[S.SIZE_SCALE] as number);
    const [time, seq, price, size, side, bid, ask, bidSize, askSize, age] = this.#columns as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let at = 0; at < this.#count; at++) {
      addTrade(sums, time[at] as number, seq[at] as number, price[at] as number, size[at] as number, side[at] as number);
      addQuote(sums, bid[at] as number, ask[at] as number, bidSize[at] as number, askSize[at] as number, age[at] as number);
    }
    this.#sums = sums;
    this.#stale = false;
  }
}
