import { createLaneTables } from "@tickfleet/database/lane-tables";
import { createHypertable } from "@tickfleet/database/timescale";
import { type Kysely, sql } from "kysely";

const LANES = 16;

const KEY_COLUMNS = sql`
  venue text not null,
  instrument text not null,
  timeframe text not null,
  anchor text not null,
  session text not null,
  open_time timestamptz not null,
  close_time timestamptz not null,
  lane smallint not null`;

const KEY = sql`venue, instrument, timeframe, anchor, session, open_time`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await createLaneTables(db, "pattern_detector", LANES);
  await sql`create table pattern_detector.bars (${KEY_COLUMNS},
    calendar text not null,
    completeness text not null,
    enriched_revision int not null,
    open float8, high float8, low float8, close float8,
    volume_base float8 not null, volume_sma20 float8, vd float8 not null,
    atr14 float8, trend_angle float8, trend_strength float8,
    surroundings json,
    sent json not null,
    signal_level text,
    primary key (${KEY})
  )`.execute(db);
  await sql`comment on column pattern_detector.bars.surroundings is 'what stood around the candle at its step, frozen; null: its step waits for other timeframes'`.execute(
    db,
  );
  await sql`comment on column pattern_detector.bars.sent is 'last revision sent of each pattern by kind, and of the signal'`.execute(db);
  await sql`create table pattern_detector.patterns (${KEY_COLUMNS},
    kind text not null,
    state text not null,
    direction smallint not null,
    revision int not null,
    weighted_confidence float8,
    payload json not null,
    primary key (${KEY}, kind)
  )`.execute(db);
  await sql`create table pattern_detector.signals (${KEY_COLUMNS},
    id text not null,
    state text not null,
    level text not null,
    direction smallint not null,
    revision int not null,
    weighted_confidence float8,
    payload json not null,
    inputs json not null,
    primary key (${KEY})
  )`.execute(db);
  await sql`comment on column pattern_detector.signals.payload is 'the message without its stamps; json and not jsonb, which would sort the fields: its bytes are compared'`.execute(
    db,
  );
  await sql`comment on column pattern_detector.signals.inputs is 'everything that the signal is a function of (packages/patterns/src/judgement-inputs.ts)'`.execute(
    db,
  );
  for (const table of ["bars", "patterns", "signals"]) {
    await createHypertable(db, { table: `pattern_detector.${table}`, column: "open_time", chunkInterval: "7 days" });
    await sql`create index on ${sql.table(`pattern_detector.${table}`)} (lane)`.execute(db);
  }
  for (const table of ["patterns", "signals"]) {
    await sql`create index on ${sql.table(`pattern_detector.${table}`)} (venue, instrument, open_time)`.execute(db);
    await sql`create index on ${sql.table(`pattern_detector.${table}`)} (open_time)`.execute(db);
  }
  await sql`create index on pattern_detector.signals (id)`.execute(db);
  await sql`create table pattern_detector.former_revisions (
    venue text not null, instrument text not null, timeframe text not null, anchor text not null, session text not null,
    open_time timestamptz not null, kind text not null, lane smallint not null, revision int not null, primary key (${KEY}, kind)
  )`.execute(db);
  await sql`create table pattern_detector.parked (lane smallint not null, venue text not null, instrument text not null, primary key (venue, instrument))`.execute(
    db,
  );
  await sql`create view pattern_detector.pub_patterns as select ${KEY}, close_time,
    concat_ws(':', venue, instrument, timeframe, anchor, session, (extract(epoch from open_time) * 1000)::int8, kind) as id,
    kind, state, direction, revision, weighted_confidence, payload from pattern_detector.patterns`.execute(db);
  await sql`create view pattern_detector.pub_signals as select ${KEY}, close_time, id, payload ->> 'lead' as kind, state, level, direction, revision,
    weighted_confidence, payload, inputs from pattern_detector.signals`.execute(db);
  await sql`create view pattern_detector.pub_parked as select lane, venue, instrument from pattern_detector.parked`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view pattern_detector.pub_parked, pattern_detector.pub_signals, pattern_detector.pub_patterns, pattern_detector.pub_lanes`.execute(
    db,
  );
  await sql`drop table pattern_detector.parked, pattern_detector.former_revisions, pattern_detector.signals, pattern_detector.patterns,
    pattern_detector.bars, pattern_detector.faults, pattern_detector.members, pattern_detector.kept_lanes, pattern_detector.lanes`.execute(
    db,
  );
}
