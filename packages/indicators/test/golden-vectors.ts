import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sharedPath, sharedTitle } from "@tickfleet/testkit/shared-folder";
import type { CandleColumns } from "../src/series.ts";

/** Folder of reference results that is not part of the repository. */
const GOLDEN = sharedPath("golden");

export const hasGolden = existsSync(GOLDEN);

/** Titles of suites say why they were skipped. */
export const goldenTitle = sharedTitle("against the goldens", GOLDEN);

/** One reference series, as its README says. */
export interface GoldenSeries {
  source: string;
  params: Readonly<Record<string, number | string>>;
  output: string;
  /** The TA-Lib function, in the file of exact series. */
  function?: string;
  start: number;
  values: readonly (number | null)[];
  scale: number;
  exact?: boolean;
  illConditioned?: readonly number[];
}

/** Whether the reference has this function. */
export function hasFamily(dataset: string, family: string): boolean {
  return [".json", ".json.gz"].some((end) => existsSync(join(GOLDEN, dataset, `${family}${end}`)));
}

export function goldenSeries(dataset: string, family: string): GoldenSeries[] {
  const file = join(GOLDEN, dataset, `${family}.json`);
  const text = existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
  return (JSON.parse(text.toString("utf8")) as { series: GoldenSeries[] }).series;
}

/** The input of a dataset; sessions are UTC months, which is what `utc-month` of the goldens means. */
export function goldenCandles(dataset: string): CandleColumns {
  const [, ...lines] = readFileSync(join(GOLDEN, `${dataset}.csv`), "utf8")
    .trimEnd()
    .split("\n");
  const rows = lines.map((line) => line.split(",").map(Number));
  const column = (i: number): Float64Array => Float64Array.from(rows, (row) => row[i] as number);
  const openTime = column(0);
  const sessionOpenTime = openTime.map((time) => {
    const day = new Date(time);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth());
  });
  return { openTime, high: column(2), low: column(3), close: column(4), volumeBase: column(5), sessionOpenTime };
}
