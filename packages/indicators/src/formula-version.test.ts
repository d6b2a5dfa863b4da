import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { NAMED_INDICATORS } from "../test/every-indicator.ts";
import { columnsOf, generatedCandles } from "../test/generated-candles.ts";
import { OUTPUT_HASHES } from "../test/output-hashes.ts";
import type { Indicator } from "./indicator.ts";
import { computeSeries } from "./series.ts";

const CANDLES = columnsOf(generatedCandles(1_000, 7, true));

function hashOf(indicator: Indicator): string {
  const series = computeSeries(indicator, CANDLES);
  const hash = createHash("sha256").update(indicator.outputs.join());
  for (const output of indicator.outputs)
    hash.update((series.values[output] as Float64Array).map((value) => (Number.isNaN(value) ? Number.NaN : value)));
  return hash.update(series.undefined).digest("hex").slice(0, 16);
}

test.each(NAMED_INDICATORS)("%s has the bits that were published under this id; others need another version", (id, create) => {
  expect(OUTPUT_HASHES[id]).toBe(hashOf(create()));
});

test("no id has gone without its version", () => {
  const known = new Set(NAMED_INDICATORS.map(([id]) => id));
  expect(Object.keys(OUTPUT_HASHES).filter((id) => !known.has(id))).toEqual([]);
});
