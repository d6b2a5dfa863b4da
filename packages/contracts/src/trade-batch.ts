import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { isPrintable, isStorable } from "@tickfleet/market/printable";
import { createTradeColumns, type TradeColumns } from "@tickfleet/market/trade";

/** Most trades in one batch. */
export const MAX_BATCH_TRADES = 500;
/** A batch is sent once its encoded form may reach this. */
export const MAX_BATCH_BYTES = 65_536;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Scratch columns large enough for any batch. */
export function createBatchColumns(): TradeColumns {
  return createTradeColumns(MAX_BATCH_TRADES);
}

/** Encodes the first `count` trades; `stamps` are epoch microseconds by hop. */
export function encodeTradeBatch(columns: TradeColumns, stamps: Readonly<Record<string, number>>): Uint8Array {
  const n = columns.count;
  const message: Record<string, unknown> = {
    venue: columns.venue,
    instrument: columns.instrument,
    epoch: columns.epoch,
    count: n,
    priceScale: columns.priceScale,
    sizeScale: columns.sizeScale,
    eventTimeUs: differences(columns.eventTimeUs, n),
  };
  if (columns.eventTimeNsRest.subarray(0, n).some((rest) => rest !== 0)) {
    message["eventTimeNsRest"] = Array.from(columns.eventTimeNsRest.subarray(0, n));
  }
  message["receivedTimeUs"] = differences(columns.receivedTimeUs, n);
  message["sourceSeq"] = differences(columns.sourceSeq, n);
  message["price"] = differences(columns.price, n);
  message["size"] = Array.from(columns.size.subarray(0, n));
  message["side"] = Array.from(columns.side.subarray(0, n));
  const method = columns.sideMethod[0] as number;
  message["sideMethod"] = columns.sideMethod.subarray(0, n).every((m) => m === method)
    ? method
    : Array.from(columns.sideMethod.subarray(0, n));
  if (columns.quoteMethod !== null) {
    message["quote"] = {
      method: columns.quoteMethod,
      bid: differences(columns.bid, n),
      ask: differences(columns.ask, n),
      bidSize: Array.from(columns.bidSize.subarray(0, n)),
      askSize: Array.from(columns.askSize.subarray(0, n)),
      ageUs: Array.from(columns.quoteAgeUs.subarray(0, n)),
    };
  }
  if (columns.tradeId !== null) message["tradeId"] = columns.tradeId.slice(0, n);
  if (columns.fill !== null) message["fill"] = columns.fill;
  message["stamps"] = stamps;
  return encoder.encode(JSON.stringify(message));
}

/** Head of a decoded batch; the trades are in the columns that were passed. */
export interface DecodedBatch {
  stamps: Readonly<Record<string, number>>;
}

/**
 * Decodes a batch into reused columns, checking every value in the same loop.
 * @throws InvalidMessageError naming the field and what it held
 */
export function decodeTradeBatch(data: Uint8Array, into: TradeColumns): DecodedBatch {
  let message: Record<string, unknown>;
  const text = decoder.decode(data);
  try {
    message = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new InvalidMessageError("trade batch is not JSON", { cause });
  }
  if (message === null || typeof message !== "object") throw new InvalidMessageError("trade batch is not an object");
  const n = bounded(message, "count", 1, MAX_BATCH_TRADES);
  into.venue = named(message, "venue");
  into.instrument = named(message, "instrument");
  if (typeof message["epoch"] !== "string") throw new InvalidMessageError("trade batch: epoch is not text");
  into.epoch = printable("epoch", message["epoch"]);
  into.count = n;
  into.priceScale = bounded(message, "priceScale", 0, 18);
  into.sizeScale = bounded(message, "sizeScale", 0, 18);
  accumulate(message["eventTimeUs"], "eventTimeUs", n, into.eventTimeUs, 0);
  accumulate(message["receivedTimeUs"], "receivedTimeUs", n, into.receivedTimeUs, 0);
  accumulate(message["sourceSeq"], "sourceSeq", n, into.sourceSeq);
  accumulate(message["price"], "price", n, into.price);
  copy(message["size"], "size", n, into.size, 0, Number.MAX_SAFE_INTEGER);
  copy(message["side"], "side", n, into.side, -1, 1);
  const method = message["sideMethod"];
  if (typeof method === "number") into.sideMethod.fill(bounded(message, "sideMethod", 0, 3), 0, n);
  else copy(method, "sideMethod", n, into.sideMethod, 0, 3);
  if (message["eventTimeNsRest"] === undefined) into.eventTimeNsRest.fill(0, 0, n);
  else copy(message["eventTimeNsRest"], "eventTimeNsRest", n, into.eventTimeNsRest, 0, 999);
  decodeQuote(message["quote"], n, into);
  const ids = message["tradeId"];
  if (ids !== undefined && (!Array.isArray(ids) || ids.length !== n))
    throw new InvalidMessageError(`trade batch: tradeId is not ${n} entries`);
  if (ids !== undefined && !(ids as unknown[]).every((id) => id === null || typeof id === "string"))
    throw new InvalidMessageError("trade batch: tradeId has entries that are neither text nor null");
  // JSON has NUL and lone surrogates only behind a backslash
  if (ids !== undefined && text.includes("\\") && !(ids as (string | null)[]).every((id) => id === null || isStorable(id)))
    throw new InvalidMessageError("trade batch: tradeId has entries that hold NUL or a lone surrogate");
  into.tradeId = (ids as (string | null)[] | undefined) ?? null;
  into.fill = message["fill"] === undefined ? null : named(message, "fill");
  const stamps = message["stamps"];
  if (stamps === null || typeof stamps !== "object" || !Object.values(stamps).every(Number.isSafeInteger))
    throw new InvalidMessageError("trade batch: stamps is not an object of integers");
  return { stamps: stamps as Record<string, number> };
}

