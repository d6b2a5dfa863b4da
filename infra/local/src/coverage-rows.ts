import { relative } from "node:path";
import type { CoverageMap } from "@vitest/istanbul-lib-coverage";

/** Lines with code, and how many of them ran. */
export interface LineCount {
  lines: number;
  covered: number;
  /** 0 to 100, rounded down to a tenth; 100 where there is no line. */
  percent: number;
}

export interface FileCoverage extends LineCount {
  /** Relative to the repository. */
  path: string;
  /** 1-based. */
  uncovered: number[];
}

/** A package or service with its files. */
export interface CoverageRow extends LineCount {
  /** Its folder, such as `services/ingest`. */
  name: string;
  files: FileCoverage[];
}

/** Least share of lines, in percent, that the tests of each package and service run. */
export const LEAST_PERCENT = 80;

/** One row per package and service in `root`, by name. A package's lines may have run in any test, a service's only in `service`. */
export function computeCoverageRows(unit: CoverageMap, service: CoverageMap, root: string): CoverageRow[] {
  unit.filter((path) => relative(root, path).startsWith("packages/"));
  service.merge(unit);
  const files = service.files().map((path) => {
    const file = service.fileCoverageFor(path);
    const { total, covered } = file.toSummary().lines;
    return { path: relative(root, path), ...lineCount(total, covered), uncovered: file.getUncoveredLines().map(Number) };
  });
  const byName = Object.groupBy(files.toSorted(byPath), ({ path }) => path.split("/").slice(0, 2).join("/"));
  return Object.entries(byName).map(([name, own = []]) => ({ name, ...sumLines(own), files: own }));
}

/** The rows that the paths of picked tests name; where they name none, those of which something ran. */
export function pickedRows(rows: readonly CoverageRow[], picks: readonly string[]): CoverageRow[] {
  const named = rows.filter(({ name }) => picks.some((pick) => pick.startsWith(name) || name.startsWith(pick.replace(/\/$/, ""))));
  return named.length > 0 ? named : rows.filter(({ covered }) => covered > 0);
}

export function sumLines(counts: readonly LineCount[]): LineCount {
  return lineCount(
    counts.reduce((sum, { lines }) => sum + lines, 0),
    counts.reduce((sum, { covered }) => sum + covered, 0),
  );
}

function lineCount(lines: number, covered: number): LineCount {
  return { lines, covered, percent: lines === 0 ? 100 : Math.floor((1_000 * covered) / lines) / 10 };
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : 1;
}
