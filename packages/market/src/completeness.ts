import type { Completeness } from "./candle.ts";
import { S } from "./sums-layout.ts";

/** A stretch of time in which trades of an instrument were, or are, missing. */
export interface Gap {
  id: string;
  /** Epoch microseconds; trades may be missing in [fromUs, toUs). */
  fromUs: number;
  toUs: number;
  state: "open" | "filled" | "unfilled";
  /** Trades known to be missing, null where ids cannot tell. */
  missing: number | null;
}

/** A hole longer than this has no candles, only its gap. */
export const LONGEST_HOLE_WITH_CANDLES_US = 5 * 60_000_000;

/** One bad minute is tolerated per this many scheduled ones: more than 2% make a timeframe partial. */
const MINUTES_PER_TOLERATED = 50;

/** What is known of a minute besides its trades. */
export interface MinuteFacts {
  openMs: number;
  closeMs: number;
  trades: number;
  /** When the connection began to cover the instrument, epoch microseconds. */
  coveredFromUs: number;
  /** A message of this minute could not be read. */
  spoiled: boolean;
}

/** Completeness of a minute; null where it has no candle at all, because a long hole swallows it. */
export function minuteCompleteness(facts: MinuteFacts, gaps: readonly Gap[]): Completeness | null {
  const fromUs = facts.openMs * 1000;
  const toUs = facts.closeMs * 1000;
  let filled = false;
  let lost: Completeness | null = null;
  for (const gap of gaps) {
    if (gap.fromUs >= toUs || gap.toUs <= fromUs) continue;
    if (gap.state === "filled") {
      filled = true;
      continue;
    }
    if (facts.trades > 0) lost = "partial";
    else if (gap.toUs - gap.fromUs > LONGEST_HOLE_WITH_CANDLES_US && gap.fromUs <= fromUs && gap.toUs >= toUs) return null;
    else if (lost !== "partial") lost = (gap.missing ?? 0) > 0 ? "partial" : "venue-down";
  }
  if (lost !== null) return lost;
  if (facts.spoiled || facts.coveredFromUs > fromUs) return "partial";
  if (filled) return "backfilled";
  return facts.trades > 0 ? "full" : "no-trades";
}

/** Completeness above 1m, from the minutes folded in and the scheduled minutes that have no candle. */
export function foldedCompleteness(sums: Float64Array, scheduledMinutes: number): Completeness {
  const bad = (sums[S.BAD_MINUTES] as number) + scheduledMinutes - (sums[S.MINUTES] as number);
  if (sums[S.TRADES] === 0) return bad > 0 ? "venue-down" : "no-trades";
  if (bad * MINUTES_PER_TOLERATED > scheduledMinutes) return "partial";
  return (sums[S.BACKFILLED_MINUTES] as number) > 0 ? "backfilled" : "full";
}

export function isBad(completeness: Completeness): boolean {
  return completeness === "partial" || completeness === "venue-down";
}
