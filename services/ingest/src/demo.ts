import { join } from "node:path";
import { demoSource } from "@tickfleet/venues/demo/source";
import type { QualityLog } from "./quality-log.ts";
import { waitUntil } from "./replay-jobs.ts";
import { runScript } from "./script-run.ts";
import { readOrCreate } from "./small-file.ts";
import type { Spool } from "./spool.ts";

export interface DemoRunOptions {
  spool: Spool;
  quality: QualityLog;
  /** Where the demo's start is kept, so that a restart goes on with the same script. */
  folder: string;
  seed: number;
  /** Epoch milliseconds; null: 26 hours before the first start. */
  startMs: number | null;
  /** Epoch milliseconds; null: never. */
  endMs: number | null;
  signal: AbortSignal;
}

const MINUTE_MS = 60_000;
const PAST_MS = 26 * 60 * MINUTE_MS;

/** Runs the demo: its past as fast as it goes, then second by second. */
export async function runDemo(options: DemoRunOptions): Promise<void> {
  const { spool, quality, seed, endMs, signal } = options;
  const first = options.startMs ?? Date.now() - PAST_MS;
  const key = `demo:${seed}${options.startMs === null ? "" : `:${options.startMs}`}`;
  const kept = readOrCreate(join(options.folder, `${key.replaceAll(":", "-")}.start`), () =>
    String(Math.floor(first / MINUTE_MS) * MINUTE_MS),
  );
  const source = demoSource({ seed, startMs: Number(kept), endMs });
  const pace = (timeUs: number): Promise<void> => waitUntil(() => timeUs / 1000 - Date.now(), signal);
  await runScript({ source, key, spool, quality, initial: null, pace, signal });
}
