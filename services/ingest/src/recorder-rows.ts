import type { clock, gap, status } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { TradeColumns } from "@tickfleet/market/trade";

export type Clock = Payload<typeof clock>;
export type Status = Payload<typeof status>;
export type Gap = Payload<typeof gap>;

const FIRST_CAPACITY = 1_024;
const NUMBERS = [
  "eventTimeUs",
  "eventTimeNsRest",
  "receivedTimeUs",
  "sourceSeq",
  "price",
  "priceScale",
  "size",
  "sizeScale",
  "side",
  "sideMethod",
  "bid",
  "ask",
  "bidSize",
  "askSize",
  "quoteAgeUs",
  "inputSeq",
] as const;

/** Columns of the trades to be recorded; only the first `count` entries hold. Quotes that are absent are NaN. */
export interface TradeRows extends Record<(typeof NUMBERS)[number], Float64Array> {
  count: number;
  /** `instrumentKey` of each row. */
  instrument: string[];
  epoch: string[];
  tradeId: (string | null)[];
  quoteMethod: (string | null)[];
  fill: (string | null)[];
}

/** A clock, status or gap message to be recorded. */
export interface EventRow {
  inputSeq: number;
  partition: number | null;
  kind: string;
  venue: string;
  subjectTail: string;
  timeUs: number;
  payload: string;
}

/** Everything that one commit of the recorder writes. */
export interface RecorderRows {
  trades: TradeRows;
  events: EventRow[];
  gaps: Gap[];
  statuses: Status[];
  /** Job of the trades of a message, by its sequence. */
  replays: Map<number, string>;
  /** Batches of instruments that no status told of, by `instrumentKey`. */
  instruments: Map<string, { venue: string; instrument: string; priceScale: number; sizeScale: number; firstUs: number; lastUs: number }>;
}

export function createRecorderRows(): RecorderRows {
  return { trades: createTradeRows(), events: [], gaps: [], statuses: [], replays: new Map(), instruments: new Map() };
}

export function instrumentKey(venue: string, instrument: string): string {
  return `${venue}\n${instrument}`;
}

/** Adds the trades of a batch; `inputSeq` is its message's sequence. */
export function appendTrades(rows: RecorderRows, batch: TradeColumns, inputSeq: number): void {
  const { trades } = rows;
  const key = instrumentKey(batch.venue, batch.instrument);
  const { epoch, priceScale, sizeScale, fill, tradeId } = batch;
  let firstUs = Number.POSITIVE_INFINITY;
  let lastUs = 0;
  reserve(trades, batch.count);
  for (let i = 0; i < batch.count; i++) {
    const row = trades.count + i;
    const eventTimeUs = batch.eventTimeUs[i] as number;
    const ageUs = batch.quoteAgeUs[i] as number;
    const quoted = ageUs >= 0;
    if (eventTimeUs < firstUs) firstUs = eventTimeUs;
    if (eventTimeUs > lastUs) lastUs = eventTimeUs;
    trades.eventTimeUs[row] = eventTimeUs;
    trades.eventTimeNsRest[row] = batch.eventTimeNsRest[i] as number;
    trades.receivedTimeUs[row] = batch.receivedTimeUs[i] as number;
    trades.sourceSeq[row] = batch.sourceSeq[i] as number;
    trades.price[row] = batch.price[i] as number;
    trades.priceScale[row] = priceScale;
    trades.size[row] = batch.size[i] as number;
    trades.sizeScale[row] = sizeScale;
    trades.side[row] = batch.side[i] as number;
    trades.sideMethod[row] = batch.sideMethod[i] as number;
    trades.bid[row] = quoted ? (batch.bid[i] as number) : Number.NaN;
    trades.ask[row] = quoted ? (batch.ask[i] as number) : Number.NaN;
    trades.bidSize[row] = quoted ? (batch.bidSize[i] as number) : Number.NaN;
    trades.askSize[row] = quoted ? (batch.askSize[i] as number) : Number.NaN;
    trades.quoteAgeUs[row] = quoted ? ageUs : Number.NaN;
    trades.inputSeq[row] = inputSeq;
    trades.instrument[row] = key;
    trades.epoch[row] = epoch;
    trades.tradeId[row] = tradeId === null ? String(batch.sourceSeq[i]) : (tradeId[i] as string | null);
    trades.quoteMethod[row] = quoted ? batch.quoteMethod : null;
    trades.fill[row] = fill;
  }
  trades.count += batch.count;
  noteInstrument(rows, key, batch, firstUs, lastUs);
}

function noteInstrument(rows: RecorderRows, key: string, batch: TradeColumns, firstUs: number, lastUs: number): void {
  const { venue, instrument, priceScale, sizeScale } = batch;
  const known = rows.instruments.get(key);
  if (known === undefined) {
    rows.instruments.set(key, { venue, instrument, priceScale, sizeScale, firstUs, lastUs });
    return;
  }
  known.priceScale = Math.max(known.priceScale, priceScale);
  known.sizeScale = Math.max(known.sizeScale, sizeScale);
  known.firstUs = Math.min(known.firstUs, firstUs);
  known.lastUs = Math.max(known.lastUs, lastUs);
}

/** The rows but for some, in columns of their own. */
export function withoutTrades(rows: TradeRows, left: ReadonlySet<number>): TradeRows {
  const kept = Array.from({ length: rows.count }, (_, i) => i).filter((i) => !left.has(i));
  const pick = <T>(column: readonly T[]): T[] => kept.map((i) => column[i] as T);
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, Float64Array.from(kept, (i) => rows[name][i] as number)])) as Record<
    (typeof NUMBERS)[number],
    Float64Array
  >;
  const { instrument, epoch, tradeId, quoteMethod, fill } = rows;
  const texts = { instrument: pick(instrument), epoch: pick(epoch), tradeId: pick(tradeId) };
  return { ...numbers, ...texts, quoteMethod: pick(quoteMethod), fill: pick(fill), count: kept.length };
}

function createTradeRows(): TradeRows {
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, new Float64Array(FIRST_CAPACITY)])) as Record<
    (typeof NUMBERS)[number],
    Float64Array
  >;
  return { ...numbers, count: 0, instrument: [], epoch: [], tradeId: [], quoteMethod: [], fill: [] };
}

/** Makes room for so many more rows. */
function reserve(rows: TradeRows, more: number): void {
  const need = rows.count + more;
  if (need <= rows.eventTimeUs.length) return;
  const capacity = Math.max(need, 2 * rows.eventTimeUs.length);
  for (const name of NUMBERS) {
    const grown = new Float64Array(capacity);
    grown.set(rows[name]);
    rows[name] = grown;
  }
}
