import { FLAG_AFTER_GAP } from "./candle.ts";
import type { CandleRow } from "./candle-row.ts";
import { S, setCvd } from "./candle-sums.ts";
import { isBad } from "./completeness.ts";
import { setLastClose } from "./open-interval.ts";
import { MINUTE_MS } from "./timeframe.ts";

/** What a minute is made of; every value at the scales of `sums`. */
export interface MinuteParts {
  openTime: number;
  /** Sums of its trades, without CVD; the row takes them over. */
  sums: Float64Array;
  /** CVD before the first trade, two-limb. */
  cvd: Float64Array;
  state: CandleRow["state"];
  completeness: CandleRow["completeness"];
  revision: number;
  firstTradeId: string | null;
  lastTradeId: string | null;
  afterGap: boolean;
  /** Last price before the minute, null where there is none. */
  lastPrice: number | null;
}

/** The row of a minute. */
export function createMinuteRow(parts: MinuteParts): CandleRow {
  const { sums, completeness } = parts;
  setCvd(sums, parts.cvd, 0);
  sums[S.MINUTES] = 1;
  sums[S.BAD_MINUTES] = isBad(completeness) ? 1 : 0;
  sums[S.BACKFILLED_MINUTES] = completeness === "backfilled" ? 1 : 0;
  if (parts.afterGap) sums[S.FLAGS] = (sums[S.FLAGS] as number) | FLAG_AFTER_GAP;
  setLastClose(sums, completeness === "no-trades" ? parts.lastPrice : null);
  return {
    timeframe: "1m",
    openTime: parts.openTime,
    closeTime: parts.openTime + MINUTE_MS,
    state: parts.state,
    completeness,
    revision: parts.revision,
    firstTradeId: parts.firstTradeId,
    lastTradeId: parts.lastTradeId,
    absentMinutes: 0,
    sums,
  };
}
