import { INDICATOR_NAMES, type IndicatorName } from "@tickfleet/contracts/enriched-messages";
import { createAdx } from "@tickfleet/indicators/adx";
import { createAtr } from "@tickfleet/indicators/atr";
import { createBbands } from "@tickfleet/indicators/bbands";
import { createEma } from "@tickfleet/indicators/ema";
import type { Indicator } from "@tickfleet/indicators/indicator";
import { createLinearregSlope } from "@tickfleet/indicators/linearreg-slope";
import { createMacd } from "@tickfleet/indicators/macd";
import { createNatr } from "@tickfleet/indicators/natr";
import { createObv } from "@tickfleet/indicators/obv";
import { createRsi } from "@tickfleet/indicators/rsi";
import { createSma } from "@tickfleet/indicators/sma";
import { createStddev } from "@tickfleet/indicators/stddev";
import { createStoch } from "@tickfleet/indicators/stoch";
import { createVwap } from "@tickfleet/indicators/vwap";

/** An indicator of the set, and under which names its outputs are served. */
export interface Member {
  indicator: Indicator;
  /** Output and the place of its value among INDICATOR_NAMES. */
  places: readonly (readonly [output: string, place: number])[];
}

/** Candles with trades that the longest window holds. */
export const LONGEST_WINDOW = 200;
/** Candles before the present one that `volumeSma20` is the mean of. */
export const VOLUME_WINDOW = 20;
/** Closes that the trend's line is fitted to. */
export const FIT_WINDOW = 20;

const TREND_ANGLE = "trend-angle@1.0.0(slope=20,atr=14)";
const TREND_STRENGTH = "trend-strength@1.0.0(adx=14,angle=trend-angle,fit=20)";
/** The volumes stand in place of closes. */
const VOLUME_SMA = "volume-sma@1.0.0(period=20)";

export const PLACE_OF = Object.fromEntries(INDICATOR_NAMES.map((name, place) => [name, place])) as Readonly<Record<IndicatorName, number>>;

/** Those that depend on a window of candles alone, so that a window restores them to the bit. */
export function createWindowed(): Member[] {
  return [
    member(createSma({ period: 50 }), { sma: "sma50" }),
    member(createSma({ period: LONGEST_WINDOW }), { sma: "sma200" }),
    member(createBbands({ period: 20 }), { upper: "bbandsUpper", middle: "bbandsMiddle", lower: "bbandsLower" }),
    member(createStoch({ fastKPeriod: 14, slowKPeriod: 3, slowDPeriod: 3 }), { slowK: "stochK", slowD: "stochD" }),
    member(createLinearregSlope({ period: FIT_WINDOW }), { linearregSlope: "linearregSlope20" }),
  ];
}

/** Those that remember without a bound; their state is kept with every row. */
export function createRunning(): Member[] {
  return [
    member(createEma({ period: 9 }), { ema: "ema9" }),
    member(createEma({ period: 21 }), { ema: "ema21" }),
    member(createRsi({ period: 14 }), { rsi: "rsi14" }),
    member(createMacd({ fastPeriod: 12, slowPeriod: 26, signalPeriod: 9 }), {
      macd: "macd",
      signal: "macdSignal",
      histogram: "macdHistogram",
    }),
    member(createAtr({ period: 14 }), { atr: "atr14" }),
    member(createNatr({ period: 14 }), { natr: "natr14" }),
    member(createVwap({ anchor: "session" }), { vwap: "vwapSession" }),
    member(createObv(), { obv: "obv" }),
    member(createAdx({ period: 14 }), { adx: "adx14" }),
  ];
}

/** Deviation of the closes that `linearregSlope20` is fitted to: it tells how well the line fits. */
export function createFitDeviation(): Indicator<"stddev"> {
  return createStddev({ period: FIT_WINDOW });
}

/** Mean of the last volumes: an average of closes that is fed with volumes. */
export function createVolumeMean(): Indicator<"sma"> {
  return createSma({ period: VOLUME_WINDOW });
}

/** Names whose values a revision of an earlier candle changes only while that is in their window. */
export const WINDOWED_NAMES: ReadonlySet<IndicatorName> = new Set([
  ...createWindowed().flatMap(({ places }) => places.map(([, place]) => INDICATOR_NAMES[place] as IndicatorName)),
  "volumeSma20",
]);

/** Ids of everything in the set; another set gives other values. */
export const ALGORITHMS: readonly string[] = [
  ...[...createWindowed(), ...createRunning()].map(({ indicator }) => indicator.id),
  VOLUME_SMA,
  TREND_ANGLE,
  TREND_STRENGTH,
];

function member<Output extends string>(indicator: Indicator<Output>, names: Partial<Record<Output, IndicatorName>>): Member {
  const places = Object.entries(names).map(([output, name]) => [output, PLACE_OF[name as IndicatorName]] as const);
  return { indicator: indicator as unknown as Indicator, places };
}
