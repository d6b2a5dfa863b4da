import { createLaneTables } from "@tickfleet/database/lane-tables";
import { createHypertable } from "@tickfleet/database/timescale";
import { type Kysely, sql } from "kysely";

const LANES = 16;

/** Columns of a candle, in the order of the wire. */
const CANDLE_COLUMNS = sql`
  venue text not null,
  instrument text not null,
  timeframe text not null,
  anchor text not null,
  session text not null,
  open_time timestamptz not null,
  close_time timestamptz not null,
  state text not null,
  completeness text not null,
  origin text not null,
  bad_minutes int not null,
  flags int not null,
  revision int not null,
  first_trade_id text,
  last_trade_id text,
  algo text not null,
  open float8, high float8, low float8, close float8,
  volume_base float8, volume_buy float8, volume_sell float8, volume_unknown float8,
  volume_quote float8, sum_price_size float8,
  trades int8, trades_buy int8, trades_sell int8,
  max_trade_size float8, avg_trade_size float8,
  sum_bid_depth float8, sum_ask_depth float8, sum_spread_bps float8, quote_trades int8, crossed_quotes int8, spread_bps float8,
  vd_open float8, vd_high float8, vd_low float8, vd float8, vd_ratio float8,
  cvd_open float8, cvd_high float8, cvd_low float8, cvd float8, cvd_base float8,
  vwap float8, price_change_bps float8, price_range_bps float8, buy_pressure float8, sell_pressure float8,
  last_close float8`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await createLaneTables(db, "aggregator", LANES);
  await sql`create table aggregator.candles (${CANDLE_COLUMNS},
    lane smallint not null,
    input_seq bigint not null,
    absent_minutes int not null,
    sums bytea not null,
    primary key (venue, instrument, timeframe, anchor, session, open_time)
  )`.execute(db);
  await sql`comment on column aggregator.candles.input_seq is 'sequence in MARKET of the message that last changed the row; 0 after a rebuild'`.execute(
    db,
  );
  await sql`comment on column aggregator.candles.sums is 'the exact sums the row is derived from (packages/market/src/candle-sums.ts), 8-byte floats'`.execute(
    db,
  );
  await createHypertable(db, { table: "aggregator.candles", column: "open_time", chunkInterval: "7 days" });
  await sql`create index on aggregator.candles (lane, input_seq)`.execute(db);
  await sql`create table aggregator.candle_versions (like aggregator.candles)`.execute(db);
  await sql`create index on aggregator.candle_versions (lane, input_seq)`.execute(db);
  await sql`create table aggregator.series_states (
    lane smallint not null, venue text not null, instrument text not null, state text not null, primary key (lane, venue, instrument)
  )`.execute(db);
  await sql`create table aggregator.kept_states (
    lane smallint not null, seq bigint not null, venue text not null, instrument text not null, state text not null,
    primary key (lane, seq, venue, instrument)
  )`.execute(db);
  await sql`create table aggregator.trade_batches (
    lane smallint not null, venue text not null, instrument text not null, input_log text not null, input_seq bigint not null,
    from_minute bigint not null, to_minute bigint not null, payload bytea not null,
    primary key (venue, instrument, to_minute, input_log, input_seq)
  )`.execute(db);
  await sql`create view aggregator.pub_candles as select venue, instrument, timeframe, anchor, session, open_time, close_time,
    state, completeness, origin, bad_minutes, flags, revision, first_trade_id, last_trade_id, algo, open, high, low, close,
    volume_base, volume_buy, volume_sell, volume_unknown, volume_quote, sum_price_size, trades, trades_buy, trades_sell,
    max_trade_size, avg_trade_size, sum_bid_depth, sum_ask_depth, sum_spread_bps, quote_trades, crossed_quotes, spread_bps,
    vd_open, vd_high, vd_low, vd, vd_ratio, cvd_open, cvd_high, cvd_low, cvd, cvd_base, vwap, price_change_bps, price_range_bps,
    buy_pressure, sell_pressure, last_close from aggregator.candles`.execute(db);
  await sql`create view aggregator.pub_parked as select lane, parked ->> 'venue' as venue, parked ->> 'instrument' as instrument
    from aggregator.series_states, lateral jsonb_array_elements(state::jsonb -> 'parked') as parked where series_states.venue = ''`.execute(
    db,
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view aggregator.pub_parked, aggregator.pub_candles, aggregator.pub_lanes`.execute(db);
  await sql`drop table aggregator.trade_batches, aggregator.kept_states, aggregator.series_states, aggregator.candle_versions, aggregator.candles,
    aggregator.faults, aggregator.members, aggregator.kept_lanes, aggregator.lanes`.execute(db);
}
