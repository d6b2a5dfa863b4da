import type { Completeness, SessionName } from "@tickfleet/market/candle";
import type { CalendarName } from "@tickfleet/market/instrument";
import type { Timeframe } from "@tickfleet/market/timeframe";
import type { EarlierSignal } from "./signal-debounce.ts";
import type { Direction } from "./weighted-confidence.ts";

/** Candles that a judgement may look at, the judged one included. */
export const JUDGEMENT_BARS = 21;

/** What series of candles is judged. */
export interface JudgementKey {
  readonly venue: string;
  readonly instrument: string;
  readonly timeframe: Timeframe;
  /** `UTC` or an IANA zone. */
  readonly anchor: string;
  readonly session: SessionName;
  readonly calendar: CalendarName;
}

/** What a judgement takes from an enriched candle; null is unknown, prices are null without trades. */
export interface JudgementBar {
  /** Epoch milliseconds; the interval is [openTime, closeTime). */
  readonly openTime: number;
  readonly closeTime: number;
  readonly completeness: Completeness;
  /** Revision of the enriched candle. */
  readonly enrichedRevision: number;
  /** In quote currency. */
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  /** In base currency or contracts; `vd` is signed. */
  readonly volumeBase: number;
  readonly volumeSma20: number | null;
  readonly vd: number;
  /** In quote currency. */
  readonly atr14: number | null;
  /** Degrees, -90..90. */
  readonly trendAngle: number | null;
  /** 0..1. */
  readonly trendStrength: number | null;
}

/** The last closed candle of the next higher timeframe. */
export interface HigherCandle {
  readonly timeframe: Timeframe;
  readonly openTime: number;
  readonly enrichedRevision: number;
  readonly trendAngle: number | null;
  readonly trendStrength: number | null;
}

/** A pattern on another timeframe's last closed candle. */
export interface LivePattern {
  readonly timeframe: Timeframe;
  readonly openTime: number;
  /** TA-Lib's name. */
  readonly kind: string;
  readonly direction: Direction;
  /** 0..1; null on lower timeframes that are graded after this one, and where too little is known. */
  readonly weightedConfidence: number | null;
}

/** The item of sentiment in force. */
export interface SentimentInForce {
  readonly provider: string;
  readonly asset: string;
  /** Epoch milliseconds. */
  readonly validFrom: number;
  /** -1 bearish .. 1 bullish. */
  readonly value: number;
}

/** The item of futures data in force. */
export interface FuturesInForce {
  readonly venue: string;
  readonly instrument: string;
  /** Epoch milliseconds. */
  readonly validFrom: number;
  /** Percent a year. */
  readonly fundingApr: number | null;
}

/** What stood around a candle when it was first judged. Frozen then: later judgements of the candle take the same. */
export interface Surroundings {
  readonly higher: HigherCandle | null;
  readonly live: readonly LivePattern[];
  readonly sentiment: SentimentInForce | null;
  readonly futures: FuturesInForce | null;
  /** The last signals of the series per direction. */
  readonly earlier: { readonly bullish: EarlierSignal | null; readonly bearish: EarlierSignal | null };
}

/** Everything that a judgement is a function of. */
export interface JudgementInputs {
  readonly key: JudgementKey;
  /** Consecutive candles, oldest first, the judged one last; of more than JUDGEMENT_BARS the last ones count. */
  readonly bars: readonly JudgementBar[];
  readonly surroundings: Surroundings;
}
