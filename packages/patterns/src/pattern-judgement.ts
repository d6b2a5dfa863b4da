import type { Completeness, SessionName } from "@tickfleet/market/candle";
import { roundDerived } from "@tickfleet/market/exact";
import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import { ALGORITHMS } from "./algorithms.ts";
import { type ConfidenceTier, computeBoostedConfidence } from "./boosted-confidence.ts";
import { type Candlestick, type CandlestickName, directionOf } from "./candlestick.ts";
import type { CandlestickMatch } from "./candlestick-scanner.ts";
import { findCandlestick } from "./candlesticks.ts";
import type { HigherCandle, JudgementBar, JudgementInputs, JudgementKey, LivePattern } from "./judgement-inputs.ts";
import { computeReliability } from "./reliability.ts";
import { LEAST_TREND_DEGREES, natureOf, testTrend } from "./trend-test.ts";
import { type ConfidenceBand, type ConfidenceFactors, computeWeightedConfidence, type Direction } from "./weighted-confidence.ts";

/** The candle that a judgement is of, in the words of the wire. */
export interface JudgedCandle {
  readonly venue: string;
  readonly instrument: string;
  readonly timeframe: Timeframe;
  readonly anchor: string;
  readonly session: SessionName;
  readonly openTime: number;
  readonly closeTime: number;
  readonly completeness: Completeness;
  readonly enrichedRevision: number;
}

/** The three grades of metrics book 8. */
export interface Grades {
  readonly weightedConfidence: number | null;
  readonly band: ConfidenceBand | null;
  readonly coverage: number;
  readonly boostedConfidence: number | null;
  readonly tier: ConfidenceTier | null;
  readonly reliability: number | null;
}

/** A pattern on the judged candle. */
export interface JudgedPattern extends JudgedCandle, Grades {
  readonly kind: CandlestickName;
  readonly family: "candle";
  /** TA-Lib's value, -200..200, not 0. */
  readonly value: number;
  readonly direction: Direction;
  readonly candles: number;
  /** Whether the trend that it needs went before it; null where that is unknown. */
  readonly context: boolean | null;
  /** Other timeframes with a live pattern of the same direction. */
  readonly confirmingTimeframes: number;
  readonly overriddenBy: { readonly kind: string; readonly timeframe: Timeframe; readonly openTime: number } | null;
  readonly algo: readonly string[];
}

/** A pattern with what its grades were made of. */
export interface GradedPattern {
  readonly pattern: JudgedPattern;
  readonly factors: ConfidenceFactors;
}

/** Least `weightedConfidence` with which a higher timeframe's pattern suppresses an opposing one. */
const LEAST_OVERRIDING = 0.6;
const PATTERN_ALGORITHMS: readonly string[] = [
  ALGORITHMS.candlesticks,
  ALGORITHMS.trendTest,
  ALGORITHMS.weightedConfidence,
  ALGORITHMS.boostedConfidence,
  ALGORITHMS.reliability,
  ALGORITHMS.judgement,
];

