import { candle, candleRecomputed, formingCandle } from "./candle-messages.ts";
import { futures, sentiment } from "./context-messages.ts";
import { deadLetterRetryCommand, ingestStatusCommand, replayCommand } from "./control-messages.ts";
import { deadLetter } from "./dead-letter-messages.ts";
import { enriched, enrichedRecomputed } from "./enriched-messages.ts";
import { clock, gap, status, tradeBatch } from "./market-messages.ts";
import type { MessageDefinition, StreamName } from "./message.ts";
import { pattern, signal } from "./pattern-messages.ts";

/** Every message of the fleet. What is generated (schemas, documents, permissions, streams) comes from here. */
export const messages: readonly MessageDefinition[] = [
  tradeBatch,
  clock,
  status,
  gap,
  candle,
  candleRecomputed,
  formingCandle,
  enriched,
  enrichedRecomputed,
  pattern,
  signal,
  sentiment,
  futures,
  deadLetter,
  replayCommand,
  ingestStatusCommand,
  deadLetterRetryCommand,
];

const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;

/** Settings of a stream, in the units of their names. */
export interface StreamDefinition {
  name: StreamName;
  subjects: readonly string[];
  maxAgeMs: number;
  maxBytes: number;
  duplicateWindowMs: number;
  allowAtomic: boolean;
  republish: { source: string; destination: string } | null;
  summary: string;
}

export const streams: readonly StreamDefinition[] = [
  {
    name: "MARKET",
    subjects: ["trade", "quote", "book", "clock", "status", "gap", "correction", "history"].map((name) => `md.v1.${name}.>`),
    maxAgeMs: 72 * HOUR_MS,
    maxBytes: 20 * GIB,
    duplicateWindowMs: 300_000,
    allowAtomic: true,
    republish: { source: "md.v1.*.*.*.*", destination: "live.v1.{{wildcard(1)}}.{{wildcard(3)}}.{{wildcard(4)}}" },
    summary: "The one input log: whatever can change a candle, in one order.",
  },
  {
    name: "CANDLES",
    subjects: ["md.v1.candle.>", "md.v1.candle-recomputed.>"],
    maxAgeMs: 7 * 24 * HOUR_MS,
    maxBytes: 10 * GIB,
    duplicateWindowMs: HOUR_MS,
    allowAtomic: true,
    republish: { source: "md.v1.*.*.*.*.*", destination: "live.v1.{{wildcard(1)}}.{{wildcard(3)}}.{{wildcard(4)}}.{{wildcard(5)}}" },
    summary: "Closed and revised candles, exactly once per partition and in order.",
  },
  {
    name: "ENRICHED",
    subjects: ["md.v1.enriched.>", "md.v1.enriched-recomputed.>"],
    maxAgeMs: 7 * 24 * HOUR_MS,
    maxBytes: 15 * GIB,
    duplicateWindowMs: HOUR_MS,
    allowAtomic: true,
    republish: { source: "md.v1.*.*.*.*.*", destination: "live.v1.{{wildcard(1)}}.{{wildcard(3)}}.{{wildcard(4)}}.{{wildcard(5)}}" },
    summary: "Closed and revised candles with their indicators, exactly once per partition and in order.",
  },
  {
    name: "PATTERNS",
    subjects: ["md.v1.pattern.>"],
    maxAgeMs: 30 * 24 * HOUR_MS,
    maxBytes: 5 * GIB,
    duplicateWindowMs: HOUR_MS,
    allowAtomic: true,
    republish: { source: "md.v1.*.*.*.*.*", destination: "live.v1.{{wildcard(1)}}.{{wildcard(3)}}.{{wildcard(4)}}.{{wildcard(5)}}" },
    summary: "Patterns on closed candles with their grades, exactly once per partition and in order.",
  },
  {
    name: "SIGNALS",
    subjects: ["md.v1.signal.>"],
    maxAgeMs: 90 * 24 * HOUR_MS,
    maxBytes: 5 * GIB,
    duplicateWindowMs: HOUR_MS,
    allowAtomic: true,
    republish: { source: "md.v1.*.*.*.*.*", destination: "live.v1.{{wildcard(1)}}.{{wildcard(3)}}.{{wildcard(4)}}.{{wildcard(5)}}" },
    summary: "Trading signals with what led to them, exactly once per partition and in order.",
  },
  {
    name: "CONTEXT",
    subjects: ["md.v1.sentiment.>", "md.v1.futures.>"],
    maxAgeMs: 30 * 24 * HOUR_MS,
    maxBytes: 2 * GIB,
    duplicateWindowMs: HOUR_MS,
    allowAtomic: false,
    republish: { source: "md.v1.*.*.*.*", destination: "live.v1.{{wildcard(1)}}.{{wildcard(3)}}.{{wildcard(4)}}" },
    summary: "What is known beside the trades, each item valid from a minute in its future.",
  },
  {
    name: "DLQ",
    subjects: ["dlq.v1.>"],
    maxAgeMs: 30 * 24 * HOUR_MS,
    maxBytes: GIB,
    duplicateWindowMs: 120_000,
    allowAtomic: false,
    republish: null,
    summary: "Messages that could not be processed, kept until they are sent back.",
  },
];

/** Subject on which a user without stream rights receives a stored message (see `republish`). */
export function liveTemplate(definition: MessageDefinition): string | null {
  const stream = streams.find((candidate) => candidate.name === definition.stream);
  if (!stream?.republish) return null;
  return definition.template.replace(/^md\.v1\.([\w-]+)\.(\{p\}|all)\./, "live.v1.$1.");
}
