import type { Candle } from "@tickfleet/market/candle";

/** A column of `aggregator.candles` that a candle fills: wire name, database name, type. */
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
] as const;
const TIMES = ["openTime", "closeTime"] as const;
const INTEGERS = [
  ...(["badMinutes", "flags", "revision", "smpOpen", "smpHigh", "smpLow", "smp", "smpFinal"] as const),
  ...(["divergence", "deltaExhaustion", "imbalanceStreak"] as const),
] as const;
const COUNTS = ["trades", "tradesBuy", "tradesSell", "bigTrades", "quoteTrades", "crossedQuotes"] as const;
const NUMBERS = [
  ...(["open", "high", "low", "close", "volumeBase", "volumeBuy", "volumeSell", "volumeUnknown", "volumeQuote", "sumPriceSize"] as const),
  ...(["maxTradeSize", "bigVolume", "bigVolumeBuy", "bigVolumeSell", "sumBidDepth", "sumAskDepth", "sumSpreadBps"] as const),
  ...(["vdOpen", "vdHigh", "vdLow", "vd", "cvdOpen", "cvdHigh", "cvdLow", "cvd", "cvdBase"] as const),
  ...(["vdRatioOpen", "vdRatioHigh", "vdRatioLow", "vdRatio", "avgTradeSizeOpen", "avgTradeSizeHigh", "avgTradeSizeLow"] as const),
  ...(["avgTradeSize", "spreadBpsOpen", "spreadBpsHigh", "spreadBpsLow", "spreadBps"] as const),
  ...(["bookImbalanceOpen", "bookImbalanceHigh", "bookImbalanceLow", "bookImbalance"] as const),
  ...(["liquidityRatioOpen", "liquidityRatioHigh", "liquidityRatioLow", "liquidityRatio"] as const),
  ...(["vwapOpen", "vwapHigh", "vwapLow", "vwap", "vwapSession"] as const),
  ...(["priceChangeBpsOpen", "priceChangeBpsHigh", "priceChangeBpsLow", "priceChangeBps", "priceRangeBps"] as const),
  ...(["vwapDistanceBpsOpen", "vwapDistanceBpsHigh", "vwapDistanceBpsLow", "vwapDistanceBps"] as const),
  ...(["evrOpen", "evrHigh", "evrLow", "evr", "momentumScore", "absorptionIntensity"] as const),
  ...(["vdStrengthOpen", "vdStrengthHigh", "vdStrengthLow", "vdStrength", "volumeSpike", "cvdSlope"] as const),
  ...(["buyPressure", "sellPressure", "lastClose"] as const),
] as const;

type Listed =
  | (typeof TEXT)[number]
  | (typeof TIMES)[number]
  | (typeof INTEGERS)[number]
  | (typeof COUNTS)[number]
  | (typeof NUMBERS)[number];

/** Fails to compile while a field of the candle is in no list above. */
const complete: [keyof Candle] extends [Listed] ? true : never = true;

export const CANDLE_COLUMNS: readonly CandleColumn[] = complete
  ? [
      ...TEXT.map((wire) => column(wire, "text")),
      ...TIMES.map((wire) => column(wire, "timestamptz")),
      ...INTEGERS.map((wire) => column(wire, "int4")),
      ...COUNTS.map((wire) => column(wire, "int8")),
      ...NUMBERS.map((wire) => column(wire, "float8")),
    ]
  : [];

function column(wire: keyof Candle, type: CandleColumn["type"]): CandleColumn {
  return { wire, name: wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), type };
}
