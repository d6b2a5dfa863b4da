import { describe, expect, test } from "vitest";
import { goldenTitle, hasGolden, readCandlestickSeries, readPrices } from "../test/golden.ts";
import { createCandlestickScanner } from "./candlestick-scanner.ts";
import * as candlestickModule from "./candlesticks.ts";

const { candlesticks, findCandlestick } = candlestickModule;
const functions = { ...candlestickModule } as unknown as Record<string, typeof candlestickModule.CDLMATHOLD>;

/** Per data set: values compared, those of them that are not 0, and values left out because rounding alone decides them. */
const DATASETS = [
  { dataset: "spy-1d", compared: 397_652, fired: 12_972, leftOut: 80 },
  { dataset: "btcusd-1m", compared: 391_586, fired: 18_338, leftOut: 94 },
  { dataset: "candles-a", compared: 639_341, fired: 29_762, leftOut: 403 },
];

describe.skipIf(!hasGolden)(goldenTitle, () => {
  test.each(DATASETS)("gives the same $compared values on $dataset", ({ dataset, ...expected }) => {
    const { open, high, low, close } = readPrices(dataset);
    const series = readCandlestickSeries(dataset);
    const differences: string[] = [];
    const told = { compared: 0, fired: 0, leftOut: 0 };
    for (const { function: name, params, start, values: golden, illConditioned } of series) {
      const values = (functions[name] as typeof candlestickModule.CDLMATHOLD)(open, high, low, close, params.optInPenetration);
      const ties = new Set(illConditioned);
      expect(findCandlestick(name)?.lookback, name).toBe(start);
      expect(values.length).toBe(golden.length);
      for (const [i, wanted] of golden.entries()) {
        told[ties.has(i) ? "leftOut" : "compared"] += 1;
        if (ties.has(i)) continue;
        if (values[i] !== 0) told.fired += 1;
        if (values[i] !== (wanted ?? 0)) differences.push(`${name} at ${i}: ${values[i]}, TA-Lib ${wanted}`);
      }
    }
    expect(differences).toEqual([]);
    expect(told).toEqual(expected);
    expect(new Set(series.map((each) => each.function)).size).toBe(candlesticks.length);
  });

  test.each(DATASETS)("a scanner tells the same patterns candle by candle on $dataset", ({ dataset }) => {
    const { open, high, low, close } = readPrices(dataset);
    const scanner = createCandlestickScanner();
    const told = new Map(candlesticks.map(({ name }) => [name as string, new Int32Array(close.length)]));
    for (let i = 0; i < close.length; i++) {
      const candle = { open: open[i] as number, high: high[i] as number, low: low[i] as number, close: close[i] as number };
      for (const { name, value } of scanner.update(candle)) (told.get(name) as Int32Array)[i] = value;
    }
    for (const { name } of candlesticks) {
      expect(told.get(name), name).toEqual((functions[name] as typeof candlestickModule.CDLDOJI)(open, high, low, close));
    }
  });
});
