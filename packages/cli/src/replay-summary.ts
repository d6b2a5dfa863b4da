import type { replayJobSchema } from "@tickfleet/contracts/control-messages";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { z } from "zod";
import type { HopLatencies } from "./replay-latency.ts";

export type ReplayJob = z.infer<typeof replayJobSchema>;

/** What a replay came to, as `--json` prints it. Times are epoch milliseconds. */
export interface ReplaySummary {
  /** Trades read from the files. */
  trades: number;
  /** Trades that were not on record before. */
  recorded: number;
  quarantined: number;
  firstTime: number | null;
  lastTime: number | null;
  /** Candles of every state on record of the replayed instruments, per timeframe. */
  candles: Record<string, number>;
  indicators: number;
  patterns: number;
  signals: number;
  /** From the request until everything was stored. */
  seconds: number;
  tradesPerSecond: number;
  /** Time between two hops, by their names. */
  latencyMs: HopLatencies;
  /** Why the files could not be read to their ends, or that nothing was in them; else absent. */
  error?: string;
}

export function createSummary(
  job: ReplayJob,
  candles: Readonly<Record<string, number>>,
  seconds: number,
  latencyMs: HopLatencies,
): ReplaySummary {
  return {
    trades: job.trades,
    recorded: job.recorded,
    quarantined: job.quarantined,
    firstTime: job.firstTime,
    lastTime: job.lastTime,
    candles: Object.fromEntries(TIMEFRAMES.map((timeframe) => [timeframe, candles[timeframe] ?? 0])),
    indicators: 0,
    patterns: 0,
    signals: 0,
    seconds: Math.round(seconds * 1000) / 1000,
    tradesPerSecond: Math.round(job.trades / Math.max(seconds, 0.001)),
    latencyMs,
    ...errorOf(job),
  };
}

function errorOf({ state, error, trades, quarantined, ignored }: ReplayJob): { error?: string } {
  if (state === "failed") return { error: error ?? "the replay failed" };
  if (trades > 0) return {};
  return { error: `no trade was found in the files; ${quarantined} entries could not be read and ${ignored} were of other kinds` };
}
