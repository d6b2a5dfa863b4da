import type { BenchResult } from "../../testkit/src/bench.ts";
import { CandleSeries } from "../src/candle-series.ts";
import type { Instrument } from "../src/instrument.ts";
import { createTradeColumns, type TradeColumns } from "../src/trade.ts";

const TRADES = 1_000_000;
const BATCH = 500;
/** One trade every millisecond: two batches and a clock per second of venue time, a minute of 60,000 trades. */
const TRADES_PER_SECOND = 1_000;
const ROUNDS = 5;
const WARM_UP = 3;
const START_US = Date.parse("2024-03-05T10:50:00Z") * 1000;

const INSTRUMENT: Instrument = {
  venue: "bench",
  instrument: "BTC-USDT",
  venueSymbol: "BTCUSDT",
  calendar: "crypto",
  kind: "spot",
  contractSize: 1,
  priceScale: 2,
  sizeScale: 5,
  closeDelayMs: 250,
};

/** Trades per second through the candle series, all nine timeframes, beside a plain loop that keeps OHLCV and sides per minute. */
export async function run(): Promise<BenchResult[]> {
  const bare = createBatches(false);
  const quoted = createBatches(true);
  for (let round = 0; round < WARM_UP; round++) for (const batches of [bare, quoted]) runSeries(batches);
  for (let round = 0; round < WARM_UP; round++) runFloor(bare);
  const times = { floor: [] as number[], bare: [] as number[], quoted: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.floor.push(seconds(() => runFloor(bare)));
    times.bare.push(seconds(() => runSeries(bare)));
    times.quoted.push(seconds(() => runSeries(quoted)));
  }
  const floor = TRADES / median(times.floor);
  const resultOf = (name: string, value: number): BenchResult => ({
    name,
    value: Math.round(value),
    unit: "trades/s",
    against: "floor",
    reference: Math.round(floor),
    ratio: value / floor,
  });
  return [resultOf("candles.core", TRADES / median(times.bare)), resultOf("candles.core.quotes", TRADES / median(times.quoted))];
}

/** A random walk with sides, from a fixed seed. */
function createBatches(quoted: boolean): TradeColumns[] {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const batches: TradeColumns[] = [];
  let price = 6_500_000;
  for (let first = 0; first < TRADES; first += BATCH) {
    const batch = createTradeColumns(BATCH);
    batch.priceScale = INSTRUMENT.priceScale;
    batch.sizeScale = INSTRUMENT.sizeScale;
    batch.quoteMethod = quoted ? "arrival" : null;
    batch.count = BATCH;
    for (let i = 0; i < BATCH; i++) {
      price += Math.floor(random() * 21) - 10;
      const chance = random();
      batch.eventTimeUs[i] = START_US + ((first + i) * 1e6) / TRADES_PER_SECOND;
      batch.sourceSeq[i] = 3_000_000_000 + first + i;
      batch.price[i] = price;
      batch.size[i] = 1 + Math.floor(random() * 200_000);
      batch.side[i] = chance < 0.48 ? 1 : chance < 0.96 ? -1 : 0;
      batch.bid[i] = price - 1;
      batch.ask[i] = price + 1;
      batch.bidSize[i] = 50_000;
      batch.askSize[i] = 70_000;
      batch.quoteAgeUs[i] = quoted ? 1_500 : -1;
    }
    batches.push(batch);
  }
  return batches;
}

function runSeries(batches: readonly TradeColumns[]): number {
  const series = new CandleSeries(INSTRUMENT, START_US);
  const clockEvery = TRADES_PER_SECOND / BATCH;
  let rows = 0;
  for (let i = 0; i < batches.length; i++) {
    series.addBatch(batches[i] as TradeColumns);
    if ((i + 1) % clockEvery === 0) {
      series.advanceTo(START_US + ((i + 1) / clockEvery) * 1e6, false, () => {
        rows += 1;
      });
    }
  }
  if (rows === 0) throw new Error("expected closed candles, found none");
  return rows;
}

/** What cannot be left out: each trade read once and taken into its minute's open, high, low, close, volume and sides. */
function runFloor(batches: readonly TradeColumns[]): number {
  let minute = Number.NaN;
  let minutes = 0;
  let [open, high, low, close, volume, buy, sell, trades, checksum] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (const batch of batches) {
    for (let i = 0; i < batch.count; i++) {
      const at = Math.floor((batch.eventTimeUs[i] as number) / 60_000_000);
      const price = batch.price[i] as number;
      const size = batch.size[i] as number;
      const side = batch.side[i] as number;
      if (at !== minute) {
        checksum += open + high + low + close + volume + buy + sell + trades;
        minutes += 1;
        minute = at;
        open = high = low = price;
        volume = buy = sell = trades = 0;
      }
      if (price > high) high = price;
      if (price < low) low = price;
      close = price;
      volume += size;
      if (side > 0) buy += size;
      else if (side < 0) sell += size;
      trades += 1;
    }
  }
  if (checksum === 0) throw new Error("expected minutes, found none");
  return minutes;
}

function seconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
