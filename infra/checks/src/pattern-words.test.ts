import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "./repository.ts";

function namesIn(path: string, form: RegExp): string[] {
  return [...readFileSync(join(REPOSITORY_ROOT, path), "utf8").matchAll(form)].map((match) => match[1] as string);
}

test("the page has words for every candlestick pattern, and for no other", () => {
  const patterns = namesIn("packages/patterns/src/candlesticks.ts", /^ {2}define\("CDL(\w+)"/gm);
  expect(patterns.length).toBeGreaterThanOrEqual(61);
  expect(namesIn("packages/dashboard/src/page/format.ts", /^ {2}"?([A-Z0-9]+)"?: "/gm)).toEqual(patterns);
});
