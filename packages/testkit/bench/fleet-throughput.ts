import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { ingestStatusCommand, replayCommand } from "@tickfleet/contracts/control-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import type { BenchContext, BenchResult } from "../src/bench.ts";
import { type BenchFleet, startBenchFleet, untilStored } from "../src/bench-fleet.ts";
import { removeScratch, scratchFolder } from "../src/scratch.ts";
import { CAPTURED_INSTRUMENTS, writeCapture } from "./generated-capture.ts";

const TRADES = 600_000;
const TRADES_PER_SECOND = 1_000;
const WARM_UP = 100_000;
const POLL_MS = 20;
const REQUEST_MS = 10_000;

interface Job {
  state: string;
  recorded: number;
  lastSeq: number | null;
  error: string | null;
}

/**
 * Trades per second of a replay through the whole local fleet: from the command, through file, parser, spool, MARKET, recorder
 * and aggregator, until every candle and every trade is stored and the checkpoints stand at the end.
 */
export async function run({ name, tell, figureOf }: BenchContext): Promise<BenchResult[]> {
  const reference = await figureOf("recorder.rows");
  const folder = scratchFolder("capture");
  try {
    const warmUp = join(folder, "warm-up.txt");
    const capture = join(folder, "capture.txt");
    writeCapture(warmUp, { trades: WARM_UP, tradesPerSecond: TRADES_PER_SECOND });
    writeCapture(capture, { trades: TRADES, tradesPerSecond: TRADES_PER_SECOND });
    await using fleet = await startBenchFleet({ tell, env: name.endsWith(".always") ? { NATS_SYNC_INTERVAL: "always" } : {} });
    // same market, other venue name: its candles are other candles
    await replay(fleet, warmUp, "binance-usdm");
    const begun = performance.now();
    const job = await replay(fleet, capture, "binance");
    const value = TRADES / ((performance.now() - begun) / 1000);
    await check(fleet, job);
    return [{ name, value: Math.round(value), unit: "trades/s", against: "recorder.rows", reference, ratio: value / reference }];
  } finally {
    removeScratch(folder);
  }
}

/** Resolves when everything of the file is stored. */
async function replay(fleet: BenchFleet, file: string, venue: string): Promise<Job> {
  const id = randomUUID();
  const { connection } = fleet.bus;
  const ask = async <T>(subject: string, body: object): Promise<T> =>
    (await connection.request(subject, JSON.stringify(body), { timeout: REQUEST_MS })).json<T>();
  const reply = await ask<{ error?: string }>(subjectOf(replayCommand, {}), {
    id,
    files: [file],
    format: "binance-capture",
    venue,
    speed: "max",
  });
  if (reply.error !== undefined) throw new Error(reply.error);
  for (;;) {
    const { jobs } = await ask<{ jobs: Job[] }>(subjectOf(ingestStatusCommand, {}), { id });
    const job = jobs[0];
    if (job !== undefined && job.state !== "running") {
      if (job.error !== null) throw new Error(job.error);
      await untilStored(fleet, job.lastSeq);
      return ((await ask<{ jobs: Job[] }>(subjectOf(ingestStatusCommand, {}), { id })).jobs[0] ?? job) as Job;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function check(fleet: BenchFleet, job: Job): Promise<void> {
  if (job.recorded !== TRADES) throw new Error(`expected ${TRADES} recorded trades, found ${job.recorded}`);
  const { "1m": minutes } = await fleet.store.candleCounts("binance", CAPTURED_INSTRUMENTS);
  const expected = (TRADES / TRADES_PER_SECOND / 60) * CAPTURED_INSTRUMENTS.length;
  if (minutes !== expected) throw new Error(`expected ${expected} candles of 1m, found ${minutes}`);
}
