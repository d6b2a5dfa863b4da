import { enriched } from "@tickfleet/contracts/enriched-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { partitionOf } from "@tickfleet/contracts/tokens";
import type { OutputPosition } from "@tickfleet/database/checkpoint";
import type { Pool, PoolClient } from "@tickfleet/database/pool";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { LaneHistory } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { ENRICHED_FIELDS, INDICATOR_FIELDS } from "./enriched-input.ts";

const FETCH_ROWS = 2_000;
const STREAM = "ENRICHED";
const FIELDS = Object.keys(ENRICHED_FIELDS);
const INDICATORS = Object.keys(INDICATOR_FIELDS);
const TIMES = new Set(["openTime", "closeTime"]);
const encoder = new TextEncoder();

/** Every instrument that has enriched candles, each found by a step in the key's index. */
const INSTRUMENTS = `with recursive series as (
    (select venue, instrument from indicator.pub_enriched_candles order by venue, instrument limit 1)
    union all
    select next.venue, next.instrument from series cross join lateral (
      select venue, instrument from indicator.pub_enriched_candles
      where (venue, instrument) > (series.venue, series.instrument) order by venue, instrument limit 1
    ) as next
  ) select venue, instrument from series`;

type Row = Readonly<Record<string, string | number | null>>;

/**
 * The enriched candles of a lane at their present revisions, in the order of their closes, and where ENRICHED goes on after them: read in
 * one repeatable-read transaction that ends with the messages. null: the indicator service has not begun to write the lane.
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
    const { rows } = await client.query<{ outputs: Record<string, OutputPosition> }>(
      `select outputs from indicator.pub_lanes where lane = $1`,
      [lane],
    );
    const position = rows[0]?.outputs[STREAM];
    if (position === undefined) {
      await end();
      return null;
    }
    return {
      streamCreated: position.created,
      seq: position.seq,
      inputId: position.id,
      isLast: true,
      messages: readMessages(client, lane, end),
      close: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Sequence of the last message that the indicator service sent to a lane of ENRICHED; null where it has sent none. */
export async function findLastInput(pool: Pool, lane: number): Promise<number | null> {
  const { rows } = await pool.query<{ outputs: Record<string, OutputPosition> }>(
    `select outputs from indicator.pub_lanes where lane = $1`,
    [lane],
  );
  return rows[0]?.outputs[STREAM]?.seq ?? null;
}

async function* readMessages(client: PoolClient, lane: number, end: () => Promise<void>): AsyncGenerator<InputMessage> {
  try {
    const { rows: instruments } = await client.query<{ venue: string; instrument: string }>(INSTRUMENTS);
    const own = instruments.filter((entry) => partitionOf(entry.venue, entry.instrument) === lane);
    if (own.length === 0) return;
    await client.query(
      `declare history_candles cursor for select ${[...FIELDS, ...INDICATORS].map((wire) => `${snakeCase(wire)} as "${wire}"`).join(", ")}
       from indicator.pub_enriched_candles where (venue, instrument) in (select * from unnest($1::text[], $2::text[]))
       order by close_time, array_position($3::text[], timeframe), venue, instrument, anchor, session, open_time`,
      [own.map(({ venue }) => venue), own.map(({ instrument }) => instrument), TIMEFRAMES],
    );
    for (let seq = 1; ; ) {
      const { rows } = await client.query<Row>(`fetch ${FETCH_ROWS} from history_candles`);
      for (const row of rows) yield messageOf(row, seq++);
      if (rows.length < FETCH_ROWS) return;
    }
  } finally {
    await end();
  }
}

/** What the detector reads of the message that the candle was last sent with; its running values are the present ones. */
function messageOf(row: Row, seq: number): InputMessage {
  const fields = Object.fromEntries(FIELDS.map((wire) => [wire, TIMES.has(wire) ? (row[wire] as number) / 1000 : row[wire]]));
  const indicators = Object.fromEntries(INDICATORS.map((wire) => [wire, row[wire]]));
  const { venue, instrument, timeframe } = fields as Record<string, string>;
  return {
    seq,
    subject: subjectOf(enriched, { venue, instrument, timeframe } as Record<string, string>),
    id: "",
    data: encoder.encode(JSON.stringify({ ...fields, indicators, stamps: {} })),
    header: () => "",
  };
}

function snakeCase(wire: string): string {
  return wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
