import { calendarOf } from "@tickfleet/market/calendar";
import { nextInterval } from "@tickfleet/market/interval";
import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import { detectPatterns, judge } from "@tickfleet/patterns/judgement";
import { type HigherCandle, JUDGEMENT_BARS, type LivePattern, type Surroundings } from "@tickfleet/patterns/judgement-inputs";
import { liveConfidenceOf } from "@tickfleet/patterns/pattern-judgement";
import type { EarlierSignal } from "@tickfleet/patterns/signal-debounce";
import type { ContextLog } from "@tickfleet/runtime/context-log";
import type { Bar, BarSeries } from "./bar-series.ts";
import type { InstrumentState } from "./instrument-state.ts";

/** What stands around a bar at its close, out of the state and the context. Highest timeframe first: lower ones see what was judged above them. */
export function readSurroundings(state: InstrumentState, series: BarSeries, at: number, context: Pick<ContextLog, "at">): Surroundings {
  const { closeTime } = (series.bars[at] as Bar).candle;
  const { venue, instrument } = state.key;
  const { sentiment, futures } = context.at(venue, instrument, closeTime);
  return {
    higher: readHigher(state, series.key.timeframe, closeTime),
    live: TIMEFRAMES.flatMap((timeframe) => (timeframe === series.key.timeframe ? [] : listLive(state.series(timeframe), closeTime))),
    sentiment:
      sentiment === null
        ? null
        : { provider: sentiment.provider, asset: sentiment.asset, validFrom: sentiment.validFrom, value: sentiment.value },
    futures:
      futures === null
        ? null
        : { venue: futures.venue, instrument: futures.instrument, validFrom: futures.validFrom, fundingApr: futures.fundingApr },
    earlier: { bullish: findEarlier(series, at, "buy"), bearish: findEarlier(series, at, "sell") },
  };
}

function readHigher(state: InstrumentState, timeframe: Timeframe, timeMs: number): HigherCandle | null {
  const next = TIMEFRAMES[TIMEFRAMES.indexOf(timeframe) + 1];
  if (next === undefined) return null;
  const series = state.series(next);
  const candle = series.bars[series.lastClosedBy(timeMs)]?.candle;
  if (candle === undefined) return null;
  const { openTime, enrichedRevision, trendAngle, trendStrength } = candle;
  return { timeframe: next, openTime, enrichedRevision, trendAngle, trendStrength };
}

/** The patterns of a timeframe that are live at a time: those on its last closed candle, while the one after it is open. */
function listLive(series: BarSeries, timeMs: number): readonly LivePattern[] {
  const at = series.lastClosedBy(timeMs);
  const bar = series.bars[at];
  if (bar === undefined) return [];
  const { key } = series;
  if (nextInterval(calendarOf(key.calendar), key.session, key.timeframe, bar.candle.closeTime).close <= timeMs) return [];
  bar.live ??= readLive(series, at, bar);
  return bar.live;
}

/** A suppressed pattern is live for nobody. Of a bar that is judged later in the same step the grades are not known yet. */
function readLive(series: BarSeries, at: number, bar: Bar): LivePattern[] {
  const { key } = series;
  const { timeframe } = key;
  const { openTime } = bar.candle;
  const bars = series.windowAt(at);
  if (bar.surroundings === null) {
    const found = detectPatterns(key, bars).filter(({ direction }) => direction !== 0);
    return found.map(({ kind, direction }) => ({ timeframe, openTime, kind, direction, weightedConfidence: null }));
  }
  const { patterns } = judge({ key, bars, surroundings: bar.surroundings });
  return patterns
    .filter(({ direction, overriddenBy }) => direction !== 0 && overriddenBy === null)
    .map((pattern) => {
      const { kind, direction } = pattern;
      return { timeframe, openTime, kind, direction, weightedConfidence: liveConfidenceOf(pattern) };
    });
}

/** The last signal of a direction among the bars that a judgement looks at. */
function findEarlier(series: BarSeries, at: number, side: "buy" | "sell"): EarlierSignal | null {
  for (let candlesAgo = 1; candlesAgo < JUDGEMENT_BARS && at - candlesAgo >= 0; candlesAgo++) {
    const level = (series.bars[at - candlesAgo] as Bar).signal;
    if (level?.endsWith(side)) return { level, candlesAgo };
  }
  return null;
}
