import { CALENDARS } from "@tickfleet/market/instrument";
import { z } from "zod";
import { candleSchema, keyFields } from "./candle-messages.ts";
import { defineMessage } from "./message.ts";

const integer = z.number().int();
const price = z.number().nullable().describe("quote currency");
const percent = z.number().nullable().describe("0..100");
const timeMs = integer.describe("epoch milliseconds");

/** Indicators of an enriched candle, by wire name. Each has 12 significant digits, and is null before its warm-up and without trades. */
export const indicatorsSchema = z.object({
  sma50: price,
  sma200: price,
  ema9: price,
  ema21: price,
  rsi14: percent,
  macd: price,
  macdSignal: price,
  macdHistogram: price,
  bbandsUpper: price,
  bbandsMiddle: price,
  bbandsLower: price,
  atr14: price,
  natr14: z.number().nullable().describe("percent"),
  vwapSession: price,
  obv: z.number().nullable().describe("base currency or contracts"),
  stochK: percent,
  stochD: percent,
  adx14: percent,
  linearregSlope20: z.number().nullable().describe("quote currency per candle"),
  volumeSma20: z.number().nullable().describe("base currency or contracts"),
  trendAngle: z.number().nullable().describe("degrees, -90..90"),
  trendStrength: z.number().nullable().describe("0..1"),
});

export type IndicatorName = keyof typeof indicatorsSchema.shape;

/** The indicators in the order of the wire. */
export const INDICATOR_NAMES = Object.keys(indicatorsSchema.shape) as readonly IndicatorName[];

export const enriched = defineMessage({
  name: "enriched",
  version: 1,
  template: "md.v1.enriched.{p}.{venue}.{instrument}.{timeframe}",
  stream: "ENRICHED",
  owner: "indicator",
  summary: "A closed or revised candle with its indicators. Take it only if (key, revision) is above what you hold.",
  // the session's vwap is one of the indicators
  schema: candleSchema.omit({ revision: true, algo: true, vwapSession: true }).extend({
    calendar: z.enum(CALENDARS),
    candleRevision: integer.min(0),
    candleAlgo: z.string().min(1),
    revision: integer.min(0),
    algo: z.array(z.string().min(1)),
    indicators: indicatorsSchema,
    undefined: z.array(z.enum(INDICATOR_NAMES)),
    stamps: z.record(z.string(), integer).describe("time at each hop, epoch microseconds"),
  }),
});

export const enrichedRecomputed = defineMessage({
  name: "enriched-recomputed",
  version: 1,
  template: "md.v1.enriched-recomputed.{p}.{venue}.{instrument}.{timeframe}",
  stream: "ENRICHED",
  owner: "indicator",
  summary: "Running values of the enriched candles in [from, to) were recomputed and their rows rewritten: read them again.",
  schema: z.object({
    ...keyFields,
    from: timeMs,
    to: timeMs.describe("epoch milliseconds, exclusive"),
    cause: z.enum(["candle-revised", "late-trade", "gap-fill", "history"]),
    inputSeq: integer.describe("sequence in CANDLES of the message that caused it"),
  }),
});
