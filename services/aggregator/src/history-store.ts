import { setTimeout as sleep } from "node:timers/promises";
import { clock, gap, status } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { partitionOf } from "@tickfleet/contracts/tokens";
import type { Pool, PoolClient } from "@tickfleet/database/pool";
import { rollBackAndRelease } from "@tickfleet/database/transaction";
import { calendarOf } from "@tickfleet/market/calendar";
import type { CalendarName } from "@tickfleet/market/instrument";
import { rebuildFloor } from "@tickfleet/market/rebuild-floor";
import { LanesLostError } from "@tickfleet/runtime/failures";
import type { LaneHistory } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { batchesOf, type HistoryMessage, type TradeRow, tradeMessages } from "./recorded-trades.ts";

const FETCH_ROWS = 5_000;
const WAIT_MS = 100;
const MOST_WAITS = 300;

/** A message's place in the input log. */
export interface HistoryPlace {
  lane: number;
  /** null: the present stream, which the lane reads. */
  generation: number | null;
  seq: number;
  /** Ends the wait for the record of the present stream. */
  signal: AbortSignal;
}

/** An instrument of the record. */
export interface RecordedInstrument {
  venue: string;
  instrument: string;
  calendar: CalendarName;
  /** Epoch milliseconds from which the record can make its candles again; null: from the first on. */
  floorMs: number | null;
}

/** The recorded input log of a lane, with the instruments that it makes candles of. */
export interface RecordedHistory extends LaneHistory {
  instruments: readonly RecordedInstrument[];
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

interface RecordRow {
  venue: string;
  instrument: string;
  calendar: CalendarName;
  lastTradeUs: number | null;
  wholeFromUs: number | null;
}

interface RecorderRow {
  stream_created: string | null;
  generation: number;
  seq: number;
  input_id: string;
}

/** What a stream held after the recorder's position, before it lost its tail, is not history: the stream says it again. */
const UP_TO_RECORDER = "(input_generation < $2 or input_generation = $2 and input_seq <= $3)";

/** Header that tells a message of the history from one of the stream. */
const HISTORY_HEADER = "History";

/** The generation of the log that a message of the history was in; null for one of the present stream. */
export function generationOf(message: InputMessage): number | null {
  const generation = message.header(HISTORY_HEADER);
  return generation === "" ? null : Number(generation);
}

/**
 * The recorded input log of a lane: the same messages in the same order, read with the recorder's
 * position in one repeatable-read transaction that ends with the messages; without the trades before an instrument's
 * floor. null: nothing is recorded.
 */
export async function openHistory(pool: Pool, lane: number): Promise<RecordedHistory | null> {
  const client = await pool.connect();
  let open = true;
  const end = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await rollBackAndRelease(client);
  };
  try {
    await client.query("begin isolation level repeatable read read only");
    const { rows } = await client.query<RecorderRow>(`select stream_created, generation, seq, input_id from ingest.pub_recorder`);
    const recorder = rows[0];
    if (!recorder || recorder.stream_created === null) {
      const { rows: known } = await client.query("select from ingest.pub_market_events limit 1");
      await end();
      if (known.length > 0) throw new LanesLostError(`lane ${lane} waits for the recorder, which has not yet read the present stream`);
      return null;
    }
    const instruments = await listRecorded(client, lane);
    return {
      instruments,
      streamCreated: recorder.stream_created,
      seq: recorder.seq,
      inputId: recorder.input_id,
      messages: readMessages(client, lane, instruments, recorder, end),
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
  const generation = before.generation ?? (await untilRecorded(pool, before));
  const { rows } = await pool.query<TradeRow>(
    `select ${TRADE_COLUMNS} from ingest.pub_trades where venue = $1 and instrument = $2
       and event_time >= timestamptz 'epoch' + $3 * interval '1 microsecond' and event_time < timestamptz 'epoch' + $4 * interval '1 microsecond'
       and (input_generation, input_seq) < ($5, $6)
     order by input_generation, input_seq`,
    [venue, instrument, fromUs, toUs, generation, before.seq],
  );
  return [...batchesOf(rows)].map((batch) => batch.data);
}

/** Waits until the recorder has all that comes before a place in the stream that the lane reads; returns the stream's generation. */
async function untilRecorded(pool: Pool, { lane, seq, signal }: HistoryPlace): Promise<number> {
  for (let attempt = 0; attempt <= MOST_WAITS; attempt++) {
    const { rows } = await pool.query<{ generation: number }>(
      `select generation from ingest.pub_recorder join aggregator.lanes using (stream_created)
       where lanes.lane = $1 and pub_recorder.seq >= $2`,
      [lane, seq - 1],
    );
    if (rows[0]) return rows[0].generation;
    await sleep(WAIT_MS, undefined, { signal });
  }
  throw new LanesLostError(`lane ${lane} waits for the recorder, which has not reached message ${seq - 1} of the present stream`);
}

async function listRecorded(client: PoolClient, lane: number): Promise<RecordedInstrument[]> {
  const { rows } = await client.query<RecordRow>(
    `select venue, instrument, calendar, last_trade_time as "lastTradeUs", whole_from as "wholeFromUs"
     from ingest.pub_instruments join ingest.pub_trade_record using (venue, instrument) order by venue, instrument`,
  );
  return rows
    .filter(({ venue, instrument }) => partitionOf(venue, instrument) === lane)
    .map(({ venue, instrument, calendar, lastTradeUs, wholeFromUs }) => ({
      venue,
      instrument,
      calendar,
      floorMs:
        wholeFromUs === null
          ? null
          : rebuildFloor(calendarOf(calendar), Math.ceil(wholeFromUs / 1000), (lastTradeUs ?? wholeFromUs) / 1000),
    }));
}

async function* readMessages(
  client: PoolClient,
  lane: number,
  instruments: readonly RecordedInstrument[],
  recorder: RecorderRow,
  end: () => Promise<void>,
): AsyncGenerator<InputMessage> {
  try {
    await client.query(
      `declare history_trades cursor for select ${TRADE_COLUMNS}
       from ingest.pub_trades join unnest($1::text[], $4::text[], $5::int8[]) as made(venue, instrument, floor_ms) using (venue, instrument)
       where ${UP_TO_RECORDER} and (floor_ms is null or event_time >= timestamptz 'epoch' + floor_ms * interval '1 ms')
       order by input_generation, input_seq, venue, instrument, epoch`,
      [
        instruments.map((entry) => entry.venue),
        recorder.generation,
        recorder.seq,
        instruments.map((entry) => entry.instrument),
        instruments.map((entry) => entry.floorMs),
      ],
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
