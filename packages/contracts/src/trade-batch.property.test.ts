import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { TradeColumns } from "@tickfleet/market/trade";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exampleOf } from "./examples.ts";
import { tradeBatch, tradeBatchSchema } from "./market-messages.ts";
import { createBatchColumns, decodeTradeBatch, encodeTradeBatch, MAX_BATCH_TRADES } from "./trade-batch.ts";

const timeUs = fc.integer({ min: 0, max: 4_102_444_800_000_000 });
// Differences of two of these stay safe integers too.
const scaled = fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 });
const scaledSize = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const tradeArbitrary = fc.record({
  eventTimeUs: timeUs,
  eventTimeNsRest: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999 })),
  receivedTimeUs: timeUs,
  sourceSeq: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  price: scaled,
  size: scaledSize,
  side: fc.integer({ min: -1, max: 1 }),
  sideMethod: fc.integer({ min: 0, max: 3 }),
  bid: scaled,
  ask: scaled,
  bidSize: scaledSize,
  askSize: scaledSize,
  quoteAgeUs: fc.integer({ min: -1, max: 10_000_000 }),
  tradeId: fc.option(fc.string({ maxLength: 8 })),
});

const batchArbitrary = fc.record({
  venue: fc.string({ minLength: 1, maxLength: 12 }),
  instrument: fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  epoch: fc.string({ maxLength: 12 }),
  priceScale: fc.integer({ min: 0, max: 18 }),
  sizeScale: fc.integer({ min: 0, max: 18 }),
  quoteMethod: fc.constantFrom("venue", "arrival", null),
  withIds: fc.boolean(),
  oneMethod: fc.boolean(),
  fill: fc.option(fc.string({ minLength: 1, maxLength: 12 })),
  trades: fc.array(tradeArbitrary, { minLength: 1, maxLength: 40 }),
  stamps: fc.dictionary(fc.constantFrom("received", "published", "spooled"), timeUs),
});

type Batch = typeof batchArbitrary extends fc.Arbitrary<infer T> ? T : never;

function columnsOf(batch: Batch): TradeColumns {
  const columns = createBatchColumns();
  columns.venue = batch.venue;
  columns.instrument = batch.instrument;
  columns.epoch = batch.epoch;
  columns.count = batch.trades.length;
  columns.priceScale = batch.priceScale;
  columns.sizeScale = batch.sizeScale;
  columns.quoteMethod = batch.quoteMethod;
  columns.fill = batch.fill;
  columns.tradeId = batch.withIds ? batch.trades.map((trade) => trade.tradeId) : null;
  for (const [i, trade] of batch.trades.entries()) {
    columns.eventTimeUs[i] = trade.eventTimeUs;
    columns.eventTimeNsRest[i] = trade.eventTimeNsRest;
    columns.receivedTimeUs[i] = trade.receivedTimeUs;
    columns.sourceSeq[i] = trade.sourceSeq;
    columns.price[i] = trade.price;
    columns.size[i] = trade.size;
    columns.side[i] = trade.side;
    columns.sideMethod[i] = batch.oneMethod ? 2 : trade.sideMethod;
    columns.bid[i] = trade.bid;
    columns.ask[i] = trade.ask;
    columns.bidSize[i] = trade.bidSize;
    columns.askSize[i] = trade.askSize;
    columns.quoteAgeUs[i] = batch.quoteMethod === null ? -1 : trade.quoteAgeUs;
  }
  return columns;
}

/** What a reader may rely on: the head and the first `count` entries; quotes only where there are some. */
function visible(columns: TradeColumns): Record<string, unknown> {
  const n = columns.count;
  const quotes = columns.quoteMethod === null ? [] : (["bid", "ask", "bidSize", "askSize"] as const);
  const always = [
    "eventTimeUs",
    "eventTimeNsRest",
    "receivedTimeUs",
    "sourceSeq",
    "price",
    "size",
    "side",
    "sideMethod",
    "quoteAgeUs",
  ] as const;
  const { venue, instrument, epoch, count, priceScale, sizeScale, quoteMethod, fill, tradeId } = columns;
  const head = { venue, instrument, epoch, count, priceScale, sizeScale, quoteMethod, fill, tradeId };
  return { ...head, ...Object.fromEntries([...always, ...quotes].map((name) => [name, Array.from(columns[name].subarray(0, n))])) };
}

function decodeObject(message: unknown): void {
  decodeTradeBatch(new TextEncoder().encode(JSON.stringify(message)), createBatchColumns());
}

