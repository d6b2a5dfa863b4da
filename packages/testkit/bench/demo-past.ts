import { openPool } from "@tickfleet/database/pool";
import type { BenchContext, BenchResult } from "../src/bench.ts";
import { startBenchFleet } from "../src/bench-fleet.ts";

const PAST_SECONDS = 26 * 3_600;
const PRESENT_MS = 120_000;
const POLL_MS = 200;
const LONGEST_MS = 600_000;

/** Seconds from the start of an empty fleet until the demo's 26 hours of past are whole: every trade recorded, every candle stored. */
export async function run({ name, tell }: BenchContext): Promise<BenchResult[]> {
  const begun = performance.now();
  await using fleet = await startBenchFleet({ demo: true, tell });
  tell(`up after ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  const pool = openPool(fleet.address.database, { max: 1, name: "bench" });
  try {
    for (let seconds = 0; ; ) {
      const { rows } = await pool.query<{ candles: number | null; trades: number | null }>(
        `select (select min(newest) from (select max(close_time) as newest from aggregator.pub_candles
             where timeframe = '1m' and state <> 'forming' group by venue, instrument) as closed) as candles,
           (select min(last_trade_time) from ingest.pub_instruments) as trades`,
      );
      seconds = (performance.now() - begun) / 1_000;
      const least = Math.min(rows[0]?.candles ?? 0, rows[0]?.trades ?? 0) / 1_000;
      if (Date.now() - least < PRESENT_MS) {
        const { rows: counted } = await pool.query<{ count: number }>("select count(*) as count from ingest.pub_trades");
        tell(`${counted[0]?.count} trades`);
        return [{ name, value: seconds, unit: "s", against: "the past's length", reference: PAST_SECONDS, ratio: PAST_SECONDS / seconds }];
      }
      if (seconds * 1_000 > LONGEST_MS)
        throw new Error(`the past is not whole after ${Math.round(seconds)} s: ${new Date(least).toISOString()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await pool.end();
  }
}
