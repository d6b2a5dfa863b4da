import { LaneStore } from "@tickfleet/database/checkpoint";
import { CandleSeries } from "@tickfleet/market/candle-series";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BatchPruning } from "../src/batch-pruning.ts";
import { LaneState } from "../src/lane-state.ts";
import { CandleStore } from "../src/store.ts";
import { openSurroundings, type Surroundings } from "./harness.ts";
import { describe, START_US, VENUE } from "./market-script.ts";

const LANE = 3;
const HOUR_MS = 3_600_000;
const NOW_MS = START_US / 1_000;
/** One round more than a cut waits. */
const ROUNDS = 9;

let around: Surroundings;
let pruning: BatchPruning;

beforeEach(async () => {
  around = await openSurroundings();
  vi.useFakeTimers({ toFake: ["Date"] });
  const lanes = new LaneStore(around.pool, "aggregator", "pruning", 3_000);
  pruning = new BatchPruning(new CandleStore(around.pool, lanes, 3_000));
  for (const [seq, hoursAgo] of [1, 48].entries()) {
    await around.pool.query(
      `insert into aggregator.trade_batches (lane, venue, instrument, input_log, input_seq, from_minute, to_minute, payload)
       values ($1, $2, 'AAA-USD', 'present', $3, $4, $4, '')`,
      [LANE, VENUE, seq, NOW_MS - hoursAgo * HOUR_MS],
    );
  }
});

afterEach(async () => {
  vi.useRealTimers();
  await around[Symbol.asyncDispose]();
});

/** Minutes go by with the lane's one instrument closed up to `closedUntilMs`. */
async function pass(rounds: number, closedUntilMs: number): Promise<void> {
  const lane = new LaneState(LANE);
  lane.put(new CandleSeries(describe("AAA-USD"), closedUntilMs * 1_000));
  for (let i = 0; i < rounds; i++) {
    vi.advanceTimersByTime(60_000);
    await pruning.run([lane]);
  }
}

async function kept(): Promise<number[]> {
  const { rows } = await around.pool.query<{ seq: number }>("select input_seq as seq from aggregator.trade_batches order by input_seq");
  return rows.map((row) => row.seq);
}

test("messages of more than a day ago go, some minutes after they may", async () => {
  await pass(ROUNDS - 1, NOW_MS);
  expect(await kept()).toEqual([0, 1]);
  await pass(1, NOW_MS);
  expect(await kept()).toEqual([0]);
});

test("what might go before a lane is rebuilt or stepped back stays after it", async () => {
  await pass(ROUNDS - 1, NOW_MS);
  pruning.forget(LANE);
  await pass(ROUNDS - 1, NOW_MS - 60 * HOUR_MS);
  expect(await kept()).toEqual([0, 1]);
  await pass(ROUNDS, NOW_MS);
  expect(await kept()).toEqual([0]);
});
