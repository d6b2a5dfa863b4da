import type { SeriesMarker, UTCTimestamp } from "lightweight-charts";
import type { PatternRow, SignalRow } from "./rows.ts";
import type { Theme } from "./theme.ts";

/** Patterns below this confidence are not drawn: there are some on nearly every candle. */
const LEAST_CONFIDENCE = 0.6;

/** Markers of signals and patterns, by time; a candle with a signal shows no pattern, and else its weightiest one. */
export function createMarkers(
  signals: Iterable<SignalRow>,
  patterns: Iterable<PatternRow>,
  picked: string | null,
  theme: Theme,
): SeriesMarker<UTCTimestamp>[] {
  const markers = new Map<number, SeriesMarker<UTCTimestamp>>();
  for (const signal of signals) {
    if (signal.state !== "active" || signal.direction === 0) continue;
    const isBuy = signal.direction > 0;
    const isStrong = signal.level.startsWith("strong");
    markers.set(signal.openTime, {
      time: (signal.openTime / 1_000) as UTCTimestamp,
      position: isBuy ? "belowBar" : "aboveBar",
      shape: isBuy ? "arrowUp" : "arrowDown",
      color: signal.id === picked ? theme.accent : isBuy ? theme.up : theme.down,
      size: isStrong || signal.id === picked ? 1.6 : 1.1,
      id: signal.id,
    });
  }
  for (const pattern of weightiest(patterns)) {
    if (markers.has(pattern.openTime)) continue;
    const isBullish = pattern.direction > 0;
    markers.set(pattern.openTime, {
      time: (pattern.openTime / 1_000) as UTCTimestamp,
      position: isBullish ? "belowBar" : "aboveBar",
      shape: "circle",
      color: `${isBullish ? theme.up : theme.down}99`,
      size: 0.4,
      id: `pattern|${pattern.openTime}`,
    });
  }
  return [...markers.values()].sort((a, b) => a.time - b.time);
}

function weightiest(patterns: Iterable<PatternRow>): PatternRow[] {
  const found = new Map<number, PatternRow>();
  for (const pattern of patterns) {
    const confidence = pattern.weightedConfidence ?? 0;
    if (pattern.state !== "complete" || pattern.direction === 0 || confidence < LEAST_CONFIDENCE) continue;
    const held = found.get(pattern.openTime);
    if (held === undefined || (held.weightedConfidence ?? 0) < confidence) found.set(pattern.openTime, pattern);
  }
  return [...found.values()];
}
