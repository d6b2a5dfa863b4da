import { ALGORITHMS } from "./algorithms.ts";
import { SIGNAL_LEVELS, type SignalLevel } from "./signal-level.ts";

/** Candles after which a signal is no longer valid. */
export const SIGNAL_TTL_CANDLES = 10;

/** Candles within which a signal is not repeated unless its level rises. */
const QUIET_CANDLES = 3;

/** The last signal emitted for the same venue, instrument, timeframe and direction. */
export interface EarlierSignal {
  readonly level: SignalLevel;
  /** Candles from its candle to the one at hand: 1 is the candle before. */
  readonly candlesAgo: number;
}

export interface DebounceDecision {
  readonly algo: typeof ALGORITHMS.signalDebounce;
  readonly emit: boolean;
  /** `none`: neutral or no level; `first`; `elapsed`: 3 candles passed; `raised`: a higher level; `repeated`: held back. */
  readonly reason: "none" | "first" | "elapsed" | "raised" | "repeated";
  /** Candles that the signal is valid for; 0 where it is not emitted. */
  readonly ttlCandles: number;
}

/** Whether a signal goes out (metrics book 8, "debounce"): once per 3 candles and direction unless its level rises. */
export function decideEmission(level: SignalLevel | null, earlier: EarlierSignal | null): DebounceDecision {
  const reason = reasonOf(level, earlier);
  const emit = reason !== "none" && reason !== "repeated";
  return { algo: ALGORITHMS.signalDebounce, emit, reason, ttlCandles: emit ? SIGNAL_TTL_CANDLES : 0 };
}

function reasonOf(level: SignalLevel | null, earlier: EarlierSignal | null): DebounceDecision["reason"] {
  if (level === null || level === "neutral") return "none";
  if (earlier === null || Math.sign(rankOf(earlier.level)) !== Math.sign(rankOf(level))) return "first";
  if (earlier.candlesAgo >= QUIET_CANDLES) return "elapsed";
  return Math.abs(rankOf(level)) > Math.abs(rankOf(earlier.level)) ? "raised" : "repeated";
}

/** -3 strong_sell .. 3 strong_buy. */
function rankOf(level: SignalLevel): number {
  return SIGNAL_LEVELS.indexOf(level) - 3;
}
