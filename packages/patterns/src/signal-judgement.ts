import { calendarOf } from "@tickfleet/market/calendar";
import { roundDerived } from "@tickfleet/market/exact";
import { nextInterval } from "@tickfleet/market/interval";
import { ALGORITHMS } from "./algorithms.ts";
import type { FuturesInForce, JudgementBar, JudgementInputs, JudgementKey, SentimentInForce, Surroundings } from "./judgement-inputs.ts";
import {
  type GradedPattern,
  type Grades,
  type JudgedCandle,
  judgedCandle,
  LEAST_COVERAGE,
  trendDirectionOf,
  volumeSpikeOf,
} from "./pattern-judgement.ts";
import { decideEmission } from "./signal-debounce.ts";
import { computeSignalLevel, type LevelReason, type SignalEvidence, type SignalLevel, weighEvidence } from "./signal-level.ts";
import type { ConfidenceFactors, Direction } from "./weighted-confidence.ts";

/** A signal on the judged candle. */
export interface JudgedSignal extends JudgedCandle, Grades {
  /** venue:instrument:timeframe:anchor:session:openTime. */
  readonly id: string;
  readonly level: Exclude<SignalLevel, "neutral">;
  readonly direction: Direction;
  /** Net evidence times the grade of the lead pattern, -1..1. */
  readonly score: number;
  /** The pattern of that direction that weighs most; the grades and factors are its own. */
  readonly lead: string;
  readonly dataQuality: number;
  /** Close of the candle, quote currency. */
  readonly price: number | null;
  /** Epoch milliseconds: the close of the tenth candle from here. */
  readonly validUntil: number;
  readonly patterns: readonly {
    readonly kind: string;
    readonly value: number;
    readonly direction: Direction;
    readonly weightedConfidence: number | null;
    readonly overridden: boolean;
  }[];
  readonly factors: ConfidenceFactors;
  readonly reasons: readonly LevelReason[];
  readonly sentiment: SentimentInForce | null;
  readonly futures: FuturesInForce | null;
  readonly summary: string;
  readonly algo: readonly string[];
}

const QUALITY_BARS = 20;
const SIGNAL_ALGORITHMS: readonly string[] = [
  ALGORITHMS.candlesticks,
  ALGORITHMS.trendTest,
  ALGORITHMS.weightedConfidence,
  ALGORITHMS.boostedConfidence,
  ALGORITHMS.reliability,
  ALGORITHMS.signalLevel,
  ALGORITHMS.signalDebounce,
  ALGORITHMS.judgement,
];

/** The signal that a candle's patterns amount to; null where there is none, too little is known, or an earlier one still stands. */
export function judgeSignal(
  { key, surroundings }: JudgementInputs,
  bars: readonly JudgementBar[],
  graded: readonly GradedPattern[],
): JudgedSignal | null {
  const bar = bars.at(-1) as JudgementBar;
  const evidence = evidenceOf(graded);
  const { net } = weighEvidence(evidence);
  const lead = net === 0 ? null : findLead(graded, net > 0 ? 1 : -1);
  if (lead === null || lead.pattern.coverage < LEAST_COVERAGE) return null;
  const { direction, weightedConfidence, band, coverage, boostedConfidence, tier, reliability } = lead.pattern;
  const dataQuality = dataQualityOf(bars);
  const { level, score, reasons } = computeSignalLevel({
    evidence,
    lead: { weightedConfidence, boostedConfidence, reliability, tier },
    completeness: bar.completeness,
    dataQuality,
  });
  if (level === null || level === "neutral" || score === null) return null;
  const { earlier } = surroundings;
  const { emit, ttlCandles } = decideEmission(level, direction === 1 ? earlier.bullish : earlier.bearish);
  if (!emit) return null;
  const { venue, instrument, timeframe, anchor, session } = key;
  return {
    id: [venue, instrument, timeframe, anchor, session, bar.openTime].join(":"),
    ...judgedCandle(key, bar),
    level,
    direction,
    score,
    lead: lead.pattern.kind,
    weightedConfidence,
    band,
    coverage,
    boostedConfidence,
    tier,
    reliability,
    dataQuality,
    price: bar.close,
    validUntil: closeAfter(key, bar.closeTime, ttlCandles),
    patterns: graded
      .filter(({ pattern }) => pattern.direction !== 0)
      .map(({ pattern }) => ({
        kind: pattern.kind,
        value: pattern.value,
        direction: pattern.direction,
        weightedConfidence: pattern.weightedConfidence,
        overridden: pattern.overriddenBy !== null,
      })),
    factors: lead.factors,
    reasons,
    sentiment: surroundings.sentiment,
    futures: surroundings.futures,
    summary: summaryOf(key, bar, level, lead, surroundings),
    algo: SIGNAL_ALGORITHMS,
  };
}