/** Grades a match on the last candle of a window; nothing else of the inputs' candles is read. */
export function gradePattern(
  { key, surroundings }: JudgementInputs,
  bars: readonly JudgementBar[],
  match: CandlestickMatch,
): GradedPattern {
  const bar = bars.at(-1) as JudgementBar;
  const { name, value } = match;
  const candlestick = findCandlestick(name) as Candlestick;
  const direction = directionOf(candlestick, value);
  const priced = bars.filter(({ close }) => close !== null);
  const { context } = testTrend(
    candlestick,
    value,
    priced.map(({ trendAngle }) => trendAngle),
  );
  const confirming = confirmingTimeframes(key.timeframe, direction, surroundings.live);
  const volumeSpike = volumeSpikeOf(bar);
  const weighted = computeWeightedConfidence({
    timeframe: key.timeframe,
    direction,
    nature: natureOf(candlestick, value),
    volumeSpike,
    vd: bar.vd,
    trendContext: context,
    higherDirection: trendDirectionOf(surroundings.higher),
    trendStrength: surroundings.higher?.trendStrength ?? null,
    regime: null,
    marketBias: surroundings.sentiment?.value ?? null,
    history: null,
    confirmingTimeframes: direction === 0 ? null : confirming,
  });
  const move = bar.open === null || bar.close === null ? null : (bar.close - bar.open) * direction;
  // how well a candlestick's shape fits is not measured: quality and what rests on it are unknown
  const boosted = computeBoostedConfidence({
    quality: null,
    output: value,
    volumeSpike,
    move,
    atr: bar.atr14,
    confirmingTimeframes: confirming,
  });
  const pattern: JudgedPattern = {
    ...judgedCandle(key, bar),
    kind: name,
    family: "candle",
    value,
    direction,
    candles: candlestick.candles,
    context,
    weightedConfidence: weighted.value,
    band: weighted.band,
    coverage: weighted.coverage,
    boostedConfidence: boosted.value,
    tier: boosted.tier,
    reliability: computeReliability(null, weighted.factors).value,
    confirmingTimeframes: confirming,
    overriddenBy: findOverriding(key.timeframe, direction, surroundings.live),
    algo: PATTERN_ALGORITHMS,
  };
  return { pattern, factors: weighted.factors };
}

export function judgedCandle(key: JudgementKey, bar: JudgementBar): JudgedCandle {
  const { venue, instrument, timeframe, anchor, session } = key;
  const { openTime, closeTime, completeness, enrichedRevision } = bar;
  return { venue, instrument, timeframe, anchor, session, openTime, closeTime, completeness, enrichedRevision };
}

/** What a grade stands on, of 1: below it nothing is signalled or suppressed on its strength, as in the first candles of a series. */
export const LEAST_COVERAGE = 0.4;

/** `weightedConfidence` as other timeframes see it: null where too little is known for it to count. */
export function liveConfidenceOf({ weightedConfidence, coverage }: JudgedPattern): number | null {
  return coverage < LEAST_COVERAGE ? null : weightedConfidence;
}

/** Volume over its mean, from 0; null where there is no mean or it is 0. */
export function volumeSpikeOf({ volumeBase, volumeSma20 }: JudgementBar): number | null {
  return volumeSma20 === null || volumeSma20 === 0 ? null : roundDerived(volumeBase / volumeSma20);
}

/** Direction of a higher timeframe's trend; 0 where it is flat. */
export function trendDirectionOf(higher: HigherCandle | null): Direction | null {
  if (higher === null || higher.trendAngle === null) return null;
  if (Math.abs(higher.trendAngle) < LEAST_TREND_DEGREES) return 0;
  return higher.trendAngle > 0 ? 1 : -1;
}

function confirmingTimeframes(own: Timeframe, direction: Direction, live: readonly LivePattern[]): number {
  if (direction === 0) return 0;
  return new Set(live.filter((other) => other.timeframe !== own && other.direction === direction).map(({ timeframe }) => timeframe)).size;
}

/** The strongest live pattern of a higher timeframe that points the other way; among equals that of the highest timeframe. */
function findOverriding(own: Timeframe, direction: Direction, live: readonly LivePattern[]): JudgedPattern["overriddenBy"] {
  let found: LivePattern | null = null;
  for (const other of live) {
    const { weightedConfidence: confidence } = other;
    if (direction === 0 || other.direction !== -direction || confidence === null || confidence < LEAST_OVERRIDING) continue;
    if (rankOf(other.timeframe) <= rankOf(own)) continue;
    const most: number = found?.weightedConfidence ?? 0;
    const isStronger = found === null || confidence > most || (confidence === most && rankOf(other.timeframe) > rankOf(found.timeframe));
    if (isStronger) found = other;
  }
  return found === null ? null : { kind: found.kind, timeframe: found.timeframe, openTime: found.openTime };
}

function rankOf(timeframe: Timeframe): number {
  return TIMEFRAMES.indexOf(timeframe);
}
