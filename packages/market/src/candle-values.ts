import { bigTradeRule } from "./big-trade.ts";
import type { Candle, CandleState } from "./candle.ts";
import {
  absorptionIntensityOf,
  cvdSlopeOf,
  deltaExhaustionOf,
  divergenceOf,
  momentumScoreOf,
  smpFinalOf,
  volumeSpikeOf,
} from "./close-metrics.ts";
import { copyExact, exactTimesDecimal, exactToNumber, roundDerived, scaledToNumber, subtractExact } from "./exact.ts";
import type { Instrument } from "./instrument.ts";
import {
  avgTradeSizeOf,
  bookImbalanceOf,
  evrOf,
  imbalanceStreakOf,
  liquidityRatioOf,
  priceChangeBpsOf,
  priceRangeBpsOf,
  shareOf,
  spreadBpsOf,
  vdRatioOf,
  vdStrengthOf,
  vwapDistanceBpsOf,
  vwapOf,
  vwapSessionOf,
} from "./running-metrics.ts";
import { sampleAt } from "./sampled-metrics.ts";
import { roundSmp, smpOf } from "./smart-money-pressure.ts";
import { S, type SampledMetric } from "./sums-layout.ts";

/** A metric that runs over the candle: open, high, low, and the value at the close under the bare name. */
type Running<Name extends SampledMetric | "vd" | "cvd"> = Pick<Candle, `${Name}Open` | `${Name}High` | `${Name}Low` | Name>;

const scratch = new Float64Array(2);

/** Values of a candle that are rounded: what is undefined (NaN) is null. */
function derived(value: number): number | null {
  return Number.isNaN(value) ? null : roundDerived(value);
}

/** A price at this place; null without trades. */
export function priceAt(sums: Float64Array, at: number): number | null {
  return sums[S.TRADES] === 0 ? null : scaledToNumber(sums[at] as number, sums[S.PRICE_SCALE] as number);
}

export function pricesOf(
  sums: Float64Array,
): Pick<Candle, "open" | "high" | "low" | "close" | "lastClose" | "priceRangeBps"> & Running<"priceChangeBps"> {
  return {
    open: priceAt(sums, S.OPEN),
    high: priceAt(sums, S.HIGH),
    low: priceAt(sums, S.LOW),
    close: priceAt(sums, S.CLOSE),
    lastClose: sums[S.HAS_LAST_CLOSE] === 1 ? scaledToNumber(sums[S.LAST_CLOSE] as number, sums[S.PRICE_SCALE] as number) : null,
    ...samplesOf(sums, "priceChangeBps", priceChangeBpsOf(sums)),
    priceRangeBps: sums[S.TRADES] === 0 ? null : derived(priceRangeBpsOf(sums)),
  };
}

export function volumesOf(
  sums: Float64Array,
  { kind, contractSize }: Instrument,
): Pick<
  Candle,
  "volumeBase" | "volumeBuy" | "volumeSell" | "volumeUnknown" | "volumeQuote" | "sumPriceSize" | "trades" | "tradesBuy" | "tradesSell"
> {
  const sizeScale = sums[S.SIZE_SCALE] as number;
  const priceSizeScale = sizeScale + (sums[S.PRICE_SCALE] as number);
  const [notionalAt, notionalScale] = kind === "inverse" ? [S.VOLUME, sizeScale] : [S.PRICE_SIZE, priceSizeScale];
  copyExact(scratch, 0, sums, S.VOLUME);
  subtractExact(scratch, 0, sums, S.BUY_VOLUME);
  subtractExact(scratch, 0, sums, S.SELL_VOLUME);
  return {
    volumeBase: exactToNumber(sums, S.VOLUME, sizeScale),
    volumeBuy: exactToNumber(sums, S.BUY_VOLUME, sizeScale),
    volumeSell: exactToNumber(sums, S.SELL_VOLUME, sizeScale),
    volumeUnknown: exactToNumber(scratch, 0, sizeScale),
    volumeQuote:
      contractSize === 1
        ? exactToNumber(sums, notionalAt, notionalScale)
        : exactTimesDecimal(sums, notionalAt, notionalScale, contractSize),
    sumPriceSize: exactToNumber(sums, S.PRICE_SIZE, priceSizeScale),
    trades: sums[S.TRADES] as number,
    tradesBuy: sums[S.BUYS] as number,
    tradesSell: sums[S.SELLS] as number,
  };
}

export function sizesOf(
  sums: Float64Array,
  instrument: Instrument,
): Pick<Candle, "maxTradeSize" | "bigTrades" | "bigVolume" | "bigVolumeBuy" | "bigVolumeSell"> & Running<"avgTradeSize"> {
  const sizeScale = sums[S.SIZE_SCALE] as number;
  const some = sums[S.TRADES] !== 0;
  const hasRule = bigTradeRule(instrument) !== null && !Number.isNaN(sums[S.BIG_TRADES]);
  const big = (at: number): number | null => (hasRule ? exactToNumber(sums, at, sizeScale) : null);
  return {
    maxTradeSize: some ? scaledToNumber(sums[S.MAX_SIZE] as number, sizeScale) : null,
    ...samplesOf(sums, "avgTradeSize", avgTradeSizeOf(sums)),
    bigTrades: hasRule ? (sums[S.BIG_TRADES] as number) : null,
    bigVolume: big(S.BIG_VOLUME),
    bigVolumeBuy: big(S.BIG_BUY_VOLUME),
    bigVolumeSell: big(S.BIG_SELL_VOLUME),
  };
}

