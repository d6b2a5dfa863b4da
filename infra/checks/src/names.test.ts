import { expect, test } from "vitest";
import { badNames, barrels } from "./names.ts";
import { parseFile } from "./syntax.ts";

const name = (path: string) => badNames([{ path, text: "" }]).map((violation) => violation.what);
const barrel = (text: string, path = "packages/a/src/x.ts") => barrels([parseFile({ path, text })]);

test.each([
  "packages/market/src/candle-builder.ts",
  "packages/market/src/candle-builder.test.ts",
  "packages/market/src/interval.property.test.ts",
  "packages/database/src/pool.ts",
  "services/ingest/migrations/20261120T0900-create-trades.ts",
  "vitest.config.ts",
  "infra/local/bootstrap.mjs",
])("%s is a name", (path) => {
  expect(name(path)).toEqual([]);
});

test.each([
  ["packages/market/src/utils.ts", "utils"],
  ["packages/market/src/candle-helpers.ts", "helpers"],
  ["packages/market/src/lib/candle.ts", "lib"],
  ["packages/market/src/common/candle.ts", "common"],
  ["packages/market/src/stream-manager.ts", "manager"],
  ["packages/market/src/base-candle.ts", "base"],
  ["packages/market/src/misc.test.ts", "misc"],
])("%s says nothing", (path, word) => {
  expect(name(path)).toEqual([`"${word}" says nothing: name what is in it`]);
});

test.each(["packages/market/src/candleBuilder.ts", "packages/market/src/Candle.ts", "packages/market/src/candle_row.ts"])(
  "%s is not kebab-case",
  (path) => {
    expect(name(path)).toEqual(["not a kebab-case name"]);
  },
);

test("a migration carries its time", () => {
  expect(name("services/ingest/migrations/create-trades.ts")).toHaveLength(1);
});

test("a barrel is an index file or export *", () => {
  expect(barrel("export const a = 1;", "packages/a/src/index.ts")).toHaveLength(1);
  expect(barrel('const a = 1;\nexport * from "./y.ts";')).toEqual([
    { path: "packages/a/src/x.ts", line: 2, what: "export * is a barrel: import from where it is" },
  ]);
  expect(barrel('export * as y from "./y.ts";')).toHaveLength(1);
  expect(barrel('import { a } from "./y.ts";\nexport const b = a;')).toEqual([]);
});
