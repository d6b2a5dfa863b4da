import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table replays (
    id text primary key, request jsonb not null, state text not null, position bigint not null default 0,
    trades bigint not null default 0, recorded bigint not null default 0, quarantined bigint not null default 0, ignored bigint not null default 0,
    first_time timestamptz, last_time timestamptz, last_n bigint, last_seq bigint, stream_created text, error text,
    created timestamptz not null default now(), updated timestamptz not null default now()
  )`.execute(db);
  await sql`create table connections (
    venue text not null, connection text not null, state jsonb not null, updated timestamptz not null default now(),
    primary key (venue, connection)
  )`.execute(db);
  await sql`create table quality_events (
    id bigint generated always as identity primary key, key text unique, recorded timestamptz not null default now(), time timestamptz,
    venue text not null, instrument text, reason text not null, raw text not null, source text not null
  )`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table quality_events, connections, replays`.execute(db);
}
