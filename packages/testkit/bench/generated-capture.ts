import { closeSync, openSync, writeSync } from "node:fs";

/** A day's busiest minutes, made up: eight markets that trade all the time. */
export interface CaptureShape {
  trades: number;
  /** Trades per second of venue time, all markets together. */
  tradesPerSecond: number;
}

const MARKETS = [
  ["BTCUSDT", 6_500_000],
  ["ETHUSDT", 350_000],
  ["BNBUSDT", 60_000],
  ["SOLUSDT", 15_000],
  ["XRPUSDT", 5_200],
  ["ADAUSDT", 4_500],
  ["LTCUSDT", 8_400],
  ["LINKUSDT", 1_800],
] as const;
const TRADES_PER_QUOTE = 4;
const CHUNK = 1_000_000;
const START_MS = Date.parse("2024-03-05T10:00:00Z");

/** Names of the markets as the fleet writes them. */
export const CAPTURED_INSTRUMENTS: readonly string[] = MARKETS.map(([symbol]) => symbol.replace(/USDT$/, "-USDT"));

/** Writes a capture of Binance's trade and bookTicker streams: a random walk from a fixed seed, a quote every few trades. */
export function writeCapture(path: string, { trades, tradesPerSecond }: CaptureShape): void {
  const file = openSync(path, "w");
  const random = createRandom(7);
  const lastIds = MARKETS.map(() => 700_000);
  const prices = MARKETS.map(([, price]) => price as number);
  let text = "";
  for (let i = 0; i < trades; i++) {
    const market = Math.floor(random() * MARKETS.length);
    const symbol = MARKETS[market]?.[0] as string;
    const stream = symbol.toLowerCase();
    const price = Math.max(100, (prices[market] as number) + Math.floor(random() * 7) - 3);
    prices[market] = price;
    const id = (lastIds[market] as number) + 1;
    lastIds[market] = id;
    const time = START_MS + Math.floor((i * 1_000) / tradesPerSecond);
    const received = `${time + 25}${String(i % 1_000_000).padStart(6, "0")}`;
    if (i % TRADES_PER_QUOTE === 0 || i < 100) {
      text += `${received} {"stream":"${stream}@bookTicker","data":{"u":${i + 1},"s":"${symbol}","b":"${decimal(price - 1, 2)}000000","B":"1.50000000","a":"${decimal(price + 1, 2)}000000","A":"0.75000000"}}\n`;
    }
    const size = decimal(1 + Math.floor(random() * 200_000), 5);
    const data = `{"e":"trade","E":${time},"s":"${symbol}","t":${id},"p":"${decimal(price, 2)}000000","q":"${size}000","T":${time},"m":${random() < 0.5},"M":true}`;
    text += `${received} {"stream":"${stream}@trade","data":${data}}\n`;
    if (text.length > CHUNK) {
      writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
}

function decimal(scaled: number, digits: number): string {
  const text = String(scaled).padStart(digits + 1, "0");
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
