import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Timeframe } from "@tickfleet/market/timeframe";
import { expect, test } from "vitest";
import { CORPUS_EXAMPLES, createCorpus, createSequence, scan } from "../test/candle-corpus.ts";
import { judgementInputs } from "../test/judgement-script.ts";
import { ALGORITHMS } from "./algorithms.ts";
import { computeBoostedConfidence, countTimeframes } from "./boosted-confidence.ts";
import { candlesticks } from "./candlesticks.ts";
import { judge } from "./judgement.ts";
import { computeOutcomeHistory } from "./outcome-history.ts";
import { computeReliability } from "./reliability.ts";
import { decideEmission } from "./signal-debounce.ts";
import { computeSignalLevel, SIGNAL_FAMILIES, SIGNAL_LEVELS } from "./signal-level.ts";
import { natureOf, testTrend } from "./trend-test.ts";
import { combineConfidenceFactors, computeWeightedConfidence, type WeightedConfidenceInputs } from "./weighted-confidence.ts";

/** Hashes of a version: of its results on fixed inputs, and of its source without comments, imports and white space. */
interface VersionHashes {
  results: string;
  source: string;
}

/** Rows are added, never changed. */
const RECORDED = JSON.parse(read("../test/fixtures/version-hashes.json")) as Record<string, VersionHashes>;

/** Where the formulas of each algorithm stand. */
const SOURCES: Readonly<Record<keyof typeof ALGORITHMS, readonly string[]>> = {
  candlesticks: [
    "candle-shapes",
    "candle-terms",
    "single-candle-rules",
    "double-candle-rules",
    "triple-candle-rules",
    "long-candle-rules",
    "candlestick",
    "candlesticks",
    "candlestick-scanner",
  ],
  trendTest: ["trend-test", "candlestick"],
  outcomeHistory: ["outcome-history"],
  weightedConfidence: ["weighted-confidence", "score"],
  boostedConfidence: ["boosted-confidence", "score"],
  reliability: ["reliability", "score"],
  signalLevel: ["signal-level", "score"],
  signalDebounce: ["signal-debounce"],
  judgement: ["judgement", "judgement-inputs", "pattern-judgement", "signal-judgement"],
};

const CASES = 3_000;
const TIMEFRAMES: readonly Timeframe[] = ["1m", "3m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"];

/** Draws from a fixed sequence: round numbers are frequent, so limits are met exactly; some are null. */
function createDraws() {
  const next = createSequence(20_240_305);
  const between = (least: number, most: number): number => {
    const value = least + (most - least) * next();
    return next() < 0.5 ? Math.round(value * 20) / 20 : value;
  };
  const maybe = (least: number, most: number): number | null => (next() < 0.15 ? null : between(least, most));
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  return { between, maybe, pick };
}
type Draws = ReturnType<typeof createDraws>;

const weightedInputs = ({ maybe, pick }: Draws): WeightedConfidenceInputs => ({
  timeframe: pick(TIMEFRAMES),
  direction: pick([-1, 0, 1]),
  nature: pick(["reversal", "continuation", null]),
  volumeSpike: maybe(0, 4),
  vd: maybe(-1, 1),
  trendContext: pick([true, true, false, null]),
  higherDirection: pick([-1, 0, 1, null]),
  trendStrength: maybe(0, 1),
  regime: pick(["trend_up", "trend_down", "range", "volatile", "quiet", null]),
  marketBias: maybe(-1, 1),
  history: maybe(0, 1),
  confirmingTimeframes: pick([null, 0, 1, 2, 3, 4]),
});

const factorsOf = ({ maybe }: Draws) => ({
  volume: maybe(0, 1),
  trend: maybe(0, 1),
  context: maybe(0, 1),
  history: maybe(0, 1),
  convergence: maybe(0, 1),
});

const countOf = ({ between }: Draws, most: number) => {
  const outcomes = Math.round(between(0, most));
  return { outcomes, wins: Math.floor(between(0, outcomes)) };
};

