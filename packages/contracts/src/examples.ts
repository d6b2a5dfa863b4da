import { candle, candleRecomputed, formingCandle } from "./candle-messages.ts";
import { deadLetterRetryCommand, ingestStatusCommand, replayCommand } from "./control-messages.ts";
import { deadLetter } from "./dead-letter-messages.ts";
import { enriched, enrichedRecomputed } from "./enriched-messages.ts";
import { schemaId } from "./generate-schemas.ts";
import { clock, gap, status, tradeBatch } from "./market-messages.ts";
import { type MessageDefinition, type Payload, subjectOf } from "./message.ts";

/** One message as it goes over the wire. */
export interface Example {
  definition: MessageDefinition;
  payload: object;
}

const stamps = { received: 1_718_000_059_998_120, published: 1_718_000_060_003_004 };

const oneMinute: Omit<Payload<typeof candle>, "stamps" | "state"> = {
  venue: "binance",
  instrument: "BTC-USDT",
  timeframe: "1m",
  anchor: "UTC",
  session: "all",
  openTime: 1_718_000_040_000,
  closeTime: 1_718_000_100_000,
  completeness: "full",
  origin: "trades",
  badMinutes: 0,
  flags: 0,
  revision: 0,
  firstTradeId: "3640512001",
  lastTradeId: "3640512003",
  algo: "candle-1",
  open: 69_500.1,
  high: 69_500.2,
  low: 69_500.1,
  close: 69_500.1,
  volumeBase: 0.75,
  volumeBuy: 0.5,
  volumeSell: 0.25,
  volumeUnknown: 0,
  volumeQuote: 52_125.105,
  sumPriceSize: 52_125.105,
  trades: 3,
  tradesBuy: 2,
  tradesSell: 1,
  maxTradeSize: 0.3,
  avgTradeSize: 0.25,
  sumBidDepth: 6,
  sumAskDepth: 9,
  sumSpreadBps: 43_164,
  quoteTrades: 3,
  crossedQuotes: 0,
  spreadBps: 0.014388,
  vdOpen: 0.2,
  vdHigh: 0.5,
  vdLow: 0.2,
  vd: 0.25,
  vdRatio: 0.333333333333,
  cvdOpen: 12.2,
  cvdHigh: 12.5,
  cvdLow: 12.2,
  cvd: 12.25,
  cvdBase: 12,
  vwap: 69_500.14,
  priceChangeBps: 0,
  priceRangeBps: 0.0143884685058,
  buyPressure: 0.666666666667,
  sellPressure: 0.333333333333,
  lastClose: null,
};

