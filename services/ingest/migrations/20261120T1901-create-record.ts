import { addColumnstore, addRetention, createHypertable } from "@tickfleet/database/timescale";
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table instruments (
    id integer generated always as identity primary key,
    venue text not null, instrument text not null, venue_symbol text not null, calendar text not null, kind text not null,
    contract_size float8 not null, price_scale smallint not null, size_scale smallint not null, close_delay_ms integer not null,
    first_seen timestamptz not null default now(), first_trade_time timestamptz, last_trade_time timestamptz,
    unique (venue, instrument)
  )`.execute(db);
  await sql`create table input_logs (
    generation smallint generated always as identity primary key, stream_created text not null unique, first_seen timestamptz not null default now()
  )`.execute(db);
  await sql`create table trades (
    instrument_id integer not null, event_time timestamptz not null, event_time_ns_rest smallint not null, received_time timestamptz not null,
    epoch text not null, source_seq bigint not null, trade_id text,
    price bigint not null, price_scale smallint not null, size bigint not null, size_scale smallint not null,
    side smallint not null, side_method smallint not null,
    bid bigint, ask bigint, bid_size bigint, ask_size bigint, quote_age_us bigint, quote_method text,
    fill text, input_generation smallint not null, input_seq bigint not null,
    primary key (instrument_id, event_time, epoch, source_seq)
  )`.execute(db);
  await createHypertable(db, { table: "ingest.trades", column: "event_time", chunkInterval: "1 day" });
  await addColumnstore(db, {
    table: "ingest.trades",
    segmentBy: ["instrument_id"],
    orderBy: "event_time desc, epoch, source_seq",
    after: "3 days",
  });
  await addRetention(db, "ingest.trades", "90 days");
  await sql`create table market_events (
    input_generation smallint not null, input_seq bigint not null, partition smallint, kind text not null,
    venue text not null, subject_tail text not null, time timestamptz not null, payload jsonb not null,
    primary key (input_generation, input_seq)
  )`.execute(db);
  await sql`create table gaps (
    id text primary key, venue text not null, instrument text not null, from_time timestamptz not null, to_time timestamptz not null,
    state text not null, missing bigint, filled bigint not null, reason text not null, updated timestamptz not null default now()
  )`.execute(db);
  await sql`create index gaps_by_time on gaps (venue, instrument, from_time)`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table gaps, market_events, trades, input_logs, instruments`.execute(db);
}
