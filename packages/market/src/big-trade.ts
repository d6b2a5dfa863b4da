import type { Instrument } from "./instrument.ts";

/** From what size or what notional a trade is big: what it reaches first counts. Infinity: never. */
export interface BigTradeRule {
  /** Base currency or contracts. */
  size: number;
  /** Quote currency: price x size x contractSize, for inverse contracts size x contractSize. */
  notional: number;
}

/** Quote currencies that count as US dollars. */
const DOLLARS: ReadonlySet<string> = new Set(["USD", "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "USDP", "USDE"]);
const CRYPTO_NOTIONAL: Readonly<Record<string, number>> = { BTC: 100_000, ETH: 50_000 };
const OTHER_CRYPTO_NOTIONAL = 25_000;
const EQUITY: BigTradeRule = { size: 10_000, notional: 200_000 };

/**
 * The fixed threshold of an instrument; null where none is set, such as for quote currencies other than the dollar and its stable
 * coins. Crypto: 100,000 USD for BTC, 50,000 for ETH, 25,000 for the rest; equities: 10,000 shares or 200,000 USD. The numbers are
 * chosen, no exchange's block sizes.
 */
export function bigTradeRule({ instrument, calendar }: Pick<Instrument, "instrument" | "calendar">): BigTradeRule | null {
  if (calendar === "us-equity") return EQUITY;
  const [base = "", quote = ""] = instrument.split("-");
  return DOLLARS.has(quote) ? { size: Number.POSITIVE_INFINITY, notional: CRYPTO_NOTIONAL[base] ?? OTHER_CRYPTO_NOTIONAL } : null;
}

/** Tells big trades of an instrument, at one pair of scales. */
export interface BigTradeTest {
  /** Least scaled size; Infinity where no size alone is big. */
  size: number;
  /** Least product of scaled price and scaled size. */
  product: number;
}

const NEVER: BigTradeTest = { size: Number.POSITIVE_INFINITY, product: Number.POSITIVE_INFINITY };

/** The rule of an instrument on scaled integers. */
export function bigTradeTest(instrument: Instrument, priceScale: number, sizeScale: number): BigTradeTest {
  const rule = bigTradeRule(instrument);
  if (rule === null) return NEVER;
  const size = scaledUp(rule.size, sizeScale);
  if (instrument.kind === "inverse")
    return { size: Math.min(size, scaledUp(rule.notional / instrument.contractSize, sizeScale)), product: NEVER.product };
  return { size, product: scaledUp(rule.notional / instrument.contractSize, priceScale + sizeScale) };
}

/** Whether a trade is big: scaled price and size at the scales of the test. */
export function isBig({ size: leastSize, product: leastProduct }: BigTradeTest, price: number, size: number): boolean {
  if (size >= leastSize) return true;
  const product = price * size;
  if (product !== leastProduct) return product > leastProduct;
  return BigInt(price) * BigInt(size) >= BigInt(leastProduct);
}

function scaledUp(value: number, scale: number): number {
  return Math.ceil(value * 10 ** scale);
}
