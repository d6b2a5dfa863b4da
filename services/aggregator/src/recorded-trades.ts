import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { createBatchColumns, encodeTradeBatch, MAX_BATCH_TRADES } from "@tickfleet/contracts/trade-batch";
import type { QuoteMethod, TradeColumns } from "@tickfleet/market/trade";

/** A recorded trade; times in epoch microseconds. */
export interface TradeRow {
  venue: string;
  instrument: string;
  epoch: string;
  source_seq: number;
  trade_id: string | null;
  event_time: number;
  event_time_ns_rest: number;
  received_time: number;
  price_scaled: number;
  price_scale: number;
  size_scaled: number;
  size_scale: number;
  side: number;
  side_method: number;
  bid: number | null;
  ask: number | null;
  bid_size: number | null;
  ask_size: number | null;
  quote_age_us: number | null;
  quote_method: QuoteMethod | null;
  fill: string | null;
  input_generation: number;
  input_seq: number;
}

/** A message of the recorded input log. */
export interface HistoryMessage {
  generation: number;
  seq: number;
  subject: string;
  data: Uint8Array;
}

/** Groups recorded trades into the messages that brought them. */
export async function* tradeMessages(rows: AsyncGenerator<TradeRow, undefined>): AsyncGenerator<HistoryMessage, undefined> {
  let group: TradeRow[] = [];
  for await (const row of rows) {
    const first = group[0];
    if (first && (first.input_seq !== row.input_seq || first.input_generation !== row.input_generation)) {
      yield* batchesOf(group);
      group = [];
    }
    group.push(row);
  }
  yield* batchesOf(group);
  return undefined;
}

/** The same for rows that are at hand. */
export function* batchesOf(rows: readonly TradeRow[]): Generator<HistoryMessage> {
  let columns: TradeColumns | null = null;
  let current: TradeRow | null = null;
  for (const row of rows) {
    if (columns !== null && current !== null && (columns.count === MAX_BATCH_TRADES || !fits(current, row))) {
      yield finish(columns, current);
      columns = null;
    }
    if (columns === null) {
      columns = createBatchColumns();
      current = row;
      Object.assign(columns, {
        venue: row.venue,
        instrument: row.instrument,
        epoch: row.epoch,
        priceScale: row.price_scale,
        sizeScale: row.size_scale,
      });
      Object.assign(columns, { quoteMethod: row.quote_method, fill: row.fill, tradeId: [] });
    }
    put(columns, row);
  }
  if (columns !== null && current !== null) yield finish(columns, current);
}

function fits(a: TradeRow, b: TradeRow): boolean {
  return (
    a.input_seq === b.input_seq &&
    a.input_generation === b.input_generation &&
    a.epoch === b.epoch &&
    a.price_scale === b.price_scale &&
    a.size_scale === b.size_scale &&
    a.fill === b.fill
  );
}

function put(columns: TradeColumns, row: TradeRow): void {
  const at = columns.count++;
  columns.quoteMethod ??= row.quote_method;
  columns.eventTimeUs[at] = row.event_time;
  columns.eventTimeNsRest[at] = row.event_time_ns_rest;
  columns.receivedTimeUs[at] = row.received_time;
  columns.sourceSeq[at] = row.source_seq;
  columns.price[at] = row.price_scaled;
  columns.size[at] = row.size_scaled;
  columns.side[at] = row.side;
  columns.sideMethod[at] = row.side_method;
  columns.bid[at] = row.bid ?? 0;
  columns.ask[at] = row.ask ?? 0;
  columns.bidSize[at] = row.bid_size ?? 0;
  columns.askSize[at] = row.ask_size ?? 0;
  columns.quoteAgeUs[at] = row.quote_age_us ?? -1;
  (columns.tradeId as (string | null)[]).push(row.trade_id);
}

function finish(columns: TradeColumns, row: TradeRow): HistoryMessage {
  return {
    generation: row.input_generation,
    seq: row.input_seq,
    subject: subjectOf(tradeBatch, { venue: columns.venue, instrument: columns.instrument }),
    data: encodeTradeBatch(columns, {}),
  };
}
