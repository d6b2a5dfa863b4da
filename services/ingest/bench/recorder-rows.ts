import { REPLAY_HEADER } from "@tickfleet/contracts/control-messages";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { createBatchColumns } from "@tickfleet/contracts/trade-batch";
import { LaneStore, type LaneUpdate, type OwnedLane } from "@tickfleet/database/checkpoint";
import { copyEncoded, encodeCopy } from "@tickfleet/database/copy";
import { migrate } from "@tickfleet/database/migrator";
import { openPool, type Pool } from "@tickfleet/database/pool";
import type { TradeColumns } from "@tickfleet/market/trade";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import type { BenchContext, BenchResult } from "@tickfleet/testkit/bench";
import { startFleetDatabase } from "@tickfleet/testkit/fleet-database";
import { Recorder } from "../src/recorder.ts";
import { appendTrades, createRecorderRows } from "../src/recorder-rows.ts";
import { RecorderStore } from "../src/store.ts";
import { COPY_COLUMNS, valuesOf } from "../src/trade-rows-store.ts";

const INSTRUMENTS = 8;
const BATCH = 500;
const BATCHES_PER_COMMIT = 40;
const COMMITS = 10;
const ROUNDS = 3;
const ROWS = BATCH * BATCHES_PER_COMMIT * COMMITS;
const START_US = Date.parse("2024-03-05T00:00:00Z") * 1000;
const STEP_US = 1_000;
const LEASE_MS = 60_000;
const CREATED = "bench";

/** Rows per second that the recorder brings into its table, commit by commit, beside a bare COPY of the same bytes into a table alike. */
export async function run({ tell }: BenchContext): Promise<BenchResult[]> {
  await using server = await startFleetDatabase();
  await migrate({ url: server.url, service: "ingest", folder: new URL("../migrations/", import.meta.url) });
  const pool = openPool(server.url, { max: 4, name: "bench", schema: "ingest" });
  const admin = openPool(server.url, { max: 2, name: "bench-floor" });
  try {
    await admin.query("create table public.floor (like ingest.trades including all)");
    const lanes = new LaneStore(pool, "ingest", "bench", LEASE_MS);
    const lane = (await lanes.acquire(1))[0] as OwnedLane;
    const recorder = new Recorder(new RecorderStore(pool, lanes, LEASE_MS), () => {});
    const batch = createBatch();
    const ours: number[] = [];
    const floor: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const bare = await copyBare(admin, batch, round);
      const own = await record(recorder, lane, batch, round);
      if (round === 0) continue;
      floor.push(bare);
      ours.push(own);
      tell(`${Math.round(ROWS / own)} rows/s, bare ${Math.round(ROWS / bare)}`);
    }
    const value = ROWS / median(ours);
    const reference = ROWS / median(floor);
    return [
      {
        name: "recorder.rows",
        value: Math.round(value),
        unit: "rows/s",
        against: "bare COPY",
        reference: Math.round(reference),
        ratio: value / reference,
      },
    ];
  } finally {
    await pool.end();
    await admin.end();
  }
}

/** Seconds that the recorder takes for a round. */
async function record(recorder: Recorder, lane: OwnedLane, batch: TradeColumns, round: number): Promise<number> {
  const begun = performance.now();
  for (let commit = 0; commit < COMMITS; commit++) {
    let seq = 0;
    for (let i = 0; i < BATCHES_PER_COMMIT; i++) {
      seq = place(batch, round, commit, i);
      recorder.apply({ kind: "trade", batch }, 0, messageOf(batch, seq));
    }
    const update: LaneUpdate = {
      ...lane,
      streamCreated: CREATED,
      seq,
      inputId: String(seq),
      outputs: {},
      keep: false,
    };
    if (!(await recorder.commit([update]))) throw new Error("the commit was refused");
  }
  return (performance.now() - begun) / 1000;
}

/** Seconds for the same rows, encoded beforehand, in as many transactions. */
async function copyBare(pool: Pool, batch: TradeColumns, round: number): Promise<number> {
  const ids = new Map(Array.from({ length: INSTRUMENTS }, (_, i) => [`bench\n${nameOf(i)}`, i + 1]));
  const commits: Buffer[][] = [];
  for (let commit = 0; commit < COMMITS; commit++) {
    const rows = createRecorderRows();
    for (let i = 0; i < BATCHES_PER_COMMIT; i++) appendTrades(rows, batch, place(batch, round, commit, i));
    commits.push([...encodeCopy(COPY_COLUMNS, rows.trades.count, valuesOf(rows.trades, ids, 1))]);
  }
  const client = await pool.connect();
  const begun = performance.now();
  for (const chunks of commits) await copyEncoded(client, "public.floor", COPY_COLUMNS, chunks);
  const seconds = (performance.now() - begun) / 1000;
  client.release();
  return seconds;
}

/** Moves the batch's trades to their place in the run; returns the sequence of their message. */
function place(batch: TradeColumns, round: number, commit: number, index: number): number {
  const number = (round * COMMITS + commit) * BATCHES_PER_COMMIT + index;
  batch.instrument = nameOf(number % INSTRUMENTS);
  for (let i = 0; i < BATCH; i++) {
    const trade = number * BATCH + i;
    batch.eventTimeUs[i] = START_US + trade * STEP_US;
    batch.receivedTimeUs[i] = START_US + trade * STEP_US + 30_000;
    batch.sourceSeq[i] = 3_000_000_000 + trade;
  }
  return number + 1;
}

function createBatch(): TradeColumns {
  const batch = createBatchColumns();
  Object.assign(batch, { venue: "bench", count: BATCH, priceScale: 2, sizeScale: 5, quoteMethod: "arrival" });
  for (let i = 0; i < BATCH; i++) {
    batch.price[i] = 6_500_000 + ((i * 7_919) % 1_000);
    batch.size[i] = 1 + ((i * 104_729) % 200_000);
    batch.side[i] = i % 2 === 0 ? 1 : -1;
    batch.bid[i] = 6_499_999;
    batch.ask[i] = 6_500_001;
    batch.bidSize[i] = 50_000;
    batch.askSize[i] = 70_000;
    batch.quoteAgeUs[i] = 1_500;
  }
  return batch;
}

function messageOf(batch: TradeColumns, seq: number): InputMessage {
  const subject = subjectOf(tradeBatch, { venue: batch.venue, instrument: batch.instrument });
  return { seq, subject, id: String(seq), data: new Uint8Array(), header: (name) => (name === REPLAY_HEADER ? "bench" : "") };
}

function nameOf(instrument: number): string {
  return `BENCH${instrument}-USDT`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
