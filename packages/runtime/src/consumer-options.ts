import type { LaneStore } from "@tickfleet/database/checkpoint";
import type { Logger } from "pino";
import type { Bus } from "./bus.ts";
import type { LaneHandler } from "./lane-handler.ts";
import type { Metrics } from "./metrics.ts";

/** What the consume loop reads, writes and is told by. */
export interface ConsumerOptions {
  service: string;
  bus: Bus;
  logger: Logger;
  store: LaneStore;
  handler: LaneHandler;
  inputStream: string;
  /** Streams that the handler's outputs go to; published in this order. */
  outputStreams: readonly string[];
  /** true: one lane per partition; false: one lane that reads everything. */
  partitioned: boolean;
  /** Told of every change of readiness, with the reason: it begins with no, and a standby for lanes that others hold is ready. */
  onReady: (ok: boolean, detail: string) => void;
  signal: AbortSignal;
  /** Where the loop is measured; by default nowhere. */
  metrics?: Metrics;
  /** Whether a subject's major version can be read; by default where the registry describes it. */
  isKnown?: (subject: string) => boolean;
  /** Most messages folded before publish and commit. */
  maxMessages?: number;
  /** Longest time without a commit where there is nothing to publish, milliseconds. */
  commitEveryMs?: number;
  /** Time between two checkpoints that are kept to step back to, milliseconds. */
  keepEveryMs?: number;
}
