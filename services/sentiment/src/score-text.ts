import { INTENSIFIERS, LEXICON, NEGATIONS, PHRASES } from "./lexicon.ts";

/** Algorithm version of scores and of the values made of them. */
export const ALGO = "sentiment@1.0.0";

/** How a text leans. */
export interface TextScore {
  /** -1 bearish .. 1 bullish; null where nothing in the text says, or it is in a language that the lexicon does not know. */
  score: number | null;
  /** 0..1; 0 where the score is null. */
  confidence: number;
}

/** What follows a negation leans the other way, and less. */
const NEGATED = -0.7;
const NEGATION_REACH = 3;
/** Evidence at which a one-sided text is worth half. */
const HALF_EVIDENCE = 2;
/** Lexicon words at which a one-sided text has a confidence of 63 %. */
const WORDS_SCALE = 1.5;
const LANGUAGE = "en";

/**
 * Scores a text by a lexicon of market words with negation (three words back) and intensifiers (one word back). With S the
 * sum and A the sum of magnitudes of the n words found: score = S / (A + 2), confidence = (1 - e^(-n / 1.5)) (1 + |S| / A) / 2.
 * @param language ISO 639-1, null where it is not known: then the lexicon decides
 */
export function scoreText(text: string, language: string | null = null): TextScore {
  if (language !== null && language !== LANGUAGE) return { score: null, confidence: 0 };
  const words = wordsOf(text);
  let sum = 0;
  let magnitude = 0;
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    const lean = LEXICON.get(words[i] as string);
    if (lean === undefined) continue;
    const value = lean * (INTENSIFIERS.get(words[i - 1] ?? "") ?? 1) * (isNegated(words, i) ? NEGATED : 1);
    sum += value;
    magnitude += Math.abs(value);
    count += 1;
  }
  if (count === 0) return { score: null, confidence: 0 };
  const agreement = Math.abs(sum) / magnitude;
  return { score: sum / (magnitude + HALF_EVIDENCE), confidence: ((1 - Math.exp(-count / WORDS_SCALE)) * (1 + agreement)) / 2 };
}

function isNegated(words: readonly string[], at: number): boolean {
  for (let i = Math.max(0, at - NEGATION_REACH); i < at; i++) {
    // the end of a sentence is a word of its own, which no negation crosses
    if (NEGATIONS.has(words[i] as string) && !words.slice(i + 1, at).includes(".")) return true;
  }
  return false;
}

function wordsOf(text: string): string[] {
  let plain = text
    .toLowerCase()
    .replace(/https?:\/\/\S+/g, " ")
    .replaceAll("’", "'");
  for (const [phrase, word] of PHRASES) plain = plain.replace(phrase, word);
  return plain.match(/[a-z]+(?:'[a-z]+)?|[.!?;]/g)?.map((word) => (/[.!?;]/.test(word) ? "." : word)) ?? [];
}
