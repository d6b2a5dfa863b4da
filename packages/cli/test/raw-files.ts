import { readFileSync } from "node:fs";
import { gunzipSync, inflateRawSync } from "node:zlib";
import type { PlainMarket, PlainQuote, PlainTrade } from "./plain-candles.ts";

// Readers of raw files for comparison: they share no code with the product.

/** Integer in units of 10^-scale. */
export function scaled(text: string, scale: number): number {
  const [whole = "0", fraction = ""] = text.split(".");
  if (/[1-9]/.test(fraction.slice(scale))) throw new RangeError(`${text} has more than ${scale} decimals`);
  return Number(whole + fraction.slice(0, scale).padEnd(scale, "0"));
}

interface CaptureMessage {
  stream?: string;
  data?: Record<string, string | number | boolean>;
}

/** A spot capture of one symbol as plain arrays. */
export function readCapture(
  texts: readonly string[],
  priceScale = 2,
  sizeScale = 5,
): Pick<PlainMarket, "trades" | "coveredFromUs" | "endUs"> {
  const trades: PlainTrade[] = [];
  let quote: (PlainQuote & { receivedUs: number }) | null = null;
  let first: number | null = null;
  let greatest = 0;
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    if (line === "") continue;
    const space = line.indexOf(" ");
    const receivedUs = Math.floor(Number(line.slice(0, space).slice(0, -3)));
    const { stream = "", data = {} } = JSON.parse(line.slice(space + 1)) as CaptureMessage;
    if (stream.endsWith("@bookTicker")) {
      const price = (name: string): number => scaled(String(data[name]), priceScale);
      const size = (name: string): number => scaled(String(data[name]), sizeScale);
      quote = { bid: price("b"), ask: price("a"), bidSize: size("B"), askSize: size("A"), receivedUs };
    }
    if (stream.endsWith("@trade")) {
      const isValid = quote !== null && quote.bidSize > 0 && quote.askSize > 0 && receivedUs - quote.receivedUs <= 5_000_000;
      trades.push({
        timeUs: Number(data["T"]) * 1000,
        seq: Number(data["t"]),
        id: String(data["t"]),
        price: scaled(String(data["p"]), priceScale),
        size: scaled(String(data["q"]), sizeScale),
        side: data["m"] === true ? -1 : 1,
        quote: isValid ? quote : null,
        hasQuote: quote !== null,
      });
    }
    const eventTime = Number(data["E"] ?? 0) * 1000;
    if (eventTime > 0) first ??= eventTime;
    greatest = Math.max(greatest, eventTime);
  }
  return { trades, coveredFromUs: first ?? 0, endUs: greatest };
}

export function readGzip(path: string): string {
  return gunzipSync(readFileSync(path)).toString();
}

/** Rows of the one file in a zip that holds it deflated. */
export function readZipRows(path: string): string[] {
  const bytes = readFileSync(path);
  const directory = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  const size = bytes.readUInt32LE(directory + 20);
  const header = bytes.readUInt32LE(directory + 42);
  const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  return inflateRawSync(bytes.subarray(start, start + size))
    .toString()
    .split(/\r?\n/)
    .filter((row) => row !== "");
}

/** Trades of a Lean equity tick file; sides by the tick rule, which forgets after a minute without a trade. */
export function readLeanTrades(rows: readonly string[], midnightMs: number): PlainTrade[] {
  const trades: PlainTrade[] = [];
  let direction: -1 | 0 | 1 = 0;
  for (const [seq, row] of rows.entries()) {
    const [ms, price, size] = row.split(",").map(Number) as [number, number, number];
    const timeUs = (midnightMs + ms) * 1000;
    const before = trades.at(-1);
    if (before === undefined || timeUs - before.timeUs > 60_000_000) direction = 0;
    else if (price !== before.price) direction = price > before.price ? 1 : -1;
    trades.push({ timeUs, seq, id: null, price, size, side: direction, quote: null, hasQuote: false });
  }
  return trades;
}
