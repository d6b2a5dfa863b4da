const MINUTE_MS = 60_000;

/** Least time between the publication of an item of context and the minute from which it counts, milliseconds. */
export const CONTEXT_LEAD_MS = 60_000;

/** When an item counts that is published at a time (epoch milliseconds): the first whole minute at least 60 s later. */
export function validFromOf(publishedMs: number): number {
  return Math.ceil((publishedMs + CONTEXT_LEAD_MS) / MINUTE_MS) * MINUTE_MS;
}
