import type { CandleState, Completeness } from "@tickfleet/market/candle";
import type { CandleRow } from "@tickfleet/market/candle-row";
import type { Timeframe } from "@tickfleet/market/timeframe";

/** What of a stored candle makes its row. */
export const ROW_COLUMNS = `timeframe, open_time as "openTime", close_time as "closeTime", state, completeness, revision,
  first_trade_id as "firstTradeId", last_trade_id as "lastTradeId", absent_minutes as "absentMinutes", sums`;

/** These columns; times in epoch microseconds. */
export interface StoredRow {
  timeframe: Timeframe;
  openTime: number;
  closeTime: number;
  state: CandleState;
  completeness: Completeness;
  revision: number;
  firstTradeId: string | null;
  lastTradeId: string | null;
  absentMinutes: number;
  sums: Buffer;
}

export function candleRowOf(row: StoredRow): CandleRow {
  // a copy, because the bytes of an answer are not aligned
  const sums = new Float64Array(new Uint8Array(row.sums).buffer);
  return { ...row, openTime: row.openTime / 1000, closeTime: row.closeTime / 1000, sums };
}
