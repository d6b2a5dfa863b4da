import { z } from "@hono/zod-openapi";
import { candleSchema } from "@tickfleet/contracts/candle-messages";

const us = z.number().int().describe("epoch microseconds");
const ms = z.number().int().describe("epoch milliseconds");

/** A candle as the gateway gives it: every column of the table by its wire name. */
export const candleRowSchema = candleSchema.required();

/** A trade as the gateway gives it. */
export const tradeRowSchema = z.object({
  venue: z.string(),
  instrument: z.string(),
  epoch: z.string().describe("era of the source's numbering; (epoch, sourceSeq) is the trade's identity"),
  sourceSeq: z.number().int(),
  tradeId: z.string().nullable().describe("the venue's own id"),
  time: ms.describe("venue time, epoch milliseconds, rounded down"),
  eventTimeUs: us.describe("venue time, epoch microseconds"),
  eventTimeNsRest: z.number().int().describe("nanoseconds beyond eventTimeUs, 0..999"),
  receivedTimeUs: us.describe("when ingest received it, epoch microseconds"),
  price: z.number().describe("quote currency"),
  size: z.number().describe("base currency or contracts"),
  priceScaled: z.number().int().describe("price x 10^priceScale, exact"),
  priceScale: z.number().int(),
  sizeScaled: z.number().int().describe("size x 10^sizeScale, exact"),
  sizeScale: z.number().int(),
  side: z.enum(["buy", "sell", "unknown"]).describe("the taker's side"),
  sideMethod: z.enum(["flag", "quote", "tick", "none"]).describe("how the side is known"),
  bid: z.number().nullable().describe("best bid before the trade"),
  ask: z.number().nullable(),
  bidSize: z.number().nullable(),
  askSize: z.number().nullable(),
  quoteAgeUs: z.number().int().nullable().describe("age of the quote at the trade, microseconds"),
  quoteMethod: z.string().nullable(),
  fill: z.string().nullable().describe("id of the gap that the trade fills"),
  inputSeq: z.number().int().describe("sequence in MARKET"),
});

/** How a value of the database becomes one of the wire. */
export type Conversion = "same" | "us-to-ms";

/** A column that a list can give: wire name, expression of the view, conversion. */
export interface Column {
  wire: string;
  name: string;
  conversion: Conversion;
}

const CANDLE_TIMES: ReadonlySet<string> = new Set(["openTime", "closeTime"]);
const TRADE_NAMES: Readonly<Record<string, string>> = { time: "event_time", eventTimeUs: "event_time", receivedTimeUs: "received_time" };

export const CANDLE_COLUMNS: readonly Column[] = Object.keys(candleRowSchema.shape).map((wire) => ({
  wire,
  name: snakeCase(wire),
  conversion: CANDLE_TIMES.has(wire) ? "us-to-ms" : "same",
}));

export const TRADE_COLUMNS: readonly Column[] = Object.keys(tradeRowSchema.shape).map((wire) => ({
  wire,
  name: TRADE_NAMES[wire] ?? snakeCase(wire),
  conversion: wire === "time" ? "us-to-ms" : "same",
}));

/** The columns of a row's schema: each is the snake_case of its wire name. @param times wire names of the times in milliseconds */
export function columnsOf(schema: z.ZodObject, times: readonly string[]): Column[] {
  return Object.keys(schema.shape).map((wire) => ({
    wire,
    name: snakeCase(wire),
    conversion: times.includes(wire) ? "us-to-ms" : "same",
  }));
}

/** A value as the wire has it; what is no number is null (JSON has no NaN). */
export function convert(value: unknown, conversion: Conversion): unknown {
  if (typeof value !== "number") return value;
  if (conversion === "us-to-ms") return Math.floor(value / 1_000);
  return Number.isFinite(value) ? value : null;
}

function snakeCase(wire: string): string {
  return wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
