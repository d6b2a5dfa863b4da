import { DEFAULT_ANCHOR, DEFAULT_SESSION } from "@tickfleet/market/calendar";
import type { RecentCandle, RecentCandles } from "./candle-memory.ts";
import { CANDLE_COLUMNS } from "./columns.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";

/** A candle of a snapshot: the columns of the table by wire name. */
export type SnapshotCandle = Record<string, unknown> & { openTime: number; revision: number; state: string };

export interface Snapshot {
  /** Anchor and session, as in `CandlePlace.series`. */
  series: string;
  candles: SnapshotCandle[];
}

/** Most candles of a snapshot. */
export const MAX_SNAPSHOT = 2_000;

export interface SnapshotRequest {
  row: InstrumentRow;
  timeframe: string;
  /** So many candles, the newest. */
  count: number;
  /** openTime that it reaches back to, as far as `MAX_SNAPSHOT` goes; null: `count` is enough. */
  since: number | null;
}

/**
 * The newest candles of a channel: rows of the table, and over them what was published and may not be
 * stored yet, and the open candle.
 */
export async function readSnapshot(store: ApiStore, request: SnapshotRequest, recent: () => RecentCandles): Promise<Snapshot> {
  const { row, timeframe, since } = request;
  const { venue, instrument } = row;
  const anchor = DEFAULT_ANCHOR[row.calendar];
  const session = DEFAULT_SESSION;
  const range = { direction: "backward", from: null, to: null, key: null } as const;
  const key = { venue, instrument, timeframe, anchor, session };
  let { count } = request;
  let page = await store.listCandles(key, null, { ...range, limit: count, columns: CANDLE_COLUMNS });
  if (since !== null && page.more && (page.rows[0] as SnapshotCandle).openTime > since) {
    count = MAX_SNAPSHOT;
    const reaching = await store.listCandles(key, null, { ...range, from: since * 1_000, limit: count, columns: CANDLE_COLUMNS });
    if (reaching.rows.length > page.rows.length) page = reaching;
  }
  const series = `${anchor}|${session}`;
  return { series, candles: mergeCandles(page.rows as SnapshotCandle[], series, recent()).slice(-count) };
}

/** Rows ascending by openTime, each in its newest form. */
export function mergeCandles(rows: readonly SnapshotCandle[], series: string, recent: RecentCandles): SnapshotCandle[] {
  const byTime = new Map(rows.map((row) => [row.openTime, row]));
  const oldest = rows[0]?.openTime ?? Number.NEGATIVE_INFINITY;
  const mine = (message: RecentCandle): boolean => message.place.series === series && message.place.openTime >= oldest;
  for (const message of recent.closed.filter(mine)) {
    const stored = byTime.get(message.place.openTime);
    if (stored === undefined || stored.state === "forming" || stored.revision < message.place.revision)
      byTime.set(message.place.openTime, candleOf(message));
  }
  const closed = [...byTime.values()].filter((candle) => candle.state !== "forming").map((candle) => candle.openTime);
  const closedUntil = closed.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  for (const message of recent.forming.filter(mine)) {
    if (message.place.openTime > closedUntil) byTime.set(message.place.openTime, candleOf(message));
  }
  return [...byTime.values()].sort((a, b) => a.openTime - b.openTime);
}

function candleOf(message: RecentCandle): SnapshotCandle {
  const payload = JSON.parse(message.text) as Record<string, unknown>;
  return Object.fromEntries(CANDLE_COLUMNS.map(({ wire }) => [wire, payload[wire]])) as SnapshotCandle;
}