/** One case of each algorithm but the candlesticks'. */
const CASE: Readonly<Record<Exclude<keyof typeof ALGORITHMS, "candlesticks">, (draws: Draws) => unknown>> = {
  trendTest: ({ maybe, pick }) => {
    const pattern = pick(candlesticks);
    const value = pick([-200, -100, -80, 80, 100, 200]);
    const thetas = Array.from({ length: 7 }, () => maybe(-6, 6));
    return [pattern.name, testTrend(pattern, value, thetas), natureOf(pattern, value)];
  },
  outcomeHistory: (draws) => {
    const buckets = [countOf(draws, 60), countOf(draws, 60)].slice(draws.pick([0, 1, 2]));
    return computeOutcomeHistory({ buckets, patternClass: countOf(draws, 200) });
  },
  weightedConfidence: (draws) => [
    computeWeightedConfidence(weightedInputs(draws)),
    combineConfidenceFactors(factorsOf(draws), draws.pick(TIMEFRAMES)),
  ],
  boostedConfidence: ({ maybe, pick }) => [
    computeBoostedConfidence({
      quality: maybe(0, 1),
      output: pick([null, 80, -80, 100, -100, 200, -200]),
      volumeSpike: maybe(0, 4),
      move: maybe(-1, 2),
      atr: maybe(0, 2),
      confirmingTimeframes: pick([0, 1, 2, 3, 4]),
    }),
    countTimeframes(TIMEFRAMES.filter(() => pick([true, false]))),
  ],
  reliability: (draws) => computeReliability(draws.maybe(0, 1), factorsOf(draws)),
  signalLevel: ({ between, maybe, pick }) =>
    computeSignalLevel({
      evidence: Array.from({ length: pick([0, 1, 2, 3, 4]) }, () => ({
        family: pick(SIGNAL_FAMILIES),
        direction: pick([-1, -1, 0, 1, 1] as const),
        confidence: between(0, 1),
      })),
      lead: {
        weightedConfidence: maybe(0, 1),
        boostedConfidence: maybe(0, 1),
        reliability: maybe(0, 1),
        tier: pick(["strong", "medium", "weak", null] as const),
      },
      completeness: pick(["full", "full", "backfilled", "partial", "no-trades", "venue-down"] as const),
      dataQuality: maybe(0.85, 1),
    }),
  signalDebounce: ({ pick }) => {
    const level = pick([...SIGNAL_LEVELS, null]);
    return decideEmission(level, pick([null, { level: pick(SIGNAL_LEVELS), candlesAgo: pick([1, 2, 3, 4]) }]));
  },
  judgement: ({ between, pick }) => {
    const seed = Math.floor(between(0, 1e6));
    return judge(judgementInputs(createSequence(seed), pick(TIMEFRAMES)));
  },
};

function resultsOf(key: keyof typeof ALGORITHMS): unknown {
  if (key === "candlesticks") return [...scan(createCorpus(3, 5_000))];
  const draws = createDraws();
  return Array.from({ length: CASES }, () => CASE[key](draws));
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

function sourceOf(key: keyof typeof ALGORITHMS): string {
  const texts = SOURCES[key].map((name) => read(`./${name}.ts`));
  return texts.map((text) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|^import [\s\S]*?;$|\s+/gm, "")).join("\n");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test.each(Object.keys(ALGORITHMS) as (keyof typeof ALGORITHMS)[])("%s is what was recorded for its version", (key) => {
  const algorithm = ALGORITHMS[key];
  const hashes: VersionHashes = { results: sha256(JSON.stringify(resultsOf(key))), source: sha256(sourceOf(key)) };
  const advice = `${algorithm} changed: raise its version in algorithms.ts and add to version-hashes.json "<name@version>": ${JSON.stringify(hashes)}`;
  expect(hashes, advice).toEqual(RECORDED[algorithm]);
});

test("the examples that the hashes are made of are the same ones", () => {
  const advice = "new examples go to the end of EXAMPLES, out of the order of names";
  expect(sha256(JSON.stringify(CORPUS_EXAMPLES)), advice).toBe("7b070c28f5221ba45f614bb5ad460309c904bdda6a11162edfe361d9cc3850fc");
});

test("a patch gives the results of the version before it", () => {
  const rows = Object.entries(RECORDED).map(([algorithm, { results }]) => {
    const match = /^([a-z-]+@\d+\.\d+)\.\d+$/.exec(algorithm);
    return { line: match?.[1] ?? `${algorithm} is no name@semver`, results };
  });
  for (const line of new Set(rows.map((row) => row.line))) {
    expect(new Set(rows.filter((row) => row.line === line).map(({ results }) => results)).size, line).toBe(1);
    expect(line).toMatch(/@/);
  }
});
