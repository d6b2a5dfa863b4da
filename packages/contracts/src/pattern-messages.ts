import { z } from "zod";
import { candleSchema, keyFields } from "./candle-messages.ts";
import { defineMessage } from "./message.ts";
import { nameText } from "./text-schemas.ts";

const integer = z.number().int();
const timeMs = integer.describe("epoch milliseconds");
const grade = z.number().min(0).max(1).nullable().describe("0..1");
const direction = z.union([z.literal(-1), z.literal(0), z.literal(1)]).describe("-1 bearish, 0 none, 1 bullish");
const stamps = z.record(z.string(), integer).describe("time at each hop, epoch microseconds");

/** The candle that was judged. */
const judged = {
  ...keyFields,
  openTime: timeMs,
  closeTime: timeMs.describe("epoch milliseconds, exclusive"),
  completeness: candleSchema.shape.completeness,
  revision: integer.min(0),
  enrichedRevision: integer.min(0).describe("of the enriched candle that it was judged on"),
};

const BANDS = ["extreme", "high", "medium", "low", "very_low"] as const;
const TIERS = ["strong", "medium", "weak"] as const;

/** The three grades of metrics book 8. */
const grades = {
  weightedConfidence: grade,
  band: z.enum(BANDS).nullable(),
  coverage: z.number().min(0).max(1).describe("0..1"),
  boostedConfidence: grade,
  tier: z.enum(TIERS).nullable(),
  reliability: grade,
};

export const pattern = defineMessage({
  name: "pattern",
  version: 1,
  template: "md.v1.pattern.{p}.{venue}.{instrument}.{timeframe}",
  stream: "PATTERNS",
  owner: "pattern-detector",
  summary: "A pattern on a closed candle, and how much it is worth. Take it only if (key, kind, revision) is above what you hold.",
  schema: z.object({
    ...judged,
    kind: nameText.describe("TA-Lib's name of a candlestick"),
    family: z.enum(["candle", "chart", "volume"]),
    state: z.enum(["complete", "withdrawn"]).describe("withdrawn: a revised candle took it back"),
    value: integer.describe("TA-Lib's value, -200..200"),
    direction,
    candles: integer.min(1),
    context: z.boolean().nullable(),
    ...grades,
    confirmingTimeframes: integer.min(0),
    overriddenBy: z.object({ kind: nameText, timeframe: keyFields.timeframe, openTime: timeMs }).nullable(),
    algo: z.array(nameText),
    stamps,
  }),
});

export const SIGNAL_LEVEL_NAMES = ["strong_sell", "sell", "weak_sell", "neutral", "weak_buy", "buy", "strong_buy"] as const;

export const signal = defineMessage({
  name: "signal",
  version: 1,
  template: "md.v1.signal.{p}.{venue}.{instrument}.{timeframe}",
  stream: "SIGNALS",
  owner: "pattern-detector",
  summary: "A trading signal with what led to it. Take it only if (id, revision) is above what you hold.",
  schema: z.object({
    id: nameText.describe("venue:instrument:timeframe:anchor:session:openTime"),
    ...judged,
    state: z.enum(["active", "withdrawn"]).describe("withdrawn: a revised candle took it back"),
    level: z.enum(SIGNAL_LEVEL_NAMES),
    direction,
    score: z.number().min(-1).max(1).describe("-1..1"),
    lead: nameText.describe("kind of the pattern that weighs most"),
    ...grades,
    dataQuality: grade,
    price: z.number().nullable().describe("quote currency"),
    validUntil: timeMs,
    patterns: z.array(
      z.object({
        kind: nameText.describe("TA-Lib's name"),
        value: integer.describe("TA-Lib's value, -200..200"),
        direction,
        weightedConfidence: grade,
        overridden: z.boolean().describe("a live pattern of a higher timeframe suppresses it"),
      }),
    ),
    factors: z.object({ volume: grade, trend: grade, context: grade, history: grade, convergence: grade }),
    reasons: z.array(nameText),
    sentiment: z.object({ provider: nameText, asset: nameText, validFrom: timeMs, value: z.number().describe("-1..1") }).nullable(),
    futures: z.object({ venue: nameText, instrument: nameText, validFrom: timeMs, fundingApr: z.number().nullable() }).nullable(),
    summary: nameText.describe("the same in one sentence"),
    algo: z.array(nameText),
    stamps,
  }),
});
