import { z } from "@hono/zod-openapi";
import { signal as signalMessage } from "@tickfleet/contracts/pattern-messages";
import { judge } from "@tickfleet/patterns/judgement";
import type { JudgementBar, JudgementInputs, JudgementKey } from "@tickfleet/patterns/judgement-inputs";
import { trendDirectionOf, volumeSpikeOf } from "@tickfleet/patterns/pattern-judgement";
import type { JudgedSignal } from "@tickfleet/patterns/signal-judgement";
import { weighEvidence } from "@tickfleet/patterns/signal-level";

const number = z.number().nullable();
const fields = signalMessage.schema.omit({ stamps: true });

/** How a signal came about. */
export const explanationSchema = z
  .object({
    id: z.string(),
    signal: fields.describe("as it was sent"),
    same: z.boolean().describe("whether the recomputation from `inputs` gave the same bytes; of a withdrawn signal: whether it gave none"),
    recomputed: fields.omit({ revision: true, state: true }).nullable().describe("what `inputs` give; null: no signal"),
    conclusion: z.string().describe("for people"),
    factors: z.array(
      z.object({
        name: z.enum(["volume", "trend", "context", "history", "convergence"]),
        weight: z.number().describe("share of weightedConfidence before missing factors are left out, 0..1"),
        value: number.describe("0..1; null: unknown, and left out"),
        words: z.string(),
      }),
    ),
    candles: z.array(
      z.object({
        openTime: z.number().int(),
        closeTime: z.number().int(),
        open: number,
        high: number,
        low: number,
        close: number,
        volumeBase: z.number(),
        completeness: z.string(),
        enrichedRevision: z.number().int(),
        href: z.string().describe("the candle as it is now"),
      }),
    ),
    inputs: z.looseObject({}).describe("everything that the signal is a function of"),
  })
  .openapi("Explanation");
export type Explanation = z.infer<typeof explanationSchema>;

const WEIGHTS = { volume: 0.3, trend: 0.25, context: 0.2, history: 0.15, convergence: 0.1 } as const;

/** Recomputes a signal from its recorded inputs, and says in words what went into it. */
export function explainSignal(payload: Readonly<Record<string, unknown>>, recorded: unknown): Explanation {
  const { revision, state, ...said } = payload;
  const signal = said as unknown as JudgedSignal;
  const inputs = recorded as JudgementInputs;
  const recomputed = judge(inputs).signal;
  const isWithdrawn = state === "withdrawn";
  const same = isWithdrawn ? recomputed === null : JSON.stringify(recomputed) === JSON.stringify(said);
  const words = isWithdrawn ? withdrawnWords() : factorWords(signal, inputs);
  return {
    id: signal.id,
    signal: payload as Explanation["signal"],
    same,
    recomputed: recomputed as Explanation["recomputed"],
    conclusion: isWithdrawn ? `${signal.summary}; withdrawn: by the candles as they were revised there is no signal` : conclusionOf(signal),
    factors: Object.entries(WEIGHTS).map(([name, weight]) => {
      const factor = name as keyof typeof WEIGHTS;
      return { name: factor, weight, value: signal.factors[factor], words: words[factor] };
    }),
    candles: inputs.bars.map((bar) => candleOf(inputs.key, bar)),
    inputs: inputs as unknown as Explanation["inputs"],
  };
}

type FactorWords = Record<keyof typeof WEIGHTS, string>;

function factorWords(signal: JudgedSignal, { bars, surroundings, key }: JudgementInputs): FactorWords {
  const last = bars.at(-1) as JudgementBar;
  const { higher, live, sentiment } = surroundings;
  const spike = volumeSpikeOf(last);
  const opposes = last.vd * signal.direction < 0;
  const confirming = new Set(
    live
      .filter(({ timeframe, direction }) => timeframe !== key.timeframe && direction === signal.direction)
      .map(({ timeframe }) => timeframe),
  );
  return {
    volume:
      spike === null
        ? "unknown: fewer than 20 candles before this one"
        : `volume is ${spike} times the mean of the 20 candles before${opposes ? "; its delta points the other way, which halves it" : ""}`,
    trend: trendWords(signal, higher),
    context:
      sentiment === null
        ? "unknown: no item of sentiment in force, and the regime is not measured"
        : `sentiment of ${sentiment.asset} is ${sentiment.value} (${sentiment.provider}, valid from ${new Date(sentiment.validFrom).toISOString()})`,
    history: "unknown: outcomes of past signals are not recorded yet",
    convergence: confirming.size === 0 ? "no other timeframe confirms" : `confirmed on ${[...confirming].join(", ")}`,
  };
}

function trendWords({ factors, lead, direction }: JudgedSignal, higher: JudgementInputs["surroundings"]["higher"]): string {
  const trend = trendDirectionOf(higher);
  if (factors.trend === 0 && (trend === null || trend * direction >= 0)) return `the trend that ${lead} needs did not go before it`;
  if (higher === null || trend === null || higher.trendStrength === null) return "unknown: the next higher timeframe has no trend yet";
  const measured = `angle ${higher.trendAngle}°, strength ${higher.trendStrength}`;
  if (trend === 0) return `no trend on ${higher.timeframe} (${measured})`;
  return `${trend * direction > 0 ? "with" : "against"} the trend on ${higher.timeframe} (${measured})`;
}

/** The payload of a withdrawn signal is of inputs that are no longer recorded. */
function withdrawnWords(): FactorWords {
  const words = "of the signal before it was withdrawn";
  return { volume: words, trend: words, context: words, history: words, convergence: words };
}

function conclusionOf(signal: JudgedSignal): string {
  const evidence = signal.patterns.flatMap(({ direction, weightedConfidence, overridden }) =>
    overridden || weightedConfidence === null ? [] : [{ family: "candle" as const, direction, confidence: weightedConfidence }],
  );
  const { bull, bear, net } = weighEvidence(evidence);
  const reasons = signal.reasons.length === 0 ? "" : ` (${signal.reasons.join(", ")})`;
  return `${signal.summary}. Evidence ${bull} bullish, ${bear} bearish, net ${net}; times the grade of ${signal.lead}: score ${signal.score}, so ${signal.level.replace("_", " ")}${reasons}`;
}

function candleOf({ venue, instrument, timeframe, anchor, session }: JudgementKey, bar: JudgementBar): Explanation["candles"][number] {
  const { openTime, closeTime, open, high, low, close, volumeBase, completeness, enrichedRevision } = bar;
  const query = new URLSearchParams({ venue, instrument, timeframe, anchor, session, from: String(openTime), to: String(openTime + 1) });
  return { openTime, closeTime, open, high, low, close, volumeBase, completeness, enrichedRevision, href: `/api/v1/candles?${query}` };
}
