import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "./repository.ts";

const FOLDER = join(REPOSITORY_ROOT, "packages/indicators");
/** The shapes and the series: no indicators. */
const SHARED = new Set(["indicator.ts", "series.ts"]);

const indicators = readdirSync(join(FOLDER, "src"))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !SHARED.has(file))
  .map((file) => file.slice(0, -".ts".length));

test("every indicator is made in the list that the tests of all run over", () => {
  const list = readFileSync(join(FOLDER, "test/every-indicator.ts"), "utf8");
  expect(indicators.filter((name) => !list.includes(`from "../src/${name}.ts"`))).toEqual([]);
});

test("every indicator has a row in the README of its package", () => {
  const rows = readFileSync(join(FOLDER, "README.md"), "utf8")
    .split("\n")
    .flatMap((line) => (line.startsWith("| `") ? (line.split("|")[1] ?? "") : []));
  expect(indicators.filter((name) => !rows.some((row) => row.includes(`\`${name}\``)))).toEqual([]);
});
