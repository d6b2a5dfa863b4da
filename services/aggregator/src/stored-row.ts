import type { CandleRow } from "@tickfleet/market/candle-row";
import { widenSums } from "@tickfleet/market/candle-sums";

/** What of a stored candle makes its row. */
export const ROW_COLUMNS = `timeframe, open_time as "openTime", close_time as "closeTime", state, completeness, revision,
  first_trade_id as "firstTradeId", last_trade_id as "lastTradeId", absent_minutes as "absentMinutes", sums`;

/** These columns; times in epoch microseconds. */
export type StoredRow = Omit<CandleRow, "sums"> & { sums: Buffer };

/** The row of a stored candle; its times in epoch milliseconds. */
export function candleRowOf(row: StoredRow): CandleRow {
  // a copy, because the bytes of an answer are not aligned
  const sums = widenSums(new Float64Array(new Uint8Array(row.sums).buffer));
  return { ...row, openTime: row.openTime / 1000, closeTime: row.closeTime / 1000, sums };
}
