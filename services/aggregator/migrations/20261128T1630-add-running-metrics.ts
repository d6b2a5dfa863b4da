import { type Kysely, sql } from "kysely";

/** Columns of before this, in the order of the view. */
const FORMER = `venue, instrument, timeframe, anchor, session, open_time, close_time,
  state, completeness, origin, bad_minutes, flags, revision, first_trade_id, last_trade_id, algo, open, high, low, close,
  volume_base, volume_buy, volume_sell, volume_unknown, volume_quote, sum_price_size, trades, trades_buy, trades_sell,
  max_trade_size, avg_trade_size, sum_bid_depth, sum_ask_depth, sum_spread_bps, quote_trades, crossed_quotes, spread_bps,
  vd_open, vd_high, vd_low, vd, vd_ratio, cvd_open, cvd_high, cvd_low, cvd, cvd_base, vwap, price_change_bps, price_range_bps,
  buy_pressure, sell_pressure, last_close, calendar`;

const runningOf = (name: string): string[] => ["open", "high", "low"].map((part) => `${name}_${part}`);

/** New columns; null in candles of before this. */
const NUMBERS = [
  ...["avg_trade_size", "spread_bps", "vd_ratio", "vwap", "price_change_bps"].flatMap(runningOf),
  ...["book_imbalance", "liquidity_ratio", "vwap_distance_bps", "evr", "vd_strength"].flatMap((name) => [...runningOf(name), name]),
  ...[
    "big_volume",
    "big_volume_buy",
    "big_volume_sell",
    "vwap_session",
    "momentum_score",
    "absorption_intensity",
    "volume_spike",
    "cvd_slope",
  ],
];
const INTEGERS = [...runningOf("smp"), "smp", "smp_final", "divergence", "delta_exhaustion", "imbalance_streak"];
const COLUMNS = [...NUMBERS.map((name) => `${name} float8`), "big_trades int8", ...INTEGERS.map((name) => `${name} int4`)];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ["candles", "candle_versions"])
    await sql.raw(`alter table aggregator.${table} ${COLUMNS.map((column) => `add column ${column}`).join(", ")}`).execute(db);
  await sql`create index candles_with_trades on aggregator.candles (venue, instrument, timeframe, anchor, session, open_time) where trades > 0`.execute(
    db,
  );
  await sql`comment on column aggregator.candles.sums is 'the exact sums the row is derived from (packages/market/src/sums-layout.ts), 8-byte floats'`.execute(
    db,
  );
  const added = COLUMNS.map((column) => column.split(" ")[0]);
  await sql
    .raw(`create or replace view aggregator.pub_candles as select ${FORMER}, ${added.join(", ")} from aggregator.candles`)
    .execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view aggregator.pub_candles`.execute(db);
  await sql`drop index aggregator.candles_with_trades`.execute(db);
  for (const table of ["candles", "candle_versions"])
    await sql
      .raw(`alter table aggregator.${table} ${COLUMNS.map((column) => `drop column ${column.split(" ")[0]}`).join(", ")}`)
      .execute(db);
  await sql.raw(`create view aggregator.pub_candles as select ${FORMER} from aggregator.candles`).execute(db);
}
