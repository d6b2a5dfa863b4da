import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import { candlesticks } from "../src/candlesticks.ts";
import type { JudgementBar, JudgementInputs, LivePattern, Surroundings } from "../src/judgement-inputs.ts";
import { SIGNAL_LEVELS } from "../src/signal-level.ts";
import { createCorpus } from "./candle-corpus.ts";

const START = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;

/** Inputs of a judgement on a candle of the corpus, with surroundings of every kind: a function of the numbers that `next` gives. */
export function judgementInputs(next: () => number, timeframe: Timeframe = "1m"): JudgementInputs {
  return {
    key: { venue: "test", instrument: "AAA-USD", timeframe, anchor: "UTC", session: "all", calendar: "crypto" },
    bars: judgementBars(next),
    surroundings: surroundingsOf(next, timeframe),
  };
}

function judgementBars(next: () => number): JudgementBar[] {
  const corpus = createCorpus(Math.floor(next() * 1e6), 8);
  const from = Math.floor(next() * Math.max(1, corpus.length - 30));
  const trend = next() * 40 - 20;
  let openTime = START;
  return corpus.slice(from, from + 25).map(([open, high, low, close]) => {
    if (next() < 0.02) openTime += Math.floor(next() * 40) * MINUTE;
    const isQuiet = next() < 0.02;
    const bar: JudgementBar = {
      openTime,
      closeTime: openTime + MINUTE,
      completeness: isQuiet ? "no-trades" : next() < 0.95 ? "full" : pick(next, ["backfilled", "partial"]),
      enrichedRevision: Math.floor(next() * 3),
      ...(isQuiet ? { open: null, high: null, low: null, close: null } : { open, high, low, close }),
      volumeBase: isQuiet ? 0 : next() * 10,
      volumeSma20: next() < 0.05 ? null : 1 + next() * 4,
      vd: next() * 4 - 2,
      atr14: next() * 20,
      trendAngle: isQuiet ? null : trend + next() * 4,
      trendStrength: isQuiet ? null : next(),
    };
    openTime += MINUTE;
    return bar;
  });
}

function surroundingsOf(next: () => number, own: Timeframe): Surroundings {
  const live = TIMEFRAMES.filter((timeframe) => timeframe !== own && next() < 0.4).map(
    (timeframe): LivePattern => ({
      timeframe,
      openTime: START,
      kind: pick(next, candlesticks).name,
      direction: pick(next, [-1, 0, 1] as const),
      weightedConfidence: next() < 0.2 ? null : next(),
    }),
  );
  const earlier = () => (next() < 0.5 ? null : { level: pick(next, SIGNAL_LEVELS), candlesAgo: 1 + Math.floor(next() * 5) });
  return {
    higher:
      next() < 0.2
        ? null
        : {
            timeframe: TIMEFRAMES[TIMEFRAMES.indexOf(own) + 1] ?? own,
            openTime: START,
            enrichedRevision: 0,
            trendAngle: next() * 60 - 30,
            trendStrength: next(),
          },
    live,
    sentiment: next() < 0.5 ? null : { provider: "fleet", asset: "AAA", validFrom: START, value: next() * 2 - 1 },
    futures: next() < 0.5 ? null : { venue: "test", instrument: "AAA-USD-PERP", validFrom: START, fundingApr: next() * 20 },
    earlier: { bullish: earlier(), bearish: earlier() },
  };
}

function pick<T>(next: () => number, values: readonly T[]): T {
  return values[Math.floor(next() * values.length)] as T;
}