export function quotesOf(
  sums: Float64Array,
): Pick<Candle, "sumBidDepth" | "sumAskDepth" | "sumSpreadBps" | "quoteTrades" | "crossedQuotes"> &
  Running<"spreadBps" | "bookImbalance" | "liquidityRatio"> {
  const sizeScale = sums[S.SIZE_SCALE] as number;
  return {
    sumBidDepth: exactToNumber(sums, S.BID_DEPTH, sizeScale),
    sumAskDepth: exactToNumber(sums, S.ASK_DEPTH, sizeScale),
    sumSpreadBps: sums[S.SPREAD] as number,
    quoteTrades: sums[S.QUOTES] as number,
    crossedQuotes: sums[S.CROSSED] as number,
    ...samplesOf(sums, "spreadBps", spreadBpsOf(sums)),
    ...samplesOf(sums, "bookImbalance", bookImbalanceOf(sums)),
    ...samplesOf(sums, "liquidityRatio", liquidityRatioOf(sums)),
  };
}

export function deltasOf(sums: Float64Array): Running<"vd" | "vdRatio" | "cvd"> & Pick<Candle, "cvdBase" | "buyPressure" | "sellPressure"> {
  const sizeScale = sums[S.SIZE_SCALE] as number;
  const sampled = (at: number): number | null => (sums[S.TRADES] === 0 ? null : exactToNumber(sums, at, sizeScale));
  return {
    vdOpen: sampled(S.VD_OPEN),
    vdHigh: sampled(S.VD_HIGH),
    vdLow: sampled(S.VD_LOW),
    vd: exactToNumber(sums, S.VD, sizeScale),
    ...samplesOf(sums, "vdRatio", vdRatioOf(sums)),
    cvdOpen: sampled(S.CVD_OPEN),
    cvdHigh: sampled(S.CVD_HIGH),
    cvdLow: sampled(S.CVD_LOW),
    cvd: exactToNumber(sums, S.CVD, sizeScale),
    cvdBase: exactToNumber(sums, S.CVD_BASE, sizeScale),
    buyPressure: derived(shareOf(sums, S.BUY_VOLUME, S.BUY_VOLUME, S.SELL_VOLUME)),
    sellPressure: derived(shareOf(sums, S.SELL_VOLUME, S.BUY_VOLUME, S.SELL_VOLUME)),
  };
}

/** Mean prices lie between the candle's low and high, also after rounding. */
export function meansOf(sums: Float64Array): Pick<Candle, "vwapSession"> & Running<"vwap" | "vwapDistanceBps"> {
  const { vwapOpen, vwapHigh, vwapLow, vwap } = samplesOf(sums, "vwap", vwapOf(sums));
  const low = priceAt(sums, S.LOW) ?? 0;
  const high = priceAt(sums, S.HIGH) ?? 0;
  const inside = (price: number | null): number | null => (price === null ? null : Math.min(high, Math.max(low, price)));
  return {
    vwapOpen: inside(vwapOpen),
    vwapHigh: inside(vwapHigh),
    vwapLow: inside(vwapLow),
    vwap: inside(vwap),
    vwapSession: derived(vwapSessionOf(sums)),
    ...samplesOf(sums, "vwapDistanceBps", vwapDistanceBpsOf(sums)),
  };
}

export function judgementsOf(sums: Float64Array, state: CandleState): Running<"evr" | "vdStrength" | "smp"> & Judgements {
  const running = {
    ...samplesOf(sums, "evr", evrOf(sums)),
    ...samplesOf(sums, "vdStrength", vdStrengthOf(sums)),
    ...samplesOf(sums, "smp", smpOf(sums, 0), rounded),
  };
  if (state === "forming") return { ...running, ...UNJUDGED };
  const some = sums[S.TRADES] !== 0;
  return {
    ...running,
    smpFinal: some ? rounded(smpFinalOf(sums)) : null,
    divergence: divergenceOf(sums),
    deltaExhaustion: deltaExhaustionOf(sums),
    imbalanceStreak: derived(imbalanceStreakOf(sums)),
    volumeSpike: derived(volumeSpikeOf(sums)),
    cvdSlope: some ? derived(cvdSlopeOf(sums)) : null,
    momentumScore: derived(momentumScoreOf(sums)),
    absorptionIntensity: roundDerived(absorptionIntensityOf(sums)),
  };
}

/** What is judged of a candle when it closes. */
type Judgements = Pick<
  Candle,
  "smpFinal" | "divergence" | "deltaExhaustion" | "imbalanceStreak" | "volumeSpike" | "cvdSlope" | "momentumScore" | "absorptionIntensity"
>;

const UNJUDGED: Judgements = {
  smpFinal: null,
  divergence: null,
  deltaExhaustion: null,
  imbalanceStreak: null,
  volumeSpike: null,
  cvdSlope: null,
  momentumScore: null,
  absorptionIntensity: null,
};

/** Smart money pressure as it is served. */
function rounded(score: number): number | null {
  return Number.isNaN(score) ? null : roundSmp(score);
}

/** A sampled metric as it is served; all null without trades. */
function samplesOf<Name extends SampledMetric>(
  sums: Float64Array,
  name: Name,
  close: number,
  served: (value: number) => number | null = derived,
): Running<Name> {
  const at = sampleAt(name);
  const some = sums[S.TRADES] !== 0;
  return {
    [`${name}Open`]: some ? served(sums[at] as number) : null,
    [`${name}High`]: some ? served(sums[at + 1] as number) : null,
    [`${name}Low`]: some ? served(sums[at + 2] as number) : null,
    [name]: some ? served(close) : null,
  } as Running<Name>;
}
