import { expect, test } from "vitest";
import { DEFINITIONS, inputOf } from "../test/definitions.ts";
import { NAMED_INDICATORS } from "../test/every-indicator.ts";
import { columnsOf, generatedCandles } from "../test/generated-candles.ts";
import { computeSeries } from "./series.ts";

const CANDLES = generatedCandles(420, 3);
const INPUT = inputOf(CANDLES);

test.each(Object.entries(DEFINITIONS))("%s is what its definition says", (id, define) => {
  const create = NAMED_INDICATORS.find(([name]) => name === id)?.[1];
  if (create === undefined) throw new Error(`expected an indicator ${id}, found none`);
  const series = computeSeries(create(), columnsOf(CANDLES));
  const expected = define(INPUT);
  expect(Object.keys(expected)).toEqual(create().outputs);
  for (const [output, values] of Object.entries(expected)) {
    const found = series.values[output] as Float64Array;
    const scale = Math.max(...values.filter((value) => !Number.isNaN(value)).map(Math.abs));
    const wrong = values.flatMap((value, i) => {
      const isRight = Number.isNaN(value) ? Number.isNaN(found[i]) : Math.abs((found[i] as number) - value) <= 1e-12 * scale;
      return isRight ? [] : [`candle ${i}: ${found[i]}, not ${value}`];
    });
    expect(wrong, output).toEqual([]);
  }
});

test("every indicator has a definition", () => {
  const names = (ids: readonly string[]): Set<string> => new Set(ids.map((id) => id.slice(0, id.indexOf("@"))));
  expect(names(Object.keys(DEFINITIONS))).toEqual(names(NAMED_INDICATORS.map(([id]) => id)));
});
