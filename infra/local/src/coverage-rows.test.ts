import { type CoverageMap, createCoverageMap } from "@vitest/istanbul-lib-coverage";
import { describe, expect, test } from "vitest";
import { computeCoverageRows, pickedRows } from "./coverage-rows.ts";
import { coverageTable, shortFiles } from "./coverage-table.ts";

const ROOT = "/project";

/** Each file with how often its lines ran, from line 1 on. */
function runOf(files: Record<string, readonly number[]>): CoverageMap {
  const entries = Object.entries(files).map(([name, hits]) => {
    const path = `${ROOT}/${name}`;
    const lines = hits.map((_, at) => ({ start: { line: at + 1, column: 0 }, end: { line: at + 1, column: 9 } }));
    const statementMap = Object.fromEntries(lines.entries());
    return [path, { path, statementMap, s: Object.fromEntries(hits.entries()), fnMap: {}, f: {}, branchMap: {}, b: {} }] as const;
  });
  return createCoverageMap(Object.fromEntries(entries));
}

const rows = computeCoverageRows(
  runOf({ "packages/a/src/x.ts": [1, 1, 0, 0], "packages/b/src/y.ts": [0, 0, 0], "services/c/src/z.ts": [5, 5, 5] }),
  runOf({
    "packages/a/src/x.ts": [0, 1, 1, 0],
    "packages/b/src/y.ts": [0, 0, 0],
    "services/c/src/z.ts": [0, 0, 2],
    "services/c/src/a.ts": [],
  }),
  ROOT,
);

describe("what ran", () => {
  test("a line of a package has run where any test ran it, a line of a service where a service test did", () => {
    expect(rows.map(({ name, lines, covered, percent }) => [name, lines, covered, percent])).toEqual([
      ["packages/a", 4, 3, 75],
      ["packages/b", 3, 0, 0],
      ["services/c", 3, 1, 33.3],
    ]);
  });

  test("files stand under their package by name, with the lines that never ran", () => {
    expect(rows[2]?.files).toEqual([
      { path: "services/c/src/a.ts", lines: 0, covered: 0, percent: 100, uncovered: [] },
      { path: "services/c/src/z.ts", lines: 3, covered: 1, percent: 33.3, uncovered: [1, 2] },
    ]);
  });

  test("a share is never rounded up to one that was not reached", () => {
    const almost = runOf({ "packages/a/src/x.ts": [...Array<number>(7_999).fill(1), ...Array<number>(2_001).fill(0)] });
    expect(computeCoverageRows(runOf({}), almost, ROOT)[0]?.percent).toBe(79.9);
  });
});

describe("what is shown", () => {
  test("paths pick what they name or lie in; paths that name no package pick what ran", () => {
    const picked = (...paths: string[]): string[] => pickedRows(rows, paths).map(({ name }) => name);
    expect(picked("packages/b")).toEqual(["packages/b"]);
    expect(picked("services/c/test/service.test.ts")).toEqual(["services/c"]);
    expect(picked("packages/")).toEqual(["packages/a", "packages/b"]);
    expect(picked("test/chaos")).toEqual(["packages/a", "services/c"]);
  });

  test("the table ends with the sum, and short files tell the lines that no test runs", () => {
    expect(coverageTable(rows).split("\n")).toEqual([
      "package or service  lines  covered     %",
      "packages/a              4        3  75.0",
      "packages/b              3        0   0.0",
      "services/c              3        1  33.3",
      "all                    10        4  40.0",
    ]);
    expect(shortFiles(rows).split("\n")).toEqual([
      "packages/a/src/x.ts  4  3  75.0  4",
      "packages/b/src/y.ts  3  0   0.0  1-3",
      "services/c/src/z.ts  3  1  33.3  1-2",
    ]);
    expect(shortFiles([])).toBe("");
  });
});