describe("trade batches", () => {
  test("what was encoded comes back, into columns that held another batch", () => {
    const reused = createBatchColumns();
    fc.assert(
      fc.property(batchArbitrary, (batch) => {
        const columns = columnsOf(batch);
        const { stamps } = decodeTradeBatch(encodeTradeBatch(columns, batch.stamps), reused);
        expect(visible(reused)).toEqual(visible(columns));
        expect(stamps).toEqual({ ...batch.stamps });
      }),
    );
  });

  test("every encoded batch fits the published schema", () => {
    fc.assert(
      fc.property(batchArbitrary, (batch) => {
        const message: unknown = JSON.parse(new TextDecoder().decode(encodeTradeBatch(columnsOf(batch), batch.stamps)));
        expect(tradeBatchSchema.safeParse(message).error).toBeUndefined();
      }),
    );
  });

  test("the same trades have the same bytes", () => {
    fc.assert(
      fc.property(batchArbitrary, (batch) => {
        expect(encodeTradeBatch(columnsOf(batch), batch.stamps)).toEqual(encodeTradeBatch(columnsOf(batch), batch.stamps));
      }),
    );
  });

  test("a full batch holds the most trades allowed", () => {
    const [trade] = fc.sample(tradeArbitrary, { numRuns: 1, seed: 1 });
    const [batch] = fc.sample(batchArbitrary, { numRuns: 1, seed: 1 });
    const columns = columnsOf({ ...(batch as Batch), trades: Array(MAX_BATCH_TRADES).fill(trade) });
    const decoded = createBatchColumns();
    decodeTradeBatch(encodeTradeBatch(columns, {}), decoded);
    expect(decoded.count).toBe(MAX_BATCH_TRADES);
  });
});

describe("malformed batches are refused with the field's name", () => {
  const good = exampleOf(tradeBatch) as Record<string, unknown>;

  test.each<[string, unknown]>([
    ["not an object", null],
    ["not an object", 3],
    ["venue", { ...good, venue: "" }],
    ["instrument", { ...good, instrument: 7 }],
    ["epoch", { ...good, epoch: null }],
    ["count", { ...good, count: 0 }],
    ["count", { ...good, count: 501 }],
    ["count", { ...good, count: 2.5 }],
    ["priceScale", { ...good, priceScale: 19 }],
    ["sizeScale", { ...good, sizeScale: -1 }],
    ["eventTimeUs", { ...good, eventTimeUs: [1] }],
    ["receivedTimeUs", { ...good, receivedTimeUs: "now" }],
    ["sourceSeq", { ...good, sourceSeq: [Number.MAX_SAFE_INTEGER, 1, 1] }],
    ["price", { ...good, price: [1, 2, 0.5] }],
    ["price", { ...good, price: [1, null, 2] }],
    ["price", { ...good, price: [1, "2", 3] }],
    ["size", { ...good, size: [1, -1, 1] }],
    ["side", { ...good, side: [1, 2, 0] }],
    ["side", { ...good, side: [1, { toString: 0 }, 0] }],
    ["sideMethod", { ...good, sideMethod: 4 }],
    ["sideMethod", { ...good, sideMethod: [0, 0] }],
    ["sideMethod", { ...good, sideMethod: undefined }],
    ["eventTimeNsRest", { ...good, eventTimeNsRest: [0, 1000, 0] }],
    ["quote", { ...good, quote: null }],
    ["quote.method", { ...good, quote: { ...(good["quote"] as object), method: "guess" } }],
    ["quote.bid", { ...good, quote: { ...(good["quote"] as object), bid: undefined } }],
    ["quote.ageUs", { ...good, quote: { ...(good["quote"] as object), ageUs: [0, 0, -2] } }],
    ["tradeId", { ...good, tradeId: ["a"] }],
    ["tradeId", { ...good, tradeId: ["a", 5, "c"] }],
    ["fill", { ...good, fill: 5 }],
    ["stamps", { ...good, stamps: null }],
  ])("%s", (field, message) => {
    expect(() => decodeObject(message)).toThrow(InvalidMessageError);
    expect(() => decodeObject(message)).toThrow(field);
  });

  test("any bytes are decoded or refused, never anything else", () => {
    const columns = createBatchColumns();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (data) => {
          expect(() => decodeTradeBatch(data, columns)).toThrow(InvalidMessageError);
        },
      ),
    );
  });

  test("any one field replaced by anything is refused as invalid or still readable", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(good)), fc.jsonValue(), (field, value) => {
        try {
          decodeObject({ ...good, [field]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidMessageError);
        }
      }),
    );
  });
});
