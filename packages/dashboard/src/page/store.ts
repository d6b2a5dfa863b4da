import { computed, signal } from "@preact/signals";
import type { LiveState } from "@tickfleet/client/live-connection";
import type { CandleRow, FuturesRow, IndicatorRow, InstrumentRow, SentimentRow, SignalRow } from "./rows.ts";
import { view } from "./view.ts";

/** A part of the page that is fed by another service: not asked yet, there, or not there and why. */
export type Part<T> = { state: "loading" } | { state: "ready"; value: T } | { state: "absent"; reason: string };

/** The last 24 hours of an instrument. */
export interface DaySummary {
  open: number | null;
  high: number | null;
  low: number | null;
  volumeQuote: number;
}

/** What the page says in place of a chart: what is wrong, and what to do. */
export interface Notice {
  text: string;
  fix: string;
}

export const connection = signal<LiveState>({ state: "connecting" });
/** When the last candle came, by this machine's clock; null before the first. */
export const lastUpdateMs = signal<number | null>(null);
/** The present, moved on every half second. */
export const nowMs = signal(Date.now());
export const instruments = signal<readonly InstrumentRow[] | null>(null);
export const notice = signal<Notice | null>({ text: "Loading", fix: "" });
export const lastCandle = signal<CandleRow | null>(null);
/** Candle under the pointer, with its indicators. */
export const pointed = signal<{ candle: CandleRow; indicators: IndicatorRow | null } | null>(null);
/** The newest indicators, for the legend where nothing is pointed at. */
export const lastIndicators = signal<IndicatorRow | null>(null);
export const daySummary = signal<DaySummary | null>(null);
/** Newest first. */
export const latestSignals = signal<Part<readonly SignalRow[]>>({ state: "loading" });
export const sentimentOf = signal<Part<SentimentRow | null>>({ state: "loading" });
export const futuresOf = signal<Part<FuturesRow | null>>({ state: "loading" });
/** The signal that is explained, null for none. */
export const pickedSignal = signal<SignalRow | null>(null);
/** What the gateway says of it beyond the message. */
export const explanation = signal<Part<Explanation>>({ state: "loading" });

/** What a candle that was looked at was at that moment. */
export type LookedAt = Pick<CandleRow, "openTime" | "open" | "high" | "low" | "close" | "volumeBase">;

/** Why a signal is what it is, as the gateway recomputed it. */
export interface Explanation {
  /** Whether the recomputed signal is the stored one, byte for byte. */
  same: boolean;
  /** For people. */
  conclusion: string;
  factors: readonly { name: string; weight: number; value: number | null; words: string }[];
  candles: readonly LookedAt[];
}

export const instrumentRow = computed(() => {
  const { venue, instrument } = view.value;
  return instruments.value?.find((row) => row.venue === venue && row.instrument === instrument) ?? null;
});

/** Decimals of the prices that are shown. */
export const priceDecimals = computed(() => Math.min(instrumentRow.value?.priceScale ?? 2, 12));
