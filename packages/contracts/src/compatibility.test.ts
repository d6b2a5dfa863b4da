import { describe, expect, test } from "vitest";
import { z } from "zod";
import { breakingChanges } from "./compatibility.ts";
import { publishedSchema } from "./generate-schemas.ts";
import { defineMessage } from "./message.ts";

const fields = {
  name: z.string().min(1),
  size: z.number(),
  price: z.number().nullable(),
  side: z.enum(["buy", "sell"]),
  count: z.int().min(0).max(500),
  note: z.string().optional(),
  tags: z.array(z.string()),
  stamps: z.record(z.string(), z.int()),
  quote: z.object({ bid: z.int(), ask: z.int() }).optional(),
};

function schemaOf(shape: z.ZodRawShape, template = "md.v1.sample.{p}.{venue}.{instrument}") {
  return publishedSchema(
    defineMessage({ name: "sample", version: 1, template, stream: "MARKET", owner: "ingest", summary: "s", schema: z.object(shape) }),
  );
}

function without(name: keyof typeof fields): z.ZodRawShape {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
}

const published = schemaOf(fields);

describe("safe changes", () => {
  test.each<[string, z.ZodRawShape]>([
    ["nothing", fields],
    ["a new optional field", { ...fields, extra: z.string().optional() }],
    ["a new optional field with fields of its own", { ...fields, extra: z.object({ a: z.int() }).optional() }],
    ["another value of an enum", { ...fields, side: z.enum(["buy", "sell", "unknown"]) }],
    ["wider bounds", { ...fields, count: z.int().min(0).max(1000) }],
    ["another description", { ...fields, size: z.number().describe("base currency") }],
    ["another order of fields", Object.fromEntries(Object.entries(fields).reverse())],
    [
      "a new optional field inside a field",
      { ...fields, quote: z.object({ bid: z.int(), ask: z.int(), age: z.int().optional() }).optional() },
    ],
  ])("%s", (_, shape) => {
    expect(breakingChanges(published, schemaOf(shape))).toEqual([]);
  });
});

describe("breaking changes", () => {
  test.each<[string, z.ZodRawShape, string]>([
    ["a field removed", without("size"), "size: field removed"],
    ["an optional field removed", without("note"), "note: field removed"],
    ["another type", { ...fields, size: z.string() }, "size: type changed from number to string"],
    ["an integer made a number", { ...fields, count: z.number().min(0).max(500) }, "count: type changed from integer to number"],
    ["a field that may now be null", { ...fields, size: z.number().nullable() }, "size: may now be null"],
    ["a field that may no longer be null", { ...fields, price: z.number() }, "price: no longer null"],
    ["a new required field", { ...fields, extra: z.string() }, "extra: new required field, which stored messages lack"],
    ["an optional field made required", { ...fields, note: z.string() }, "note: now required, and stored messages may lack it"],
    ["a required field made optional", { ...fields, size: z.number().optional() }, "size: may now be absent"],
    ["fewer values of an enum", { ...fields, side: z.enum(["buy"]) }, "side: values removed: sell"],
    ["text made an enum", { ...fields, name: z.enum(["a"]) }, 'name: any value before, now only ["a"]'],
    ["tighter upper bound", { ...fields, count: z.int().min(0).max(100) }, "count: maximum tightened from 500 to 100"],
    ["tighter lower bound", { ...fields, count: z.int().min(1).max(500) }, "count: minimum tightened from 0 to 1"],
    ["another type of entries", { ...fields, tags: z.array(z.int()) }, "tags[]: type changed from string to integer"],
    ["another type of values", { ...fields, stamps: z.record(z.string(), z.string()) }, "stamps[]: type changed from integer to string"],
    ["a field removed inside a field", { ...fields, quote: z.object({ bid: z.int() }).optional() }, "quote.ask: field removed"],
  ])("%s", (_, shape, change) => {
    expect(breakingChanges(published, schemaOf(shape))).toContain(change);
  });

  test("another subject", () => {
    const moved = schemaOf(fields, "md.v1.sample.{p}.{venue}.{instrument}.{timeframe}");
    expect(breakingChanges(published, moved)).toEqual([
      "subject changed from md.v1.sample.{p}.{venue}.{instrument} to md.v1.sample.{p}.{venue}.{instrument}.{timeframe}",
    ]);
  });

  test("another stream", () => {
    expect(breakingChanges(published, { ...published, "x-stream": "CANDLES" })).toEqual(["stream changed from MARKET to CANDLES"]);
  });
});