/** A valid message of every kind, for readers in other languages to test against. */
export const examples: readonly Example[] = [
  example(tradeBatch, {
    venue: "binance",
    instrument: "BTC-USDT",
    epoch: "",
    count: 3,
    priceScale: 2,
    sizeScale: 5,
    eventTimeUs: [1_718_000_041_120_000, 880_000, 2_000_000],
    receivedTimeUs: [1_718_000_041_121_410, 879_900, 2_000_210],
    sourceSeq: [3_640_512_001, 1, 1],
    price: [6_950_010, 10, -10],
    size: [20_000, 30_000, 25_000],
    side: [1, 1, -1],
    sideMethod: 0,
    quote: {
      method: "arrival",
      bid: [6_950_010, 0, 0],
      ask: [6_950_020, 0, 0],
      bidSize: [200_000, 200_000, 200_000],
      askSize: [300_000, 300_000, 300_000],
      ageUs: [1_204, 320, 15_000],
    },
    stamps,
  }),
  example(clock, {
    venue: "binance",
    connection: "spot-1",
    time: 1_718_000_100_250_000,
    state: "live",
    version: 1,
    held: [],
  }),
  example(status, {
    venue: "binance",
    connection: "spot-1",
    state: "live",
    time: 1_718_000_000_000_000,
    version: 1,
    instruments: [
      {
        venue: "binance",
        instrument: "BTC-USDT",
        venueSymbol: "BTCUSDT",
        calendar: "crypto",
        kind: "spot",
        contractSize: 1,
        priceScale: 2,
        sizeScale: 5,
        closeDelayMs: 250,
      },
    ],
    reason: "connected",
  }),
  example(gap, {
    id: "spot-1:BTC-USDT:3640512003",
    venue: "binance",
    instrument: "BTC-USDT",
    from: 1_718_000_044_000_000,
    to: 1_718_000_134_000_000,
    state: "filled",
    missing: 412,
    filled: 412,
    reason: "reconnect",
  }),
  example(candle, { ...oneMinute, state: "closed", stamps }),
  example(candleRecomputed, {
    venue: "binance",
    instrument: "BTC-USDT",
    timeframe: "1m",
    anchor: "UTC",
    session: "all",
    from: 1_718_000_040_000,
    to: 1_718_000_160_000,
    cause: "gap-fill",
    inputSeq: 98_231,
  }),
  example(formingCandle, { ...oneMinute, state: "forming", stamps, update: 3, basedOnSeq: 98_102 }),
  example(enriched, {
    ...candleColumns(oneMinute),
    state: "closed",
    candleRevision: 0,
    candleAlgo: "candle@1.0.0",
    revision: 0,
    algo: ["sma@1.0.0(period=50)", "rsi@1.0.0(period=14)"],
    indicators: {
      sma50: 69_480.362,
      sma200: null,
      ema9: 69_498.7712345,
      ema21: 69_490.2083921,
      rsi14: 56.2831400123,
      macd: 4.01223781165,
      macdSignal: 3.62201993411,
      macdHistogram: 0.39021787754,
      bbandsUpper: 69_530.1182213,
      bbandsMiddle: 69_489.905,
      bbandsLower: 69_449.6917787,
      atr14: 21.4000312876,
      natr14: 0.0307913675456,
      vwapSession: 69_412.8120044,
      obv: 118.25,
      stochK: 71.4401288776,
      stochD: 69.9918200321,
      adx14: 18.2207754412,
      linearregSlope20: 2.11300751879,
      volumeSma20: 1.0825,
      trendAngle: 5.63879441028,
    },
    undefined: [],
    stamps,
  }),
  example(enrichedRecomputed, {
    venue: "binance",
    instrument: "BTC-USDT",
    timeframe: "1m",
    anchor: "UTC",
    session: "all",
    from: 1_718_000_040_000,
    to: 1_718_000_160_000,
    cause: "candle-revised",
    inputSeq: 41_207,
  }),
  example(deadLetter, {
    service: "aggregator",
    stream: "MARKET",
    streamSeq: 98_140,
    subject: subjectOf(tradeBatch, { venue: "binance", instrument: "BTC-USDT" }),
    headers: {},
    payload: "eyJ2ZW51ZSI6ImJpbmFuY2UifQ==",
    kind: "invalid",
    error: "trade batch: count is not an integer in 1..500 but undefined",
    time: 1_718_000_060_010,
  }),
  example(replayCommand, { id: "replay-1", files: ["/data/binance_spot_btcusdt_20240808.txt.gz"], speed: "max" }),
  example(ingestStatusCommand, { id: null }),
  example(deadLetterRetryCommand, { dlqSeqs: [12, 13] }),
];

/** What an enriched candle takes over as it is. */
function candleColumns({ revision: _, algo: __, ...columns }: typeof oneMinute): Omit<typeof oneMinute, "revision" | "algo"> {
  return columns;
}

function example<Definition extends MessageDefinition>(definition: Definition, payload: Payload<Definition>): Example {
  return { definition, payload: payload as object };
}

/** The example of a message; throws RangeError where nobody wrote one. */
export function exampleOf(definition: MessageDefinition): object {
  const found = examples.find((candidate) => schemaId(candidate.definition) === schemaId(definition));
  if (found === undefined) throw new RangeError(`${definition.name} v${definition.version} has no example in examples.ts`);
  return found.payload;
}
