import { INDICATOR_NAMES, type IndicatorName } from "@tickfleet/contracts/enriched-messages";
import type { Candle } from "@tickfleet/market/candle";
import type { SeriesValues } from "./indicator-series.ts";
import { WINDOWED_NAMES } from "./indicator-set.ts";

/** An enriched candle as it is kept. */
export interface EnrichedRow extends SeriesValues {
  candle: Candle;
  /** Counts the messages of its key. */
  revision: number;
}

/** What a series of enriched candles is of. */
export type SeriesKey = Pick<Candle, "venue" | "instrument" | "timeframe" | "anchor" | "session">;

export function keyOf({ venue, instrument, timeframe, anchor, session }: SeriesKey): string {
  return [venue, instrument, timeframe, anchor, session].join("\0");
}

const WINDOWED_PLACES = INDICATOR_NAMES.map((name, place) => [name, place] as const).filter(([name]) => WINDOWED_NAMES.has(name));

/** Whether a value with a window is another one. */
export function windowsDiffer(a: SeriesValues, b: SeriesValues): boolean {
  return (
    WINDOWED_PLACES.some(([, place]) => a.values[place] !== b.values[place]) ||
    windowed(a.undefined).join() !== windowed(b.undefined).join()
  );
}

/** Whether anything that is served is another value. */
export function valuesDiffer(a: SeriesValues, b: SeriesValues): boolean {
  return a.values.some((value, place) => value !== b.values[place]) || a.undefined.join() !== b.undefined.join();
}

export function runningDiffers(a: SeriesValues, b: SeriesValues): boolean {
  return a.running.length !== b.running.length || a.running.some((number, i) => !Object.is(number, b.running[i]));
}

function windowed(names: readonly IndicatorName[]): IndicatorName[] {
  return names.filter((name) => WINDOWED_NAMES.has(name));
}