function decodeQuote(value: unknown, n: number, into: TradeColumns): void {
  if (value === undefined) {
    into.quoteMethod = null;
    into.quoteAgeUs.fill(-1, 0, n);
    return;
  }
  if (value === null || typeof value !== "object") throw new InvalidMessageError("trade batch: quote is not an object");
  const quote = value as Record<string, unknown>;
  if (quote["method"] !== "venue" && quote["method"] !== "arrival")
    throw new InvalidMessageError("trade batch: quote.method is not venue or arrival");
  into.quoteMethod = quote["method"];
  accumulate(quote["bid"], "quote.bid", n, into.bid);
  accumulate(quote["ask"], "quote.ask", n, into.ask);
  copy(quote["bidSize"], "quote.bidSize", n, into.bidSize, 0, Number.MAX_SAFE_INTEGER);
  copy(quote["askSize"], "quote.askSize", n, into.askSize, 0, Number.MAX_SAFE_INTEGER);
  copy(quote["ageUs"], "quote.ageUs", n, into.quoteAgeUs, -1, Number.MAX_SAFE_INTEGER);
}

function differences(values: Float64Array, count: number): number[] {
  const out = new Array<number>(count);
  let previous = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    out[i] = value - previous;
    previous = value;
  }
  return out;
}

function accumulate(value: unknown, field: string, count: number, into: Float64Array, low = Number.MIN_SAFE_INTEGER): void {
  if (!Array.isArray(value) || value.length !== count) throw new InvalidMessageError(`trade batch: ${field} is not ${count} integers`);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const entry = value[i] as number;
    sum += entry;
    if (!Number.isInteger(entry) || !Number.isSafeInteger(sum) || sum < low)
      throw new InvalidMessageError(
        `trade batch: ${field}[${i}] is not an integer of ${low} or more that fits 53 bits, after ${shown(value[i])} it is ${sum}`,
      );
    into[i] = sum;
  }
}

function copy(value: unknown, field: string, count: number, into: { [i: number]: number }, low: number, high: number): void {
  if (!Array.isArray(value) || value.length !== count) throw new InvalidMessageError(`trade batch: ${field} is not ${count} integers`);
  for (let i = 0; i < count; i++) {
    const entry = value[i] as number;
    if (!Number.isInteger(entry) || entry < low || entry > high) {
      throw new InvalidMessageError(`trade batch: ${field}[${i}] is not an integer in ${low}..${high} but ${shown(entry)}`);
    }
    into[i] = entry;
  }
}

function bounded(message: Record<string, unknown>, field: string, low: number, high: number): number {
  const value = message[field];
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) {
    throw new InvalidMessageError(`trade batch: ${field} is not an integer in ${low}..${high} but ${shown(value)}`);
  }
  return value as number;
}

function named(message: Record<string, unknown>, field: string): string {
  const value = message[field];
  if (typeof value !== "string" || value === "") throw new InvalidMessageError(`trade batch: ${field} is not text`);
  return printable(field, value);
}

function printable(field: string, value: string): string {
  if (!isPrintable(value)) throw new InvalidMessageError(`trade batch: ${field} holds a control character: ${JSON.stringify(value)}`);
  return value;
}

/** Any value in an error's words; an object off the wire may have a field named toString. */
function shown(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value).slice(0, 80) : String(value);
}
