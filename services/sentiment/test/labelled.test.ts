import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sharedPath } from "@tickfleet/testkit/shared-folder";
import { expect, test } from "vitest";
import { MIN_CONFIDENCE } from "../src/aggregate.ts";
import { scoreText } from "../src/score-text.ts";

const FOLDER = sharedPath("data/sentiment");

/** Rows of a CSV with quoted cells. */
function rowsOf(file: string): string[][] {
  const text = gunzipSync(readFileSync(join(FOLDER, file))).toString();
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows.slice(1);
}

// what the lexicon reached when it was written, less a little; it was not fitted to these texts
test.skipIf(!existsSync(FOLDER)).each([
  ["crypto_comments_labelled.csv.gz", 0, 1, { Positive: 1, Negative: -1 }, 0.72, 0.5],
  ["stock_tweets_labelled.csv.gz", 1, 2, { Positive: 1, Negative: -1 }, 0.8, 0.55],
  ["financial_news_tweets_labelled.csv.gz", 0, 1, { "1": 1, "0": -1 }, 0.85, 0.65],
] as const)("of %s it takes sides as people do in most of what it takes a side on", (file, text, label, sides, right, taken) => {
  const judged = rowsOf(file).flatMap((row) => {
    const side = (sides as Record<string, number>)[row[label] ?? ""];
    const { score, confidence } = scoreText(row[text] ?? "");
    return side === undefined ? [] : [{ side, found: confidence >= MIN_CONFIDENCE ? Math.sign(score ?? 0) : 0 }];
  });
  const sided = judged.filter(({ found }) => found !== 0);
  expect(judged.length).toBeGreaterThan(200);
  expect(sided.filter(({ side, found }) => side === found).length / sided.length).toBeGreaterThan(right);
  expect(sided.length / judged.length).toBeGreaterThan(taken);
});
