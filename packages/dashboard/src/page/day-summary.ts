import type { CandleRow } from "./rows.ts";
import type { DaySummary } from "./store.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What the summary is made of. */
export type DayCandle = Pick<CandleRow, "openTime" | "open" | "high" | "low" | "volumeQuote">;
type ReadPage = (query: Record<string, string | number>) => Promise<{ data: DayCandle[] } | null>;

/**
 * The 24 hours before now, to the minute: hourly candles, and those of a minute within the hour in which the day begins.
 * @param readPage a page of the candles of an instrument, null where it cannot be had
 */
export async function readDaySummary(readPage: ReadPage, nowMs: number): Promise<DaySummary | null> {
  const from = nowMs - DAY_MS;
  const columns = "openTime,open,high,low,volumeQuote";
  const hours = await readPage({ timeframe: "1h", from, limit: 25, columns });
  const whole = hours?.data[0]?.openTime ?? nowMs;
  const minutes = hours === null ? null : await readPage({ timeframe: "1m", from, to: whole, limit: 60, columns });
  return hours === null || minutes === null ? null : summarize([...minutes.data, ...hours.data]);
}

function summarize(rows: readonly DayCandle[]): DaySummary {
  const traded = rows.filter((row) => row.open !== null);
  const of = (column: "high" | "low"): number[] => traded.flatMap((row) => row[column] ?? []);
  return {
    open: traded[0]?.open ?? null,
    high: traded.length === 0 ? null : Math.max(...of("high")),
    low: traded.length === 0 ? null : Math.min(...of("low")),
    volumeQuote: traded.reduce((sum, row) => sum + row.volumeQuote, 0),
  };
}
