import { candle, candleRecomputed, candleSchema } from "@tickfleet/contracts/candle-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import type { Candle } from "@tickfleet/market/candle";
import type { Timeframe } from "@tickfleet/market/timeframe";
import type { OutgoingMessage } from "@tickfleet/runtime/bus";

export const VENUE = "test";
/** 21:00 UTC: the session's average begins anew in the middle. */
export const START = Date.UTC(2026, 2, 4, 21);
export const MINUTE = 60_000;
const NO_CANDLE = Object.fromEntries(Object.keys(candleSchema.shape).map((name) => [name, null])) as unknown as Candle;
const SUMS = [
  "volumeQuote",
  "sumBidDepth",
  "sumAskDepth",
  "sumSpreadBps",
  "quoteTrades",
  "crossedQuotes",
  "badMinutes",
  "flags",
  "revision",
];
const DELTAS = ["volumeUnknown", "volumeBuy", "volumeSell", "vd", "cvd", "cvdBase", "trades", "tradesBuy", "tradesSell"];
const ZEROS = Object.fromEntries([...SUMS, ...DELTAS].map((name) => [name, 0]));

/** Messages of CANDLES, and the candles that they leave. */
export interface CandleScript {
  messages: OutgoingMessage[];
  /** By key of the row; the last revision of each after `count` messages. */
  candlesAfter(count: number): Candle[];
}

interface Priced {
  open: number;
  high: number;
  low: number;
  close: number;
  volumeBase: number;
}

export function createCandle(
  fields: Partial<Candle> & Pick<Candle, "instrument" | "timeframe" | "openTime" | "closeTime">,
  priced: Priced | null,
): Candle {
  const prices =
    priced === null ? { volumeBase: 0, sumPriceSize: 0 } : { ...priced, sumPriceSize: priced.close * priced.volumeBase, trades: 3 };
  const fixed = {
    venue: VENUE,
    anchor: "UTC",
    session: "all",
    calendar: "crypto",
    state: "closed",
    completeness: "full",
    origin: "trades",
    algo: "candle@1.0.0",
  };
  return { ...NO_CANDLE, ...ZEROS, ...fixed, ...prices, ...fields } as Candle;
}

export function messageOf(sent: Candle, id: string): OutgoingMessage {
  const { venue, instrument, timeframe } = sent;
  return {
    subject: subjectOf(candle, { venue, instrument, timeframe }),
    headers: { "Nats-Msg-Id": id },
    data: new TextEncoder().encode(JSON.stringify({ ...sent, stamps: {} })),
  };
}

/**
 * `minutes` of three instruments on two timeframes: candles without trades, outages, a stretch without a move, revisions of near and
 * far candles, one that comes late into a hole of one minute, a pause of five days, notices. The same seed gives the same bytes.
 */
export function candleScript(seed: number, minutes: number): CandleScript {
  const random = generator(seed);
  const sent: { message: OutgoingMessage; candle: Candle | null }[] = [];
  const series = new Map<string, Candle[]>();
  let pauseMs = 0;
  const send = (made: Candle): void => void sent.push({ message: messageOf(made, `script-${sent.length}`), candle: made });

  for (let minute = 0; minute < minutes; minute++) {
    for (const [index, instrument] of ["AAA-USD", "BBB-USD", "CCC-USD"].entries()) {
      if (instrument === "CCC-USD" && minute === Math.floor(minutes / 2)) pauseMs = 5 * 24 * 60 * MINUTE;
      const now = START + minute * MINUTE + (instrument === "CCC-USD" ? pauseMs : 0);
      for (const [timeframe, length] of [
        ["1m", 1],
        ["5m", 5],
      ] as const) {
        if (minute % length !== length - 1) continue;
        const key = `${instrument} ${timeframe}`;
        const candles = series.get(key) ?? [];
        series.set(key, candles);
        const closeTime = now + MINUTE;
        const made = nextCandle(candles.at(-1), instrument, timeframe, closeTime - length * MINUTE, closeTime, index, minute);
        candles.push(made);
        // one candle comes when its successors are there
        if (!(instrument === "AAA-USD" && timeframe === "1m" && minute === 100)) send(made);
        if (instrument === "AAA-USD" && timeframe === "1m" && minute === 112) send(candles[100] as Candle);
        if (random() < 0.03 && candles.length > 20 && minute !== 105) revise(candles);
        if (random() < 0.01) notice(made);
      }
    }
  }
  return {
    messages: sent.map(({ message }) => message),
    candlesAfter(count) {
      const last = new Map<string, Candle>();
      for (const { candle: made } of sent.slice(0, count))
        if (made !== null) last.set(`${made.instrument} ${made.timeframe} ${made.openTime}`, made);
      return [...last.values()].sort((a, b) => a.openTime - b.openTime);
    },
  };

  function nextCandle(
    before: Candle | undefined,
    instrument: string,
    timeframe: Timeframe,
    openTime: number,
    closeTime: number,
    index: number,
    minute: number,
  ): Candle {
    const fate = random();
    const fields = { instrument, timeframe, openTime, closeTime, cvd: Math.floor(random() * 100) };
    const isFlat = index === 1 && minute >= 40 && minute < 70;
    if (!isFlat && fate < 0.06) return createCandle({ ...fields, completeness: "no-trades", lastClose: before?.close ?? null }, null);
    if (!isFlat && fate < 0.08) return createCandle({ ...fields, completeness: "venue-down" }, null);
    return createCandle(fields, isFlat ? { open: 100, high: 100, low: 100, close: 100, volumeBase: 1.5 } : prices(index));
  }

  function prices(index: number): Priced {
    const cents = (): number => 10_000 + index * 500 + Math.floor(random() * 200);
    const all = [cents(), cents(), cents(), cents()];
    const [open, close] = all as [number, number];
    return {
      open: open / 100,
      high: Math.max(...all) / 100,
      low: Math.min(...all) / 100,
      close: close / 100,
      volumeBase: (1 + Math.floor(random() * 5_000)) / 1_000,
    };
  }

  /** Most of the revised candles are near, some behind the longest window. */
  function revise(candles: Candle[]): void {
    const back = random() < 0.8 ? 2 + Math.floor(random() * 12) : 2 + Math.floor(random() * (candles.length - 2));
    const at = candles.length - back;
    const old = candles[at] as Candle;
    const fields = { ...old, revision: old.revision + 1, state: "revised" as const, completeness: "backfilled" as const };
    const isSame = random() < 0.2;
    const made = isSame && old.close !== null ? { ...old, ...fields } : createCandle({ ...pick(fields) }, prices(at % 3));
    candles[at] = made;
    send(made);
  }

  function pick({ instrument, timeframe, openTime, closeTime, revision, state, completeness, cvd }: Candle) {
    return { instrument, timeframe, openTime, closeTime, revision, state, completeness, cvd };
  }

  function notice({ instrument, timeframe, openTime, closeTime, anchor, session }: Candle): void {
    const payload = {
      venue: VENUE,
      instrument,
      timeframe,
      anchor,
      session,
      from: openTime,
      to: closeTime,
      cause: "gap-fill",
      inputSeq: sent.length,
    };
    sent.push({
      candle: null,
      message: {
        subject: subjectOf(candleRecomputed, { venue: VENUE, instrument, timeframe }),
        headers: { "Nats-Msg-Id": `script-${sent.length}` },
        data: new TextEncoder().encode(JSON.stringify(payload)),
      },
    });
  }
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
