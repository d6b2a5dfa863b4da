import type { Completeness } from "@tickfleet/market/candle";
import { roundDerived } from "@tickfleet/market/exact";
import { ALGORITHMS } from "./algorithms.ts";
import type { ConfidenceTier } from "./boosted-confidence.ts";
import { weightedMean } from "./score.ts";
import type { Direction } from "./weighted-confidence.ts";

/** Kinds of evidence that count as independent of each other. */
export const SIGNAL_FAMILIES = ["candle", "chart", "volume", "order_flow", "structure", "context"] as const;
export type SignalFamily = (typeof SIGNAL_FAMILIES)[number];

/** The seven levels, from most bearish to most bullish. */
export const SIGNAL_LEVELS = ["strong_sell", "sell", "weak_sell", "neutral", "weak_buy", "buy", "strong_buy"] as const;
export type SignalLevel = (typeof SIGNAL_LEVELS)[number];

/** One piece of evidence. */
export interface SignalEvidence {
  readonly family: SignalFamily;
  readonly direction: Direction;
  /** `weighted_confidence` of it, 0..1. */
  readonly confidence: number;
}

/** Evidence of all families weighed against each other. */
export interface NetEvidence {
  /** Greatest confidence of each family and direction; families without evidence are left out. */
  readonly families: Readonly<Partial<Record<SignalFamily, { readonly bull: number; readonly bear: number }>>>;
  /** P of each direction, 0..1, and their difference, -1..1. */
  readonly bull: number;
  readonly bear: number;
  readonly net: number;
  /** Both directions are likely: no side is taken. */
  readonly conflict: boolean;
}

/** The three grades of the lead pattern, each 0..1 or null, and its tier. */
export interface LeadGrades {
  readonly weightedConfidence: number | null;
  readonly boostedConfidence: number | null;
  readonly reliability: number | null;
  readonly tier: ConfidenceTier | null;
}

/** Why a level is not what the score alone would say. */
export type LevelReason = "venue-down" | "no-grade" | "conflict" | "not-strong-tier" | "incomplete" | "low-quality";

export interface SignalLevelInputs {
  readonly evidence: readonly SignalEvidence[];
  readonly lead: LeadGrades;
  readonly completeness: Completeness;
  /** `data_quality`, 0..1; unknown does not pass for good. */
  readonly dataQuality: number | null;
}

/** A level with all that led to it. */
export interface SignalLevelResult {
  readonly algo: typeof ALGORITHMS.signalLevel;
  /** Null where there is no signal at all: the venue was down, or the lead pattern has no grade. */
  readonly level: SignalLevel | null;
  /** Level before the data was looked at. */
  readonly undowngraded: SignalLevel | null;
  /** s = net × grade, -1..1. */
  readonly score: number | null;
  /** 0.5·A + 0.3·B + 0.2·C over the grades known, and the sum of their weights. */
  readonly grade: number | null;
  readonly coverage: number;
  readonly evidence: NetEvidence;
  readonly reasons: readonly LevelReason[];
}

/** Most that one family's confidence adds to the likelihood of its direction. */
const FAMILY_SHARE = 0.7;
const CONFLICT = 0.4;
const LEAST_QUALITY = 0.9;
const STRONG = 0.6;
const PLAIN = 0.4;
const WEAK = 0.2;

/** P = 1 - Π(1 - 0.7·c) per direction over the families (metrics book 8); evidence without direction counts for nothing. */
export function weighEvidence(evidence: readonly SignalEvidence[]): NetEvidence {
  const families: Partial<Record<SignalFamily, { bull: number; bear: number }>> = {};
  let noBull = 1;
  let noBear = 1;
  for (const family of SIGNAL_FAMILIES) {
    const bull = greatest(evidence, family, 1);
    const bear = greatest(evidence, family, -1);
    if (bull === 0 && bear === 0) continue;
    families[family] = { bull, bear };
    noBull *= 1 - FAMILY_SHARE * bull;
    noBear *= 1 - FAMILY_SHARE * bear;
  }
  const bull = roundDerived(1 - noBull);
  const bear = roundDerived(1 - noBear);
  return { families, bull, bear, net: roundDerived(bull - bear), conflict: Math.min(bull, bear) >= CONFLICT };
}

/** The level of a signal (metrics book 8, "7 levels"). */
export function computeSignalLevel({ evidence, lead, completeness, dataQuality }: SignalLevelInputs): SignalLevelResult {
  const weighed = weighEvidence(evidence);
  const { value: grade, coverage } = weightedMean([
    { weight: 0.5, value: lead.weightedConfidence },
    { weight: 0.3, value: lead.boostedConfidence },
    { weight: 0.2, value: lead.reliability },
  ]);
  const score = grade === null ? null : roundDerived(weighed.net * grade);
  const result = { algo: ALGORITHMS.signalLevel, score, grade, coverage, evidence: weighed } as const;
  const none = (reason: LevelReason): SignalLevelResult => ({ ...result, level: null, undowngraded: null, reasons: [reason] });
  if (completeness === "venue-down") return none("venue-down");
  if (score === null) return none("no-grade");

  const reasons: LevelReason[] = [];
  if (weighed.conflict) reasons.push("conflict");
  const steps = weighed.conflict ? 0 : stepsOf(Math.abs(score), lead.tier, reasons);
  if (completeness !== "full" && completeness !== "backfilled") reasons.push("incomplete");
  if (dataQuality === null || roundDerived(dataQuality) < LEAST_QUALITY) reasons.push("low-quality");
  const isDowngraded = reasons.includes("incomplete") || reasons.includes("low-quality");
  const lowered = Math.max(0, steps - (isDowngraded ? 1 : 0));
  return { ...result, level: levelAt(lowered, score), undowngraded: levelAt(steps, score), reasons };
}

function greatest(evidence: readonly SignalEvidence[], family: SignalFamily, direction: Direction): number {
  let most = 0;
  for (const item of evidence) if (item.family === family && item.direction === direction) most = Math.max(most, item.confidence);
  return most;
}

/** Steps away from neutral, 0..3. */
function stepsOf(size: number, tier: ConfidenceTier | null, reasons: LevelReason[]): number {
  if (size >= STRONG) {
    if (tier === "strong") return 3;
    reasons.push("not-strong-tier");
    return 2;
  }
  if (size >= PLAIN) return 2;
  return size >= WEAK ? 1 : 0;
}

function levelAt(steps: number, score: number): SignalLevel {
  return SIGNAL_LEVELS[3 + (score < 0 ? -steps : steps)] as SignalLevel;
}
