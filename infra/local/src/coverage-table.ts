import { type CoverageRow, type FileCoverage, LEAST_PERCENT, type LineCount, sumLines } from "./coverage-rows.ts";

/** The rows with their sum, for people. */
export function coverageTable(rows: readonly CoverageRow[]): string {
  const cells = [...rows, { name: "all", ...sumLines(rows) }].map(({ name, ...count }) => [name, ...figures(count)]);
  return aligned([["package or service", "lines", "covered", "%"], ...cells]);
}

/** The files of the rows that fall short, with the lines that no test runs; empty where none does. */
export function shortFiles(rows: readonly CoverageRow[]): string {
  const files = rows.flatMap((row) => row.files).filter(({ percent }) => percent < LEAST_PERCENT);
  return files.length === 0 ? "" : aligned(files.map((file) => [file.path, ...figures(file), lineRanges(file)]));
}

function figures({ lines, covered, percent }: LineCount): string[] {
  return [String(lines), String(covered), percent.toFixed(1)];
}

/** Such as `3, 7-12`; a range passes over lines without code. */
function lineRanges({ uncovered }: FileCoverage): string {
  const ranges: [number, number][] = [];
  for (const line of uncovered) {
    const last = ranges.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else ranges.push([line, line]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

/** First and fifth column to the left, figures to the right. */
function aligned(rows: readonly string[][]): string {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return rows
    .map(([name = "", ...rest]) => {
      const numbers = rest.slice(0, 3).map((cell, column) => cell.padStart(widths[column + 1] as number));
      return [name.padEnd(widths[0] as number), ...numbers, ...rest.slice(3)].join("  ");
    })
    .join("\n");
}
