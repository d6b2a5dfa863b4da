import { clock, gap, status, tradeBatch } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { partitionOf } from "@tickfleet/contracts/tokens";
import { createBatchColumns, encodeTradeBatch, MAX_BATCH_TRADES } from "@tickfleet/contracts/trade-batch";
import type { Pool, PoolClient } from "@tickfleet/database/pool";
import type { QuoteMethod, TradeColumns } from "@tickfleet/market/trade";
import { LanesLostError } from "@tickfleet/runtime/failures";
import type { LaneHistory } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";

const FETCH_ROWS = 5_000;
const WAIT_MS = 100;
const MOST_WAITS = 300;

/** A message's place in the input log; null: of the present stream, and the wait for its record ends at the signal. */
export interface HistoryPlace {
  generation: number | null;
  seq: number;
  signal: AbortSignal;
}

interface TradeRow {
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

interface EventRow {
  input_generation: number;
  input_seq: number;
  /** `unreadable`: a message that was dead-lettered, with its bytes in base64. */
  kind: "clock" | "status" | "gap" | "unreadable";
  payload: Record<string, unknown>;
}

const TRADE_COLUMNS = `venue, instrument, epoch, source_seq, trade_id, event_time, event_time_ns_rest, received_time, price_scaled, price_scale,
  size_scaled, size_scale, side_code as side, side_method_code as side_method, bid_scaled as bid, ask_scaled as ask, bid_size_scaled as bid_size,
  ask_size_scaled as ask_size, quote_age_us, quote_method, fill, input_generation, input_seq`;

interface RecorderRow {
  stream_created: string | null;
  generation: number;
  seq: number;
  input_id: string;
}

/** What a stream held after the recorder's position, before it lost its tail, is not history: the stream says it again. */
const UP_TO_RECORDER = "(input_generation < $2 or input_generation = $2 and input_seq <= $3)";

/** Header that tells a message of the history from one of the stream. */
export const HISTORY_HEADER = "History";

/**
 * The recorded input log of a lane: the same messages in the same order, read with the recorder's
 * position in one repeatable-read transaction that ends with the messages. null: nothing is recorded.
 */
export async function openHistory(pool: Pool, lane: number): Promise<LaneHistory | null> {
  const client = await pool.connect();
  let open = true;
  const end = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await client.query("rollback").catch(() => undefined);
    client.release();
  };
  try {
    await client.query("begin isolation level repeatable read read only");
    const { rows } = await client.query<RecorderRow>(`select stream_created, generation, seq, input_id from ingest.pub_recorder`);
    const recorder = rows[0];
    if (!recorder || recorder.stream_created === null) {
      await end();
      return null;
    }
    return {
      streamCreated: recorder.stream_created,
      seq: recorder.seq,
      inputId: recorder.input_id,
      messages: readMessages(client, lane, recorder, end),
      close: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Trades of a minute range that were recorded before a position in the present stream, oldest input first. */
export async function readTradesBefore(
  pool: Pool,
  venue: string,
  instrument: string,
  fromUs: number,
  toUs: number,
  before: HistoryPlace,
): Promise<Uint8Array[]> {
  const generation = before.generation ?? (await untilRecorded(pool, before.seq - 1, before.signal));
  const { rows } = await pool.query<TradeRow>(
    `select ${TRADE_COLUMNS} from ingest.pub_trades where venue = $1 and instrument = $2
       and event_time >= timestamptz 'epoch' + $3 * interval '1 microsecond' and event_time < timestamptz 'epoch' + $4 * interval '1 microsecond'
       and (input_generation, input_seq) < ($5, $6)
     order by input_generation, input_seq`,
    [venue, instrument, fromUs, toUs, generation, before.seq],
  );
  return [...batchesOf(rows)].map((batch) => batch.data);
}

/** Waits until the recorder has reached a sequence of the present stream; returns the stream's generation. */
async function untilRecorded(pool: Pool, seq: number, signal: AbortSignal): Promise<number> {
  for (let attempt = 0; attempt <= MOST_WAITS && !signal.aborted; attempt++) {
    const { rows } = await pool.query<RecorderRow>(`select stream_created, generation, seq, input_id from ingest.pub_recorder`);
    if (rows[0] && rows[0].seq >= seq) return rows[0].generation;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  throw new LanesLostError(`the recorder has not reached ${seq}`);
}

async function* readMessages(
  client: PoolClient,
  lane: number,
  recorder: RecorderRow,
  end: () => Promise<void>,
): AsyncGenerator<InputMessage> {
  try {
    const { rows: instruments } = await client.query<{ venue: string; instrument: string }>(
      `select venue, instrument from ingest.pub_instruments`,
    );
    const own = instruments.filter((entry) => partitionOf(entry.venue, entry.instrument) === lane);
    await client.query(
      `declare history_trades cursor for select ${TRADE_COLUMNS} from ingest.pub_trades
       where (venue, instrument) in (select * from unnest($1::text[], $4::text[])) and ${UP_TO_RECORDER}
       order by input_generation, input_seq, venue, instrument, epoch`,
      [own.map((entry) => entry.venue), recorder.generation, recorder.seq, own.map((entry) => entry.instrument)],
    );
    await client.query(
      `declare history_events cursor for select input_generation, input_seq, kind, payload from ingest.pub_market_events
       where (partition is null or partition = $1) and ${UP_TO_RECORDER} order by input_generation, input_seq`,
      [lane, recorder.generation, recorder.seq],
    );
    const trades = tradeMessages(rowsOf<TradeRow>(client, "history_trades"));
    const events = rowsOf<EventRow>(client, "history_events");
    let trade = await trades.next();
    let event = await events.next();
    while (!trade.done || !event.done) {
      if (event.done || (!trade.done && isBefore(trade.value, event.value))) {
        yield inputOf(trade.value as HistoryMessage);
        trade = await trades.next();
      } else {
        yield inputOf(eventMessage(event.value));
        event = await events.next();
      }
    }
  } finally {
    await end();
  }
}

interface HistoryMessage {
  generation: number;
  seq: number;
  subject: string;
  data: Uint8Array;
}

function isBefore(trade: HistoryMessage, event: EventRow): boolean {
  return trade.generation !== event.input_generation ? trade.generation < event.input_generation : trade.seq < event.input_seq;
}

function inputOf(message: HistoryMessage): InputMessage {
  return {
    seq: message.seq,
    subject: message.subject,
    id: "",
    data: message.data,
    header: (name) => (name === HISTORY_HEADER ? String(message.generation) : ""),
  };
}

function eventMessage(row: EventRow): HistoryMessage {
  if (row.kind === "unreadable") {
    const { subject, data } = row.payload as { subject: string; data: string };
    return { generation: row.input_generation, seq: row.input_seq, subject, data: Buffer.from(data, "base64") };
  }
  const definition = { clock, status, gap }[row.kind];
  const parameters = Object.fromEntries(
    Object.entries(row.payload).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
  return {
    generation: row.input_generation,
    seq: row.input_seq,
    subject: subjectOf(definition, parameters),
    data: new TextEncoder().encode(JSON.stringify(row.payload)),
  };
}

async function* rowsOf<Row extends object>(client: PoolClient, cursor: string): AsyncGenerator<Row, undefined> {
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${FETCH_ROWS} from ${cursor}`);
    yield* rows;
    if (rows.length < FETCH_ROWS) return undefined;
  }
}

/** Groups recorded trades into the messages that brought them. */
async function* tradeMessages(rows: AsyncGenerator<TradeRow, undefined>): AsyncGenerator<HistoryMessage, undefined> {
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

function* batchesOf(rows: readonly TradeRow[]): Generator<HistoryMessage> {
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
