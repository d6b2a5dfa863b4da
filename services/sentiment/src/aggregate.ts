import { roundDerived } from "@tickfleet/market/exact";
import type { NewsKind } from "@tickfleet/venues/news";

/** A document as the value of an asset takes it. */
export interface ScoredDocument {
  kind: NewsKind;
  /** -1..1 */
  score: number;
  /** Of the classifier, 0..1. */
  confidence: number;
  likes: number;
  shares: number;
  /** Epoch milliseconds. */
  publishedTime: number;
}

/** Part of one kind of source in a value. */
export interface SourcePart {
  name: NewsKind;
  /** Its share of all weights, 0..1. */
  weight: number;
  documents: number;
  /** -1..1 */
  value: number;
}

/** Value of an asset at a time. 12 significant digits. */
export interface SentimentValue {
  /** -1..1 */
  value: number;
  /** 0..1 */
  confidence: number;
  documents: number;
  /** Sorted by name. */
  sources: SourcePart[];
}

const HOUR_MS = 3_600_000;
/** Weight and half-life by kind of source. */
export const KINDS: Readonly<Record<NewsKind, { weight: number; halfLifeMs: number }>> = {
  news: { weight: 0.4, halfLifeMs: 6 * HOUR_MS },
  reddit: { weight: 0.2, halfLifeMs: 3 * HOUR_MS },
};
/** Older than so many half-lives a document is left out; it would weigh 1/256. */
export const HALF_LIVES = 8;
/** Documents below this confidence of the classifier are left out. */
export const MIN_CONFIDENCE = 0.3;
const MAX_ENGAGEMENT = 5;
const DOCUMENTS_SCALE = 20;

/**
 * The sentiment of one asset at a time: the mean of scores x with weights u = w c g 2^(-age/h), where g = 1 + ln(1 + likes +
 * shares), at most 5, and w and h are those of the kind of source. Kinds without a document fall out of the mean by
 * themselves. Confidence = (1 - e^(-n/20)) (1 - standard deviation of x over the documents) (sum of w of the kinds present),
 * n = (sum u)^2 / sum u^2.
 * @returns null where no document counts
 */
export function computeSentiment(documents: readonly ScoredDocument[], nowMs: number): SentimentValue | null {
  const weighed = documents
    .map((document) => ({ document, u: weightOf(document, nowMs) }))
    .filter(({ u }) => u > 0)
    .sort((a, b) => a.document.publishedTime - b.document.publishedTime || a.document.score - b.document.score || a.u - b.u);
  if (weighed.length === 0) return null;
  const total = weighed.reduce((sum, { u }) => sum + u, 0);
  const squares = weighed.reduce((sum, { u }) => sum + u * u, 0);
  const value = weighed.reduce((sum, { u, document }) => sum + u * document.score, 0) / total;
  const kinds = (Object.keys(KINDS) as NewsKind[]).filter((kind) => weighed.some(({ document }) => document.kind === kind)).sort();
  const sources = kinds.map((name): SourcePart => {
    const own = weighed.filter(({ document }) => document.kind === name);
    const weight = own.reduce((sum, { u }) => sum + u, 0);
    const mean = own.reduce((sum, { u, document }) => sum + u * document.score, 0) / weight;
    return { name, weight: roundDerived(weight / total), documents: own.length, value: roundDerived(clamp(mean, -1, 1)) };
  });
  const present = kinds.reduce((sum, kind) => sum + KINDS[kind].weight, 0);
  const effective = (total * total) / squares;
  const confidence =
    (1 - Math.exp(-effective / DOCUMENTS_SCALE)) * (1 - deviationOf(weighed.map(({ document }) => document.score))) * present;
  return {
    value: roundDerived(clamp(value, -1, 1)),
    confidence: roundDerived(clamp(confidence, 0, 1)),
    documents: weighed.length,
    sources,
  };
}

/** Weight of a document, 0 where it is left out. A document from after now counts as of now. */
function weightOf({ kind, confidence, likes, shares, publishedTime }: ScoredDocument, nowMs: number): number {
  const { weight, halfLifeMs } = KINDS[kind];
  const age = Math.max(0, nowMs - publishedTime);
  if (confidence < MIN_CONFIDENCE || age > HALF_LIVES * halfLifeMs) return 0;
  const engagement = Math.min(MAX_ENGAGEMENT, 1 + Math.log(1 + likes + shares));
  return weight * confidence * engagement * 2 ** (-age / halfLifeMs);
}

/** Standard deviation of a whole population. */
function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
