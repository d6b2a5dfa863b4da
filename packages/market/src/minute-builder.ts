import { type BigTradeTest, bigTradeTest, isBig } from "./big-trade.ts";
import { FLAG_QUOTE_ARRIVAL } from "./candle.ts";
import {
  addBigTrade,
  addQuote,
  addTrade,
  createSums,
  hasWindow,
  refinedWindow,
  rescaleSums,
  setWindow,
  timesPowerOfTen,
} from "./candle-sums.ts";
import type { Instrument } from "./instrument.ts";
import { sampleMetrics } from "./sampled-metrics.ts";
import { S } from "./sums-layout.ts";
import type { TradeColumns } from "./trade.ts";

/** Trades per chunk: a power of two, small enough for a thousand quiet instruments, large enough for a busy one. */
const CHUNK_BITS = 7;
const CHUNK = 1 << CHUNK_BITS;

/** Places of what a minute keeps of each trade, one trade after another in a chunk. */
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
const WIDTH = 10;

const PRICES = [PRICE, BID, ASK] as const;
const SIZES = [SIZE, BID_SIZE, ASK_SIZE] as const;

/**
 * The trades of one minute, and their sums in the order (time, seq, epoch). A trade that comes in
 * order costs one addition to the sums; after one that does not, the trades are sorted and the sums
 * made again when they are next read. Duplicates are the caller's matter.
 */
export class MinuteBuilder {
  #count = 0;
  #chunks: Float64Array[] = [];
  /** The chunk that the next trade goes into. */
  #chunk: Float64Array = new Float64Array(0);
  /** Epoch of the first trade, and of each once a second epoch came. */
  #epoch = "";
  #epochs: string[] | null = null;
  /** Ids of the trades once one came that is not the text of its sequence (undefined: it is). */
  #ids: (string | null | undefined)[] | null = null;
  #sums: Float64Array;
  #ordered = true;
  #flags = 0;
  readonly #instrument: Instrument;
  #bigTest: BigTradeTest;

