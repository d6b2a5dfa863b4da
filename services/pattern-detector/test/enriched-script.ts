import { candleSchema } from "@tickfleet/contracts/candle-messages";
import { enriched, INDICATOR_NAMES, indicatorsSchema } from "@tickfleet/contracts/enriched-messages";
import { type Payload, subjectOf } from "@tickfleet/contracts/message";
import { calendarOf } from "@tickfleet/market/calendar";
import { closingAt, intervalAt } from "@tickfleet/market/interval";
import type { Timeframe } from "@tickfleet/market/timeframe";
import type { OutgoingMessage } from "@tickfleet/runtime/bus";

export type EnrichedCandle = Omit<Payload<typeof enriched>, "stamps">;

export const VENUE = "test";
/** A Sunday evening: days and a week close in the middle. */
export const START = Date.UTC(2026, 2, 1, 21);
export const MINUTE = 60_000;
const CRYPTO = calendarOf("crypto");
const SUMS = ["volumeUnknown", "volumeQuote", "sumPriceSize", "sumBidDepth", "sumAskDepth", "sumSpreadBps", "cvd", "cvdBase"] as const;
const COUNTS = ["trades", "tradesBuy", "tradesSell", "quoteTrades", "crossedQuotes", "badMinutes", "flags", "candleRevision"] as const;
const ZEROS = Object.fromEntries([...SUMS, ...COUNTS, "volumeBuy", "volumeSell"].map((name) => [name, 0]));
const NOTHING = Object.fromEntries(Object.keys(candleSchema.shape).map((name) => [name, null]));
const NO_INDICATORS = Object.fromEntries(INDICATOR_NAMES.map((name) => [name, null]));

/** Messages of ENRICHED, and the candles that they leave. */
export interface EnrichedScript {
  messages: OutgoingMessage[];
  /** The last revision of each candle after `count` messages, ascending by close. */
  candlesAfter(count: number): EnrichedCandle[];
}

/** What a candle of a script is made of. */
export interface Made {
  instrument: string;
  timeframe: Timeframe;
  openTime: number;
  closeTime: number;
  /** null: without trades. */
  prices: readonly [open: number, high: number, low: number, close: number] | null;
  volumeBase?: number;
  vd?: number;
  trendAngle?: number | null;
  trendStrength?: number | null;
  volumeSma20?: number | null;
  completeness?: EnrichedCandle["completeness"];
  revision?: number;
  venue?: string;
}

export function createEnriched(made: Made): EnrichedCandle {
  const { prices, instrument, timeframe, openTime, closeTime, revision = 0 } = made;
  const [open, high, low, close] = prices ?? [null, null, null, null];
  const isPriced = prices !== null;
  const indicators = indicatorsSchema.parse({
    ...NO_INDICATORS,
    volumeSma20: isPriced ? (made.volumeSma20 ?? 2) : null,
    atr14: isPriced ? 4 : null,
    trendAngle: isPriced ? (made.trendAngle ?? null) : null,
    trendStrength: isPriced ? (made.trendStrength ?? null) : null,
  });
  return {
    ...NOTHING,
    ...ZEROS,
    ...{ venue: made.venue ?? VENUE, instrument, timeframe, anchor: "UTC", session: "all", calendar: "crypto", openTime, closeTime },
    ...{ state: revision === 0 ? "closed" : "revised", completeness: made.completeness ?? (isPriced ? "full" : "no-trades") },
    ...{ origin: "trades", candleAlgo: "candle@1.0.0", algo: ["test@1.0.0"], revision, undefined: [] },
    ...{ open, high, low, close, volumeBase: isPriced ? (made.volumeBase ?? 2) : 0, vd: isPriced ? (made.vd ?? 0) : 0, indicators },
  } as unknown as EnrichedCandle;
}

export function messageOf(sent: EnrichedCandle, id: string): OutgoingMessage {
  const { venue, instrument, timeframe } = sent;
  return {
    subject: subjectOf(enriched, { venue, instrument, timeframe }),
    headers: { "Nats-Msg-Id": id },
    data: new TextEncoder().encode(JSON.stringify({ ...sent, stamps: { sentUs: Number(id.replace(/\D/g, "")) } })),
  };
}

/**
 * `minutes` of two instruments on every timeframe that the calendar closes: candles without trades, outages, candles that never come, one
 * that comes when its successors are there, revisions near and far, of prices or of the revision's number alone. The same seed gives the
 * same bytes.
 */
