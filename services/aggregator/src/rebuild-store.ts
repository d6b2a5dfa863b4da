import { EMPTIED, type LaneStore } from "@tickfleet/database/checkpoint";
import type { Pool } from "@tickfleet/database/pool";
import { inTransaction } from "@tickfleet/database/transaction";
import { calendarOf, DEFAULT_ANCHOR, DEFAULT_SESSION } from "@tickfleet/market/calendar";
import type { CandleRow } from "@tickfleet/market/candle-row";
import type { KeptCandles } from "@tickfleet/market/candle-series-seed";
import { LONGEST_WINDOW } from "@tickfleet/market/candle-window";
import { intervalAt } from "@tickfleet/market/interval";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { RecordedInstrument } from "./history-store.ts";
import { candleRowOf, ROW_COLUMNS, type StoredRow } from "./stored-row.ts";

const MADE_AGAIN = `exists (select from unnest($2::text[], $3::text[], $4::int8[]) as made(venue, instrument, floor_ms)
  where (made.venue, made.instrument) = (candle.venue, candle.instrument)
    and (made.floor_ms is null or candle.open_time >= timestamptz 'epoch' + made.floor_ms * interval '1 ms'))`;

/**
 * Empties a lane for a rebuild. Candles that the record cannot make again stay: those of instruments that are not on
 * record, and those that opened before their instrument's floor. No step back reaches them any more. False, and nothing
 * changed, where the lane is not held.
 */
export async function wipeLane(
  pool: Pool,
  lanes: LaneStore,
  { lane, epoch }: { lane: number; epoch: number },
  instruments: readonly RecordedInstrument[],
): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    if (!(await lanes.reset(client, { lane, epoch }, EMPTIED))) return false;
    await client.query(`delete from aggregator.candles as candle where lane = $1 and ${MADE_AGAIN}`, [
      lane,
      instruments.map((entry) => entry.venue),
      instruments.map((entry) => entry.instrument),
      instruments.map((entry) => entry.floorMs),
    ]);
    await client.query("update aggregator.candles set input_seq = 0 where lane = $1 and input_seq > 0", [lane]);
    for (const table of ["candle_versions", "series_states", "kept_states", "trade_batches"]) {
      await client.query(`delete from aggregator.${table} where lane = $1`, [lane]);
    }
    return true;
  });
}

/** What was kept of an instrument before its floor. */
export async function findKeptCandles(pool: Pool, of: RecordedInstrument, floorMs: number): Promise<KeptCandles> {
  const key = [of.venue, of.instrument, DEFAULT_ANCHOR[of.calendar], DEFAULT_SESSION];
  const weekMs = intervalAt(calendarOf(of.calendar), DEFAULT_SESSION, "1w", floorMs)?.open ?? floorMs;
  const closed = "venue = $1 and instrument = $2 and anchor = $3 and session = $4 and state <> 'forming'";
  const before = "open_time < timestamptz 'epoch' + $5 * interval '1 ms'";
  const inWeek = "open_time >= timestamptz 'epoch' + $6 * interval '1 ms'";
  const byFloor = "close_time <= timestamptz 'epoch' + $5 * interval '1 ms'";
  const read = async (text: string, ...values: unknown[]): Promise<CandleRow[]> =>
    (await pool.query<StoredRow>(text, [...key, floorMs, ...values])).rows.map(candleRowOf);
  const recent = await read(
    `select ${ROW_COLUMNS} from unnest($6::text[]) as wanted(name) cross join lateral (
       (select * from aggregator.candles where ${closed} and timeframe = wanted.name and ${before} and ${byFloor} and trades > 0
         order by open_time desc limit $7)
       union (select * from aggregator.candles where ${closed} and timeframe = wanted.name and ${before} and ${byFloor}
         order by open_time desc limit 1)
     ) as candle order by open_time`,
    TIMEFRAMES,
    LONGEST_WINDOW,
  );
  const [lastTraded = null] = await read(
    `select ${ROW_COLUMNS} from aggregator.candles where ${closed} and timeframe = '1m' and trades > 0 and ${before} order by open_time desc limit 1`,
  );
  const inside = await read(
    `select ${ROW_COLUMNS} from aggregator.candles where ${closed} and ${before} and ${inWeek} and (timeframe = '1m' or not ${byFloor}) order by open_time`,
    weekMs,
  );
  const minutes = inside.filter((row) => row.timeframe === "1m");
  return { recent, lastTraded, minutes, around: inside.filter((row) => row.timeframe !== "1m") };
}