  /** @param window what the minute takes from those before it, at the size scale */
  constructor(instrument: Instrument, priceScale: number, sizeScale: number, window: Float64Array) {
    this.#instrument = instrument;
    this.#sums = createSums(priceScale, sizeScale);
    setWindow(this.#sums, window);
    this.#bigTest = bigTradeTest(instrument, priceScale, sizeScale);
  }

  get count(): number {
    return this.#count;
  }

  get priceScale(): number {
    return this.#sums[S.PRICE_SCALE] as number;
  }

  get sizeScale(): number {
    return this.#sums[S.SIZE_SCALE] as number;
  }

  get firstTradeId(): string | null {
    return this.#idAt(0);
  }

  get lastTradeId(): string | null {
    return this.#idAt(this.#count - 1);
  }

  /** The sums of all trades so far, without what runs on in the session; valid until the next `add`. */
  sums(): Float64Array {
    if (!this.#ordered) this.#order();
    this.#sums[S.FLAGS] = this.#flags;
    return this.#sums;
  }

  /** Changes what the minute takes from those before it, given at these scales: its running values are made again. */
  setWindow(window: Float64Array, priceScale: number, sizeScale: number): void {
    this.refine(priceScale, sizeScale);
    const own = refinedWindow(window, this.sizeScale - sizeScale);
    if (hasWindow(this.#sums, own)) return;
    setWindow(this.#sums, own);
    // at once, while few trades came: those that follow are then added as they come
    if (this.#count > 0 && this.#ordered) this.#sumAgain();
  }

  /**
   * Adds trade `i` of a batch; a batch at finer scales refines the minute, one at coarser scales is refined.
   * Throws RangeError, and changes nothing, where a value is beyond the safe integers at the finer scale.
   */
  add(batch: TradeColumns, i: number): void {
    if (batch.priceScale !== this.#sums[S.PRICE_SCALE] || batch.sizeScale !== this.#sums[S.SIZE_SCALE]) {
      this.refine(batch.priceScale, batch.sizeScale);
      this.#addCoarse(batch, i);
      return;
    }
    const at = this.#makeRoom(batch, i);
    const rows = this.#chunk;
    rows[at + PRICE] = batch.price[i] as number;
    rows[at + SIZE] = batch.size[i] as number;
    if ((batch.quoteAgeUs[i] as number) >= 0) {
      rows[at + BID] = batch.bid[i] as number;
      rows[at + ASK] = batch.ask[i] as number;
      rows[at + BID_SIZE] = batch.bidSize[i] as number;
      rows[at + ASK_SIZE] = batch.askSize[i] as number;
    }
    this.#take(batch, i, at);
  }

  /** Brings the minute to finer scales; coarser ones are ignored. Throws RangeError as `add` does. */
  refine(priceScale: number, sizeScale: number): void {
    const prices = Math.max(0, priceScale - (this.#sums[S.PRICE_SCALE] as number));
    const sizes = Math.max(0, sizeScale - (this.#sums[S.SIZE_SCALE] as number));
    if (prices === 0 && sizes === 0) return;
    const sums = this.#sums.slice();
    rescaleSums(sums, priceScale, sizeScale);
    const chunks = this.#chunks.map((chunk) => refinedChunk(chunk, prices, sizes));
    this.#chunks = chunks;
    this.#chunk = chunks.at(-1) ?? this.#chunk;
    this.#sums = sums;
    this.#bigTest = bigTradeTest(this.#instrument, sums[S.PRICE_SCALE] as number, sums[S.SIZE_SCALE] as number);
  }

  /** Adds a trade of which a scale is coarser than the minute's. */
  #addCoarse(batch: TradeColumns, i: number): void {
    const prices = (this.#sums[S.PRICE_SCALE] as number) - batch.priceScale;
    const sizes = (this.#sums[S.SIZE_SCALE] as number) - batch.sizeScale;
    const price = timesPowerOfTen(batch.price[i] as number, prices);
    const size = timesPowerOfTen(batch.size[i] as number, sizes);
    const quoted = (batch.quoteAgeUs[i] as number) >= 0;
    const bid = quoted ? timesPowerOfTen(batch.bid[i] as number, prices) : 0;
    const ask = quoted ? timesPowerOfTen(batch.ask[i] as number, prices) : 0;
    const bidSize = quoted ? timesPowerOfTen(batch.bidSize[i] as number, sizes) : 0;
    const askSize = quoted ? timesPowerOfTen(batch.askSize[i] as number, sizes) : 0;
    const at = this.#makeRoom(batch, i);
    this.#chunk.set([price, size], at + PRICE);
    this.#chunk.set([bid, ask, bidSize, askSize], at + BID);
    this.#take(batch, i, at);
  }

  /** Where the next trade goes in the last chunk; notes its time, id and epoch, and whether it comes in order. */
  #makeRoom(batch: TradeColumns, i: number): number {
    const n = this.#count;
    const time = batch.eventTimeUs[i] as number;
    const seq = batch.sourceSeq[i] as number;
    if (n === 0) this.#epoch = batch.epoch;
    else if (this.#ordered) this.#ordered = !this.#isBeforeLast(time, seq, batch.epoch);
    const at = (n & (CHUNK - 1)) * WIDTH;
    if (at === 0) {
      this.#chunk = new Float64Array(CHUNK * WIDTH);
      this.#chunks.push(this.#chunk);
    }
    const rows = this.#chunk;
    rows[at + TIME] = time;
    rows[at + SEQ] = seq;
    if (this.#epochs !== null || batch.epoch !== this.#epoch) this.#noteEpoch(batch.epoch);
    if (this.#ids !== null || batch.tradeId !== null)
      this.#noteId(batch.tradeId === null ? undefined : (batch.tradeId[i] as string | null));
    return at;
  }

  #take(batch: TradeColumns, i: number, at: number): void {
    const rows = this.#chunk;
    const age = batch.quoteAgeUs[i] as number;
    const side = batch.side[i] as number;
    rows[at + SIDE] = side;
    rows[at + AGE] = age;
    this.#count += 1;
    if (age >= 0 && batch.quoteMethod === "arrival") this.#flags |= FLAG_QUOTE_ARRIVAL;
    if (this.#ordered) this.#addRow(rows, at);
  }

  /** Adds the trade at this place, the latest so far, to the sums. */
  #addRow(rows: Float64Array, at: number): void {
    const sums = this.#sums;
    const first = sums[S.TRADES] === 0;
    const price = rows[at + PRICE] as number;
    const size = rows[at + SIZE] as number;
    const side = rows[at + SIDE] as number;
    addTrade(sums, rows[at + TIME] as number, rows[at + SEQ] as number, price, size, side);
    if (isBig(this.#bigTest, price, size)) addBigTrade(sums, size, side);
    const age = rows[at + AGE] as number;
    if (age >= 0) {
      const bid = rows[at + BID] as number;
      addQuote(sums, bid, rows[at + ASK] as number, rows[at + BID_SIZE] as number, rows[at + ASK_SIZE] as number, age);
    }
    sampleMetrics(sums, first);
  }

  /** Whether a trade belongs before the last one, which closes the last chunk or stands in it. */
  #isBeforeLast(time: number, seq: number, epoch: string): boolean {
    const rows = this.#chunk;
    const at = ((this.#count - 1) & (CHUNK - 1)) * WIDTH;
    const later = time - (rows[at + TIME] as number);
    if (later !== 0) return later < 0;
    const after = seq - (rows[at + SEQ] as number);
    return after !== 0 ? after < 0 : epoch < this.#epochAt(this.#count - 1);
  }

  #noteEpoch(epoch: string): void {
    this.#epochs ??= new Array<string>(this.#count).fill(this.#epoch);
    this.#epochs.push(epoch);
  }

  #noteId(id: string | null | undefined): void {
    this.#ids ??= new Array<string | null | undefined>(this.#count).fill(undefined);
    this.#ids.push(id);
  }

  #epochAt(i: number): string {
    return this.#epochs === null ? this.#epoch : (this.#epochs[i] as string);
  }

  #idAt(i: number): string | null {
    if (!this.#ordered) this.#order();
    if (i < 0 || i >= this.#count) return null;
    const id = this.#ids === null ? undefined : this.#ids[i];
    return id === undefined ? String(this.#valueAt(i, SEQ)) : id;
  }

  #valueAt(i: number, place: number): number {
    return (this.#chunks[i >> CHUNK_BITS] as Float64Array)[(i & (CHUNK - 1)) * WIDTH + place] as number;
  }

  /** Makes the sums of the trades again, which are in order. */
  #sumAgain(): void {
    const { [S.PRICE_SCALE]: priceScale, [S.SIZE_SCALE]: sizeScale } = this.#sums;
    const window = this.#sums.slice(S.WINDOW);
    this.#sums = createSums(priceScale as number, sizeScale as number);
    setWindow(this.#sums, window);
    for (let i = 0; i < this.#count; i++) this.#addRow(this.#chunks[i >> CHUNK_BITS] as Float64Array, (i & (CHUNK - 1)) * WIDTH);
  }

  /** Sorts the trades and makes the sums again. */
  #order(): void {
    const order = Array.from({ length: this.#count }, (_, i) => i).sort((a, b) => {
      const time = this.#valueAt(a, TIME) - this.#valueAt(b, TIME);
      if (time !== 0) return time;
      const seq = this.#valueAt(a, SEQ) - this.#valueAt(b, SEQ);
      return seq !== 0 ? seq : this.#epochAt(a) < this.#epochAt(b) ? -1 : 1;
    });
    const from = this.#chunks;
    if (this.#epochs !== null) this.#epochs = order.map((i) => this.#epochAt(i));
    if (this.#ids !== null) this.#ids = order.map((i) => (this.#ids as (string | null | undefined)[])[i]);
    this.#chunks = from.map(() => new Float64Array(CHUNK * WIDTH));
    this.#chunk = this.#chunks.at(-1) as Float64Array;
    for (let i = 0; i < order.length; i++) {
      const old = order[i] as number;
      const chunk = from[old >> CHUNK_BITS] as Float64Array;
      const at = (old & (CHUNK - 1)) * WIDTH;
      const to = this.#chunks[i >> CHUNK_BITS] as Float64Array;
      to.set(chunk.subarray(at, at + WIDTH), (i & (CHUNK - 1)) * WIDTH);
    }
    this.#ordered = true;
    this.#sumAgain();
  }
}

function refinedChunk(chunk: Float64Array, prices: number, sizes: number): Float64Array {
  const finer = chunk.slice();
  for (let at = 0; at < finer.length; at += WIDTH) {
    for (const place of PRICES) finer[at + place] = timesPowerOfTen(finer[at + place] as number, prices);
    for (const place of SIZES) finer[at + place] = timesPowerOfTen(finer[at + place] as number, sizes);
  }
  return finer;
}
