import type { ChainLength } from "./chain.ts";

/** Chooses the points of the kills; a failed run is repeated with the seed that it printed. */
export const chaosSeed = Number(process.env["TICKFLEET_SEED"] ?? "7");

/** What is fed to the fleet: the same job gives the same trades, whenever and however often it runs. */
export type Job =
  | { kind: "demo"; seed: number; startMs: number; endMs: number }
  | { kind: "replay"; replays: readonly { id: string; files: readonly string[] }[] };

export interface FleetOptions {
  job: Job;
  /** Dedup window of every stream, milliseconds; the registry's own where absent. */
  duplicateWindowMs?: number;
  /** Most messages that a stage folds before publish and commit. */
  maxMessages?: number;
  leaseMs?: number;
  aggregators?: number;
  /** `aggregator` where absent. */
  length?: ChainLength;
}

/** Where the fleet is: what MARKET holds, what every lane of the aggregator has taken in, and what derived streams hold. */
export interface Progress {
  market: number;
  aggregated: number;
  recorded: number;
  /** Newest sequence of what the later stages write, by stream. */
  written: Readonly<Record<string, number>>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Answers for so long with what was asked before, also while the answer is awaited. */
export function sharedFor<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let last: { atMs: number; answer: Promise<T> } | null = null;
  return () => {
    if (last === null || Date.now() - last.atMs >= ms) last = { atMs: Date.now(), answer: ask() };
    return last.answer;
  };
}

/** Progress for whoever watches; what takes minutes should not be silent. */
export function say(text: string): void {
  process.stderr.write(`  chaos ${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines of pino at level warn (40) or above, and what is no JSON at all. */
export function warningsOf(lines: readonly string[]): string[] {
  return lines.filter((line) => /"level":(4|5|6)0|"level":"(warn|error|fatal)"/.test(line) || !line.startsWith("{"));
}