export function enrichedScript(seed: number, minutes: number): EnrichedScript {
  const random = generator(seed);
  const sent: { message: OutgoingMessage; candle: EnrichedCandle }[] = [];
  const made = new Map<string, EnrichedCandle[]>();
  const late: { at: number; candle: EnrichedCandle }[] = [];
  const send = (candle: EnrichedCandle): void => void sent.push({ candle, message: messageOf(candle, `script-${sent.length}`) });

  for (let minute = 1; minute <= minutes; minute++) {
    for (const instrument of ["AAA-USD", "BBB-USD"]) {
      const closeTime = START + minute * MINUTE;
      for (const timeframe of closingAt(CRYPTO, "all", closeTime)) {
        const key = `${instrument} ${timeframe}`;
        const candles = made.get(key) ?? [];
        made.set(key, candles);
        const candle = next(instrument, timeframe, closeTime, candles.at(-1));
        const fate = random();
        if (fate < 0.01) continue;
        candles.push(candle);
        if (fate < 0.015) late.push({ at: minute + 3 + Math.floor(random() * 90), candle });
        else send(candle);
        if (random() < 0.04 && candles.length > 3) revise(candles);
      }
    }
    for (const { candle } of late.filter(({ at }) => at === minute)) send(candle);
  }
  return {
    messages: sent.map(({ message }) => message),
    candlesAfter(count) {
      const last = new Map<string, EnrichedCandle>();
      for (const { candle } of sent.slice(0, count)) {
        const key = `${candle.instrument} ${candle.timeframe} ${candle.openTime}`;
        if ((last.get(key)?.revision ?? -1) < candle.revision) last.set(key, candle);
      }
      return [...last.values()].sort((a, b) => a.closeTime - b.closeTime || b.openTime - a.openTime);
    },
  };

  function next(instrument: string, timeframe: Timeframe, closeTime: number, before: EnrichedCandle | undefined): EnrichedCandle {
    const { open: openTime } = intervalAt(CRYPTO, "all", timeframe, closeTime - 1) as { open: number };
    const fields = { instrument, timeframe, openTime, closeTime };
    const fate = random();
    if (fate < 0.03) return createEnriched({ ...fields, prices: null });
    if (fate < 0.04) return createEnriched({ ...fields, prices: null, completeness: "venue-down" });
    return createEnriched({ ...fields, ...values(before) });
  }

  /** Prices in whole tenths that go on from the last close, so that equal ones and long bodies are frequent. */
  function values(before: EnrichedCandle | undefined): Pick<Made, "prices" | "volumeBase" | "vd" | "trendAngle" | "trendStrength"> {
    const from = before?.close ?? 1_000;
    const step = (): number => Math.round((random() - 0.5) * (random() < 0.3 ? 80 : 16)) / 10;
    const open = round(from + (random() < 0.7 ? 0 : step()));
    const close = round(open + step());
    const shadow = (): number => Math.round(random() * (random() < 0.3 ? 40 : 6)) / 10;
    return {
      prices: [open, round(Math.max(open, close) + shadow()), round(Math.min(open, close) - shadow()), close],
      volumeBase: Math.round(random() * 12_000) / 1_000,
      vd: Math.round((random() - 0.5) * 4_000) / 1_000,
      trendAngle: Math.round((random() - 0.5) * 60_000) / 1_000,
      trendStrength: Math.round(random() * 1_000) / 1_000,
    };
  }

  /** Most of the revised candles are near, some far behind what is kept in memory. */
  function revise(candles: EnrichedCandle[]): void {
    const back = random() < 0.8 ? 1 + Math.floor(random() * Math.min(12, candles.length)) : 1 + Math.floor(random() * candles.length);
    const at = candles.length - back;
    const old = candles[at] as EnrichedCandle;
    if (late.some(({ candle }) => candle === old)) return;
    const { instrument, timeframe, openTime, closeTime, revision } = old;
    const fields = { instrument, timeframe, openTime, closeTime };
    const changed =
      random() < 0.4
        ? { ...old, revision: revision + 1 }
        : createEnriched({ ...fields, ...values(candles[at - 1]), completeness: "backfilled", revision: revision + 1 });
    candles[at] = changed;
    send(changed);
  }
}

function round(price: number): number {
  return Math.round(price * 10) / 10;
}

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
