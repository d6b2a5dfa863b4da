import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sharedPath, sharedTitle } from "@tickfleet/testkit/shared-folder";

/** Folder of reference results that are not part of the repository. */
const GOLDEN = sharedPath("golden");

export const hasGolden = existsSync(GOLDEN);

/** Titles of suites say why they were skipped. */
export const goldenTitle = sharedTitle("TA-Lib 0.7.1", GOLDEN);

export interface PriceColumns {
  open: number[];
  high: number[];
  low: number[];
  close: number[];
}

/** A function's values on one data set; what decides a bar listed as ill-conditioned is rounding, not the data. */
interface GoldenSeries {
  function: string;
  params: { optInPenetration?: number };
  start: number;
  values: (number | null)[];
  illConditioned: number[];
}

export function readPrices(dataset: string): PriceColumns {
  const rows = readFileSync(join(GOLDEN, `${dataset}.csv`), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1);
  const fields = rows.map((row) => row.split(",").map(Number));
  const column = (index: number): number[] => fields.map((row) => row[index] as number);
  return { open: column(1), high: column(2), low: column(3), close: column(4) };
}

export function readCandlestickSeries(dataset: string): GoldenSeries[] {
  const file = JSON.parse(gunzipSync(readFileSync(join(GOLDEN, dataset, "CDL.json.gz"))).toString()) as { series: GoldenSeries[] };
  return file.series;
}
