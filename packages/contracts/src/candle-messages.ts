import { CALENDARS } from "@tickfleet/market/instrument";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { z } from "zod";
import { defineMessage } from "./message.ts";
import { nameText } from "./text-schemas.ts";

const integer = z.number().int();
const timeMs = integer.describe("epoch milliseconds");
const price = z.number().nullable().describe("quote currency");
const size = z.number().describe("base currency or contracts");
const sizeOrNull = size.nullable();
const ratio = z.number().nullable();
/** A column that messages of before December 2026 lack: a reader takes it for null. */
const added = z.number().nullable().optional();

/** Open, high and low of a metric that runs over the candle; the value at its close has the bare name. */
function runningColumns<Name extends string>(name: Name, unit: string) {
  const column = added.describe(unit);
  return { [`${name}Open`]: column, [`${name}High`]: column, [`${name}Low`]: column } as Record<
    `${Name}${"Open" | "High" | "Low"}`,
    typeof added
  >;
}

/** What a candle is of, in every message about candles. */
export const keyFields = {
  venue: nameText,
  instrument: nameText,
  timeframe: z.enum(TIMEFRAMES),
  anchor: nameText.describe("UTC or an IANA zone"),
  session: z.enum(["regular", "extended", "all"]),
};

/** Every column of a candle, by its wire name. */
export const candleSchema = z.object({
  ...keyFields,
  calendar: z.enum(CALENDARS).optional().describe("absent in messages of before November 2026: that of the anchor"),
  openTime: timeMs,
  closeTime: timeMs.describe("epoch milliseconds, exclusive"),
  state: z.enum(["forming", "closed", "revised"]),
  completeness: z.enum(["full", "backfilled", "partial", "no-trades", "venue-down"]),
  origin: z.enum(["trades", "venue"]),
  badMinutes: integer.min(0).describe("scheduled minutes that are partial, venue-down or absent"),
  flags: integer.describe("bits: 1 after_gap, 2 estimated, 4 approx, 8 roll, 16 aggregate, 32 quote_arrival"),
  revision: integer.min(0),
  firstTradeId: z.string().nullable(),
  lastTradeId: z.string().nullable(),
  algo: nameText,
  open: price,
  high: price,
  low: price,
  close: price,
  volumeBase: size,
  volumeBuy: size,
  volumeSell: size,
  volumeUnknown: size,
  volumeQuote: z.number(),
  sumPriceSize: z.number(),
  trades: integer,
  tradesBuy: integer,
  tradesSell: integer,
  maxTradeSize: sizeOrNull,
  bigTrades: added.describe("count; null where the instrument has no fixed threshold"),
  bigVolume: added.describe("base currency or contracts"),
  bigVolumeBuy: added.describe("base currency or contracts"),
  bigVolumeSell: added.describe("base currency or contracts"),
  ...runningColumns("avgTradeSize", "base currency or contracts"),
  avgTradeSize: sizeOrNull,
  sumBidDepth: size,
  sumAskDepth: size,
  sumSpreadBps: z.number().describe("units of 1e-6 basis points"),
  quoteTrades: integer,
  crossedQuotes: integer,
  ...runningColumns("spreadBps", "basis points"),
  spreadBps: ratio.describe("basis points"),
  vdOpen: sizeOrNull,
  vdHigh: sizeOrNull,
  vdLow: sizeOrNull,
  vd: size,
  ...runningColumns("vdRatio", "-1..1"),
  vdRatio: ratio.describe("-1..1"),
  ...runningColumns("bookImbalance", "-1..1"),
  bookImbalance: added.describe("-1..1"),
  ...runningColumns("liquidityRatio", "0 or more"),
  liquidityRatio: added.describe("0 or more"),
  cvdOpen: sizeOrNull,
  cvdHigh: sizeOrNull,
  cvdLow: sizeOrNull,
  cvd: size,
  cvdBase: size,
  ...runningColumns("vwap", "quote currency"),
  vwap: price,
  vwapSession: added.describe("quote currency"),
  ...runningColumns("priceChangeBps", "basis points"),
  priceChangeBps: ratio.describe("basis points"),
  priceRangeBps: ratio.describe("basis points"),
  ...runningColumns("vwapDistanceBps", "basis points"),
  vwapDistanceBps: added.describe("basis points"),
  ...runningColumns("evr", "basis points per percent"),
  evr: added.describe("basis points per percent"),
  ...runningColumns("vdStrength", "0 or more"),
  vdStrength: added.describe("0 or more"),
  ...runningColumns("smp", "integer, -100..100"),
  smp: added.describe("integer, -100..100"),
  smpFinal: added.describe("integer, -100..100; null while the candle is open"),
  divergence: added.describe("1, -1 or 0; null while the candle is open"),
  deltaExhaustion: added.describe("1, -1 or 0; null while the candle is open"),
  imbalanceStreak: added.describe("candles; null while the candle is open"),
  volumeSpike: added.describe("0 or more; null while the candle is open"),
  cvdSlope: added.describe("base currency or contracts per candle; null while the candle is open"),
  momentumScore: added.describe("-100..100; null while the candle is open"),
  absorptionIntensity: added.describe("0..10; null while the candle is open"),
  buyPressure: ratio.describe("0..1"),
  sellPressure: ratio.describe("0..1"),
  lastClose: price.describe("last price before a candle without trades, else null"),
});

const stamps = z.record(z.string(), integer).describe("time at each hop, epoch microseconds");

export const candle = defineMessage({
  name: "candle",
  version: 1,
  template: "md.v1.candle.{p}.{venue}.{instrument}.{timeframe}",
  stream: "CANDLES",
  owner: "aggregator",
  summary: "A closed or revised candle. Take it only if (key, revision) is above what you hold.",
  schema: candleSchema.extend({ stamps }),
});

export const candleRecomputed = defineMessage({
  name: "candle-recomputed",
  version: 1,
  template: "md.v1.candle-recomputed.{p}.{venue}.{instrument}.{timeframe}",
  stream: "CANDLES",
  owner: "aggregator",
  summary: "Running columns (CVD) of the candles in [from, to) were recomputed and their rows rewritten: read them again.",
  schema: z.object({
    ...keyFields,
    from: timeMs,
    to: timeMs.describe("epoch milliseconds, exclusive"),
    cause: z.enum(["late-trade", "gap-fill", "history"]),
    inputSeq: integer.describe("sequence in MARKET of the message that caused it"),
  }),
});

export const formingCandle = defineMessage({
  name: "forming-candle",
  version: 1,
  template: "forming.v1.candle.{venue}.{instrument}.{timeframe}",
  stream: null,
  owner: "aggregator",
  summary: "The candle that is still open. Stored nowhere: drop it when you hold the closed candle of its openTime or a later one.",
  schema: candleSchema.extend({
    stamps,
    update: integer.min(1).describe("counts the updates of this process"),
    basedOnSeq: integer.describe("sequence in MARKET up to which trades are in it"),
  }),
});
