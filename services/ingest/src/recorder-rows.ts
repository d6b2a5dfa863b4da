import type { clock, gap, status } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { TradeColumns } from "@tickfleet/market/trade";

export type Clock = Payload<typeof clock>;
export type Status = Payload<typeof status>;
export type Gap = Payload<typeof gap>;

/** Columns of the trades to be recorded, one entry per row. */
export interface TradeRows {
  instrument: string[];
  eventTimeUs: number[];
  eventTimeNsRest: number[];
  receivedTimeUs: number[];
  epoch: string[];
  sourceSeq: number[];
  tradeId: (string | null)[];
  price: number[];
  priceScale: number[];
  size: number[];
  sizeScale: number[];
  side: number[];
  sideMethod: number[];
  bid: (number | null)[];
  ask: (number | null)[];
  bidSize: (number | null)[];
  askSize: (number | null)[];
  quoteAgeUs: (number | null)[];
  quoteMethod: (string | null)[];
  fill: (string | null)[];
  inputSeq: number[];
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
  for (let i = 0; i < batch.count; i++) {
    const eventTimeUs = batch.eventTimeUs[i] as number;
    const ageUs = batch.quoteAgeUs[i] as number;
    const quoted = ageUs >= 0;
    if (eventTimeUs < firstUs) firstUs = eventTimeUs;
    if (eventTimeUs > lastUs) lastUs = eventTimeUs;
    trades.instrument.push(key);
    trades.eventTimeUs.push(eventTimeUs);
    trades.eventTimeNsRest.push(batch.eventTimeNsRest[i] as number);
    trades.receivedTimeUs.push(batch.receivedTimeUs[i] as number);
    trades.epoch.push(epoch);
    trades.sourceSeq.push(batch.sourceSeq[i] as number);
    trades.tradeId.push(tradeId === null ? String(batch.sourceSeq[i]) : (tradeId[i] as string | null));
    trades.price.push(batch.price[i] as number);
    trades.priceScale.push(priceScale);
    trades.size.push(batch.size[i] as number);
    trades.sizeScale.push(sizeScale);
    trades.side.push(batch.side[i] as number);
    trades.sideMethod.push(batch.sideMethod[i] as number);
    trades.bid.push(quoted ? (batch.bid[i] as number) : null);
    trades.ask.push(quoted ? (batch.ask[i] as number) : null);
    trades.bidSize.push(quoted ? (batch.bidSize[i] as number) : null);
    trades.askSize.push(quoted ? (batch.askSize[i] as number) : null);
    trades.quoteAgeUs.push(quoted ? ageUs : null);
    trades.quoteMethod.push(quoted ? batch.quoteMethod : null);
    trades.fill.push(fill);
    trades.inputSeq.push(inputSeq);
  }
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

function createTradeRows(): TradeRows {
  return {
    instrument: [],
    eventTimeUs: [],
    eventTimeNsRest: [],
    receivedTimeUs: [],
    epoch: [],
    sourceSeq: [],
    tradeId: [],
    price: [],
    priceScale: [],
    size: [],
    sizeScale: [],
    side: [],
    sideMethod: [],
    bid: [],
    ask: [],
    bidSize: [],
    askSize: [],
    quoteAgeUs: [],
    quoteMethod: [],
    fill: [],
    inputSeq: [],
  };
}
