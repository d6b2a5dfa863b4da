import { type Kysely, sql } from "kysely";

const runningOf = (name: string): string[] => ["open", "high", "low"].map((part) => `${name}_${part}`);

/** Columns of the candle that are new; null in candles of before this. */
const NUMBERS = [
  ...["avg_trade_size", "spread_bps", "vd_ratio", "vwap", "price_change_bps"].flatMap(runningOf),
  ...["book_imbalance", "liquidity_ratio", "vwap_distance_bps", "evr", "vd_strength"].flatMap((name) => [...runningOf(name), name]),
  ...["big_volume", "big_volume_buy", "big_volume_sell", "momentum_score", "absorption_intensity", "volume_spike", "cvd_slope"],
];
const INTEGERS = [...runningOf("smp"), "smp", "smp_final", "divergence", "delta_exhaustion", "imbalance_streak"];
const COLUMNS = [...NUMBERS.map((name) => `${name} float8`), "big_trades int8", ...INTEGERS.map((name) => `${name} int4`)];

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table indicator.enriched_candles ${COLUMNS.map((column) => `add column ${column}`).join(", ")}`).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`alter table indicator.enriched_candles ${COLUMNS.map((column) => `drop column ${column.split(" ")[0]}`).join(", ")}`)
    .execute(db);
}
