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
  open_time timestamptz not null`;

/** Columns of the candle, in the order of the wire. */
const CANDLE_COLUMNS = sql`
  calendar text not null,
  close_time timestamptz not null,
  state text not null,
  completeness text not null,
  origin text not null,
  bad_minutes int not null,
  flags int not null,
  candle_revision int not null,
  first_trade_id text,
  last_trade_id text,
  candle_algo text not null,
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

const INDICATOR_COLUMNS = sql`
  sma50 float8, sma200 float8, ema9 float8, ema21 float8, rsi14 float8,
  macd float8, macd_signal float8, macd_histogram float8,
  bbands_upper float8, bbands_middle float8, bbands_lower float8,
  atr14 float8, natr14 float8, vwap_session float8, obv float8, stoch_k float8, stoch_d float8, adx14 float8,
  linearreg_slope20 float8, volume_sma20 float8, trend_angle float8, trend_strength float8`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await createLaneTables(db, "indicator", LANES);
  await sql`create table indicator.algorithm_sets (id int generated always as identity primary key, ids text not null unique)`.execute(db);
  await sql`create table indicator.enriched_candles (${KEY_COLUMNS}, ${CANDLE_COLUMNS}, ${INDICATOR_COLUMNS},
    revision int not null,
    algo_set int not null,
    undefined_names text not null,
    lane smallint not null,
    running bytea not null,
    primary key (venue, instrument, timeframe, anchor, session, open_time)
  )`.execute(db);
  await sql`comment on column indicator.enriched_candles.running is 'state of the running indicators after this candle (services/indicator/src/indicator-series.ts), 8-byte floats'`.execute(
    db,
  );
  await sql`comment on column indicator.enriched_candles.cvd is 'as the candle''s message had it: cvd columns are rewritten in aggregator.candles without a new message'`.execute(
    db,
  );
  await createHypertable(db, { table: "indicator.enriched_candles", column: "open_time", chunkInterval: "7 days" });
  await sql`create index on indicator.enriched_candles (lane)`.execute(db);
  await sql`create table indicator.former_revisions (${KEY_COLUMNS}, lane smallint not null, revision int not null,
    primary key (venue, instrument, timeframe, anchor, session, open_time)
  )`.execute(db);
  await sql`create table indicator.parked (lane smallint not null, venue text not null, instrument text not null, primary key (venue, instrument))`.execute(
    db,
  );
  await sql`create view indicator.pub_enriched_candles as select venue, instrument, timeframe, anchor, session, calendar, open_time, close_time,
    state, completeness, origin, bad_minutes, flags, candle_revision, first_trade_id, last_trade_id, candle_algo, open, high, low, close,
    volume_base, volume_buy, volume_sell, volume_unknown, volume_quote, sum_price_size, trades, trades_buy, trades_sell,
    max_trade_size, avg_trade_size, sum_bid_depth, sum_ask_depth, sum_spread_bps, quote_trades, crossed_quotes, spread_bps,
    vd_open, vd_high, vd_low, vd, vd_ratio, vwap, price_change_bps, price_range_bps, buy_pressure, sell_pressure, last_close,
    sma50, sma200, ema9, ema21, rsi14, macd, macd_signal, macd_histogram, bbands_upper, bbands_middle, bbands_lower,
    atr14, natr14, vwap_session, obv, stoch_k, stoch_d, adx14, linearreg_slope20, volume_sma20, trend_angle, trend_strength,
    revision, string_to_array(ids, ' ') as algo, string_to_array(undefined_names, ' ') as "undefined"
    from indicator.enriched_candles join indicator.algorithm_sets on algo_set = id`.execute(db);
  await sql`create view indicator.pub_parked as select lane, venue, instrument from indicator.parked`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view indicator.pub_parked, indicator.pub_enriched_candles, indicator.pub_lanes`.execute(db);
  await sql`drop table indicator.parked, indicator.former_revisions, indicator.enriched_candles, indicator.algorithm_sets,
    indicator.faults, indicator.members, indicator.kept_lanes, indicator.lanes`.execute(db);
}
