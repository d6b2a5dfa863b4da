import type { LiveMessage } from "@tickfleet/client/live-connection";

/** Rows to read: those in [from, to), epoch milliseconds, to the newest without `to`; the newest of all without either. */
export interface RowRange {
  from?: number;
  to?: number;
}

/**
 * What of the rows that are shown has to be read again, so that they stay without a hole; null for nothing.
 * @param first openTime of the oldest that is shown, undefined where none is
 */
export function staleRange(message: Extract<LiveMessage, { type: "recomputed" | "resync" }>, first: number | undefined): RowRange | null {
  if (first === undefined) return {};
  if (message.type === "resync") return { from: Math.max(message.from ?? first, first) };
  const { from, to } = message.data;
  return to <= first ? null : { from: Math.max(from, first), to };
}
