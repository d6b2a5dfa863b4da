import { sessionAt } from "./calendar.ts";
import { type Completeness, FLAG_AFTER_GAP } from "./candle.ts";
import type { CandleRow } from "./candle-row.ts";
import type { CandleSeries } from "./candle-series.ts";
import { createSums, settleWindow, setWindow } from "./candle-sums.ts";
import { isBad } from "./completeness.ts";
import { isAfterGap } from "./interval-context.ts";
import type { MinuteBuilder } from "./minute-builder.ts";
import { setLastClose } from "./open-interval.ts";
import { lookBack } from "./series-windows.ts";
import { setRunning } from "./session-running.ts";
import { S } from "./sums-layout.ts";
import { MINUTE_MS } from "./timeframe.ts";

/** What a minute is made of; every value at the scales of `sums`. */
export interface MinuteParts {
  openTime: number;
  /** Sums of its trades, without what runs on in the session; the row takes them over. */
  sums: Float64Array;
  /** What runs on in the session (`RUNNING`), as it stood before the first trade. */
  running: Float64Array;
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
  setRunning(sums, parts.running);
  settleWindow(sums);
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

/** The row of the minute that a series closes now: the series goes into its session and to its scales; what runs on stays as before the minute. */
export function closeMinuteRow(
  series: CandleSeries,
  minute: number,
  builder: MinuteBuilder | undefined,
  completeness: Completeness,
): CandleRow {
  const session = sessionAt(series.calendar, series.key.session, minute)?.open ?? Number.NaN;
  if (session !== series.runningSession) series.running.fill(0);
  series.runningSession = session;
  if (builder !== undefined) {
    series.refine(builder.priceScale, builder.sizeScale);
    lookBack(series, builder, minute);
  }
  return createMinuteRow({
    openTime: minute,
    sums: builder?.sums() ?? quietSums(series, minute),
    running: series.running,
    state: "closed",
    completeness,
    revision: 0,
    firstTradeId: builder?.firstTradeId ?? null,
    lastTradeId: builder?.lastTradeId ?? null,
    afterGap: isAfterGap(series, series.previous.get("1m"), minute),
    lastPrice: series.lastPrice,
  });
}

/** Sums of a minute without trades. */
function quietSums(series: CandleSeries, minute: number): Float64Array {
  const sums = createSums(series.priceScale, series.sizeScale);
  setWindow(sums, series.windows.before("1m", minute));
  return sums;
}
