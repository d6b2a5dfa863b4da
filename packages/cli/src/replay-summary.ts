import type { replayJobSchema } from "@tickfleet/contracts/control-messages";
import type { QuarantineReason } from "@tickfleet/database/fleet-status";
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
  /** Inputs that were set aside because something was wrong with them. */
  quarantined: number;
  /** Why, the most frequent reason first; the example is the first input that was set aside for it. */
  quarantineReasons: QuarantineReason[];
  /** Trades outside the calendar's hours: on record, in no candle. */
  outsideSession: number;
  firstTime: number | null;
  lastTime: number | null;
  /** Candles of every state on record of the replayed instruments, per timeframe. */
  candles: Record<string, number>;
  /** Enriched candles with at least one indicator, of the same instruments. */
  indicators: number;
  /** Patterns and signals that hold, of the same instruments. */
  patterns: number;
  signals: number;
  /** From the request until everything was stored. */
  seconds: number;
  tradesPerSecond: number;
  /** Time between two hops, by their names. */
  latencyMs: HopLatencies;
  /** Why the files could not be read to their ends, that nothing was in them, or what could not be processed; else absent. */
  error?: string;
}

/** Messages of the job that a service could not process. */
export interface DeadMessages {
  messages: number;
  error: string;
}

/** What is on record of a job and its instruments. */
export type DerivedCounts = Pick<ReplaySummary, "quarantineReasons" | "candles" | "indicators" | "patterns" | "signals">;

export function createSummary(
  job: ReplayJob,
  { quarantineReasons, candles, indicators, patterns, signals }: DerivedCounts,
  seconds: number,
  latencyMs: HopLatencies,
  dead: DeadMessages | null,
): ReplaySummary {
  return {
    trades: job.trades,
    recorded: job.recorded,
    quarantined: job.quarantined,
    quarantineReasons,
    outsideSession: job.outsideSession,
    firstTime: job.firstTime,
    lastTime: job.lastTime,
    candles: Object.fromEntries(TIMEFRAMES.map((timeframe) => [timeframe, candles[timeframe] ?? 0])),
    indicators,
    patterns,
    signals,
    seconds: Math.round(seconds * 1000) / 1000,
    tradesPerSecond: Math.round(job.trades / Math.max(seconds, 0.001)),
    latencyMs,
    ...errorOf(job, dead),
  };
}

function errorOf({ state, error, trades, quarantined, ignored }: ReplayJob, dead: DeadMessages | null): { error?: string } {
  if (state === "failed") return { error: error ?? "the replay failed" };
  if (dead !== null)
    return { error: `${dead.messages} messages became dead letters (\`tickfleet dlq list\` shows them); the first: ${dead.error}` };
  if (trades > 0) return {};
  return { error: `no trade was found in the files; ${quarantined} entries could not be read and ${ignored} were of other kinds` };
}
