import { type Kysely, sql } from "kysely";

/** Candles of before this have the default anchor of their calendar, which tells it. */
const EQUITY_ANCHOR = "America/New_York";

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ["candles", "candle_versions"]) {
    const name = sql.table(`aggregator.${table}`);
    await sql`alter table ${name} add column calendar text not null default 'crypto'`.execute(db);
    await sql`update ${name} set calendar = 'us-equity' where anchor = ${EQUITY_ANCHOR}`.execute(db);
    await sql`alter table ${name} alter column calendar drop default`.execute(db);
  }
  await sql`create or replace view aggregator.pub_candles as select venue, instrument, timeframe, anchor, session, open_time, close_time,
    state, completeness, origin, bad_minutes, flags, revision, first_trade_id, last_trade_id, algo, open, high, low, close,
    volume_base, volume_buy, volume_sell, volume_unknown, volume_quote, sum_price_size, trades, trades_buy, trades_sell,
    max_trade_size, avg_trade_size, sum_bid_depth, sum_ask_depth, sum_spread_bps, quote_trades, crossed_quotes, spread_bps,
    vd_open, vd_high, vd_low, vd, vd_ratio, cvd_open, cvd_high, cvd_low, cvd, cvd_base, vwap, price_change_bps, price_range_bps,
    buy_pressure, sell_pressure, last_close, calendar from aggregator.candles`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view aggregator.pub_candles`.execute(db);
  for (const table of ["candles", "candle_versions"]) {
    await sql`alter table ${sql.table(`aggregator.${table}`)} drop column calendar`.execute(db);
  }
  await sql`create view aggregator.pub_candles as select venue, instrument, timeframe, anchor, session, open_time, close_time,
    state, completeness, origin, bad_minutes, flags, revision, first_trade_id, last_trade_id, algo, open, high, low, close,
    volume_base, volume_buy, volume_sell, volume_unknown, volume_quote, sum_price_size, trades, trades_buy, trades_sell,
    max_trade_size, avg_trade_size, sum_bid_depth, sum_ask_depth, sum_spread_bps, quote_trades, crossed_quotes, spread_bps,
    vd_open, vd_high, vd_low, vd, vd_ratio, cvd_open, cvd_high, cvd_low, cvd, cvd_base, vwap, price_change_bps, price_range_bps,
    buy_pressure, sell_pressure, last_close from aggregator.candles`.execute(db);
}