/** The patterns that count; one that a higher timeframe suppresses is no evidence. */
function evidenceOf(graded: readonly GradedPattern[]): SignalEvidence[] {
  return graded.flatMap(({ pattern }) => {
    const { direction, weightedConfidence, overriddenBy } = pattern;
    if (direction === 0 || weightedConfidence === null || overriddenBy !== null) return [];
    return [{ family: "candle" as const, direction, confidence: weightedConfidence }];
  });
}

/** Of the patterns of a direction that count the one with the greatest `weightedConfidence`, the first among equals. */
function findLead(graded: readonly GradedPattern[], direction: Direction): GradedPattern | null {
  let lead: GradedPattern | null = null;
  for (const candidate of graded) {
    const { pattern } = candidate;
    if (pattern.direction !== direction || pattern.overriddenBy !== null || pattern.weightedConfidence === null) continue;
    if (lead === null || pattern.weightedConfidence > (lead.pattern.weightedConfidence ?? 0)) lead = candidate;
  }
  return lead;
}

/**
 * Share of the last 20 candles that are full or backfilled: the part of `data_quality` (metrics book 9) that is measured here. The
 * unmeasured parts are left out and the exponents rescaled, so it is the whole value.
 */
function dataQualityOf(bars: readonly JudgementBar[]): number {
  const last = bars.slice(-QUALITY_BARS);
  const whole = last.filter(({ completeness }) => completeness === "full" || completeness === "backfilled");
  return roundDerived(whole.length / last.length);
}

/** Close of the n-th candle after one. */
function closeAfter({ calendar, session, timeframe }: JudgementKey, closeTime: number, candles: number): number {
  let close = closeTime;
  for (let i = 0; i < candles; i++) close = nextInterval(calendarOf(calendar), session, timeframe, close).close;
  return close;
}

function summaryOf(
  { instrument, timeframe }: JudgementKey,
  bar: JudgementBar,
  level: SignalLevel,
  { pattern }: GradedPattern,
  { higher, sentiment }: Surroundings,
): string {
  const side = pattern.direction === 1 ? "bullish" : "bearish";
  const words = [`${level.replace("_", " ")} ${instrument} ${timeframe} at ${bar.close}: ${side} ${pattern.kind}`];
  const trend = trendDirectionOf(higher);
  if (higher !== null && trend !== null) words.push(trendWords(trend * pattern.direction, higher.timeframe));
  const spike = volumeSpikeOf(bar);
  if (spike !== null) words.push(`volume ${Math.round(spike * 10) / 10} times its mean`);
  if (pattern.confirmingTimeframes > 0) words.push(`confirmed on ${pattern.confirmingTimeframes} other timeframes`);
  if (sentiment !== null) words.push(`sentiment ${Math.round(sentiment.value * 100) / 100}`);
  return words.join(", ");
}

function trendWords(agreement: number, timeframe: string): string {
  if (agreement === 0) return `no trend on ${timeframe}`;
  return `${agreement > 0 ? "with" : "against"} the trend on ${timeframe}`;
}
