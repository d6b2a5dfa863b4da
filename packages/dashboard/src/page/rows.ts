import type { candle } from "@tickfleet/contracts/candle-messages";
import type { futures, sentiment } from "@tickfleet/contracts/context-messages";
import type { enriched, IndicatorName } from "@tickfleet/contracts/enriched-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { pattern, signal } from "@tickfleet/contracts/pattern-messages";
import type { Timeframe } from "@tickfleet/market/timeframe";

/** Rows as the gateway gives them and messages bring them. */
export type CandleRow = Omit<Payload<typeof candle>, "stamps">;
export type EnrichedMessage = Payload<typeof enriched>;
export type PatternRow = Omit<Payload<typeof pattern>, "stamps">;
export type SignalRow = Omit<Payload<typeof signal>, "stamps">;
/** Where no source says anything the list has a row without a value, and the reason. */
export type SentimentRow = Omit<Payload<typeof sentiment>, "value" | "confidence" | "ttlMs" | "algo"> & {
  value: number | null;
  confidence: number | null;
  reason?: string | null;
};
export type FuturesRow = Omit<Payload<typeof futures>, "ttlMs" | "algo">;

/** The values of a candle that the page draws. */
export type IndicatorRow = { openTime: number; revision: number } & Partial<Record<IndicatorName, number | null>>;

/** What a list of instruments says of one. */
export interface InstrumentRow {
  venue: string;
  instrument: string;
  venueSymbol: string;
  kind: "spot" | "linear" | "inverse";
  priceScale: number;
  live: boolean;
}

/** An instrument and timeframe that is looked at. */
export interface SeriesName {
  venue: string;
  instrument: string;
  timeframe: Timeframe;
}
