import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { INDICATOR_NAMES } from "@tickfleet/contracts/enriched-messages";
import { sharedPath, sharedTitle } from "@tickfleet/testkit/shared-folder";
import { describe, expect, test } from "vitest";
import { createCandle, MINUTE, messageOf, START } from "./candle-script.ts";
import { caughtUp, openSurroundings, publish, startReplica } from "./harness.ts";

const GOLDEN = sharedPath("golden");
const DATASET = "btcusd-1m";
const TOLERANCE = 1e-9;

interface GoldenSeries {
  params: Record<string, number>;
  output: string;
  values: (number | null)[];
  scale: number;
  illConditioned?: number[];
}

/** Column, file of the reference, its parameters and output. */
const COLUMNS: readonly [column: string, family: string, params: Record<string, number>, output: string][] = [
  ["sma50", "SMA", { optInTimePeriod: 50 }, "outReal"],
  ["sma200", "SMA", { optInTimePeriod: 200 }, "outReal"],
  ["ema21", "EMA", { optInTimePeriod: 21 }, "outReal"],
  ["rsi14", "RSI", { optInTimePeriod: 14 }, "outReal"],
  ["macd", "MACD", { optInFastPeriod: 12, optInSlowPeriod: 26, optInSignalPeriod: 9 }, "outMACD"],
  ["macd_signal", "MACD", { optInFastPeriod: 12, optInSlowPeriod: 26, optInSignalPeriod: 9 }, "outMACDSignal"],
  ["macd_histogram", "MACD", { optInFastPeriod: 12, optInSlowPeriod: 26, optInSignalPeriod: 9 }, "outMACDHist"],
  ["bbands_upper", "BBANDS", { optInTimePeriod: 20, optInNbDevUp: 2, optInNbDevDn: 2 }, "outRealUpperBand"],
  ["bbands_middle", "BBANDS", { optInTimePeriod: 20, optInNbDevUp: 2, optInNbDevDn: 2 }, "outRealMiddleBand"],
  ["bbands_lower", "BBANDS", { optInTimePeriod: 20, optInNbDevUp: 2, optInNbDevDn: 2 }, "outRealLowerBand"],
  ["atr14", "ATR", { optInTimePeriod: 14 }, "outReal"],
  ["natr14", "NATR", { optInTimePeriod: 14 }, "outReal"],
  ["obv", "OBV", {}, "outReal"],
  ["stoch_k", "STOCH", { optInFastK_Period: 14, optInSlowK_Period: 3, optInSlowD_Period: 3 }, "outSlowK"],
  ["stoch_d", "STOCH", { optInFastK_Period: 14, optInSlowK_Period: 3, optInSlowD_Period: 3 }, "outSlowD"],
  ["adx14", "ADX", { optInTimePeriod: 14 }, "outReal"],
];

/**
 * Columns that the goldens lack (EMA 9, a slope over 20; of the session's VWAP they know only the one of typical prices): `service.test.ts`
 * holds these, and all of the others once more, against `plain-indicators.ts`.
 */
const HELD_ELSEWHERE = ["ema9", "linearreg_slope20", "vwap_session", "volume_sma20", "trend_angle", "trend_strength"];

function goldenSeries(family: string): GoldenSeries[] {
  const file = join(GOLDEN, DATASET, `${family}.json`);
  const text = existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
  return (JSON.parse(text.toString("utf8")) as { series: GoldenSeries[] }).series;
}

const isThere = existsSync(GOLDEN);
const title = sharedTitle("against the goldens", GOLDEN);

test("every indicator is compared with the goldens, or is known to be held elsewhere", () => {
  const named = INDICATOR_NAMES.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  expect([...COLUMNS.map(([column]) => column), ...HELD_ELSEWHERE].sort()).toEqual(named.sort());
});

describe.skipIf(!isThere)(title, () => {
  test("columns of real candles are TA-Lib's", async () => {
    await using around = await openSurroundings();
    const [, ...lines] = readFileSync(join(GOLDEN, `${DATASET}.csv`), "utf8")
      .trimEnd()
      .split("\n");
    // the days of the dataset are not neighbours, which TA-Lib does not see: here they are
    const messages = lines.map((line, i) => {
      const openTime = START + i * MINUTE;
      const [, open, high, low, close, volumeBase] = line.split(",").map(Number) as [number, number, number, number, number, number];
      const key = { instrument: "BTC-USD", timeframe: "1m", openTime, closeTime: openTime + MINUTE } as const;
      return messageOf(createCandle(key, { open, high, low, close, volumeBase }), `golden-${i}`);
    });
    await publish(around.bus, messages);
    const replica = startReplica(around);
    await caughtUp(around);
    await replica.stop();
    const rows = await around.database.query<Record<string, number | null>>(
      "select * from indicator.pub_enriched_candles order by open_time",
    );
    expect(rows).toHaveLength(lines.length);
    for (const [column, family, params, output] of COLUMNS) {
      const golden = goldenSeries(family).find(
        (series) => series.output === output && Object.entries(params).every(([name, value]) => series.params[name] === value),
      );
      if (golden === undefined) throw new Error(`expected ${family} ${JSON.stringify(params)} ${output} in the goldens, found none`);
      const skipped = new Set(golden.illConditioned);
      const wrong = golden.values.flatMap((expected, i) => {
        const value = rows[i]?.[column] ?? null;
        if (skipped.has(i)) return Number.isFinite(value) ? [] : [`${column} ${i}: ${value}, expected a number`];
        // 12 significant digits on top of the reference's tolerance
        const isEqual =
          expected === null || value === null
            ? value === expected
            : Math.abs(value - expected) <= TOLERANCE * Math.max(Math.abs(expected), golden.scale);
        return isEqual ? [] : [`${column} ${i}: ${value}, expected ${expected}`];
      });
      expect(wrong.slice(0, 3)).toEqual([]);
    }
  });
});
