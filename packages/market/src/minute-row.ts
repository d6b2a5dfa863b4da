import { sessionAt } from "./calendar.ts";
import { type Completeness, FLAG_AFTER_GAP } from "./candle.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { createSums, rescaleSums, S, setCvd } from "./candle-sums.ts";
import { isBad } from "./completeness.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
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

/** The row of the minute that a series closes now: the series goes into its session and to its scales; its CVD stays as before the minute. */
export function closeMinuteRow(
  series: CandleSeries,
  minute: number,
  builder: MinuteBuilder | undefined,
  completeness: Completeness,
): CandleRow {
  const session = sessionAt(series.calendar, series.key.session, minute)?.open ?? Number.NaN;
  if (session !== series.cvdSession) series.cvd.fill(0);
  series.cvdSession = session;
  const sums = builder?.sums() ?? createSums(series.priceScale, series.sizeScale);
  series.refine(sums[S.PRICE_SCALE] as number, sums[S.SIZE_SCALE] as number);
  rescaleSums(sums, series.priceScale, series.sizeScale);
  return createMinuteRow({
    openTime: minute,
    sums,
    cvd: series.cvd,
    state: "closed",
    completeness,
    revision: 0,
    firstTradeId: builder?.firstTradeId ?? null,
    lastTradeId: builder?.lastTradeId ?? null,
    afterGap: series.isAfterGap(series.previous.get("1m"), minute),
    lastPrice: series.lastPrice,
  });
}
