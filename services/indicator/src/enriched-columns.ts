import { candleSchema } from "@tickfleet/contracts/candle-messages";
import { INDICATOR_NAMES } from "@tickfleet/contracts/enriched-messages";
import type { Candle } from "@tickfleet/market/candle";

/** A column of `indicator.enriched_candles` that a candle fills: wire name in the candle, database name, type. */
export interface CandleColumn {
  wire: keyof Candle;
  name: string;
  type: "text" | "int4" | "int8" | "float8" | "timestamptz";
}

const TEXT = [
  "venue",
  "instrument",
  "timeframe",
  "anchor",
  "session",
  "calendar",
  "state",
  "completeness",
  "origin",
  "firstTradeId",
  "lastTradeId",
  "algo",
];
const TIMES = ["openTime", "closeTime"];
const INTEGERS = [
  ...["badMinutes", "flags", "revision", "smpOpen", "smpHigh", "smpLow", "smp", "smpFinal"],
  ...["divergence", "deltaExhaustion", "imbalanceStreak"],
];
const COUNTS = ["trades", "tradesBuy", "tradesSell", "bigTrades", "quoteTrades", "crossedQuotes"];
/** The row has names of its own for these. */
const RENAMED: Readonly<Record<string, string>> = { revision: "candleRevision", algo: "candleAlgo" };

/** Every column of the candle but the session's vwap, which is an indicator here; all that is in no list is a number. */
export const CANDLE_COLUMNS: readonly CandleColumn[] = Object.keys(candleSchema.shape)
  .filter((wire) => wire !== "vwapSession")
  .map((wire) => ({
    wire: wire as keyof Candle,
    name: snakeCase(RENAMED[wire] ?? wire),
    type: typeOf(wire),
  }));

/** Columns of the indicators, in the order of INDICATOR_NAMES. */
export const INDICATOR_COLUMNS: readonly string[] = INDICATOR_NAMES.map(snakeCase);

function typeOf(wire: string): CandleColumn["type"] {
  if (TEXT.includes(wire)) return "text";
  if (TIMES.includes(wire)) return "timestamptz";
  if (INTEGERS.includes(wire)) return "int4";
  return COUNTS.includes(wire) ? "int8" : "float8";
}

function snakeCase(wire: string): string {
  return wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
