import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { describeOptionFault } from "@tickfleet/local/option-fault";

/** One command of `tickfleet`. */
export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  help: string;
  /** Resolves with the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Something that the user can do something about; the message says what. */
export class CommandError extends Error {
  override name = "CommandError";
}

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 64;

type Parsed<O extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>>;

/** Options and words of a command line. @throws UsageError */
export function parseCommandLine<const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(describeOptionFault(error), { cause: error });
  }
}

/** Options of a command that takes no words. @throws UsageError */
export function parseOptions<const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O): Parsed<O>["values"] {
  const { values, positionals } = parseCommandLine(args, options);
  if (positionals.length === 0) return values;
  throw new UsageError(`expected options only, found ${positionals.map((word) => JSON.stringify(word)).join(" ")}`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Rows as columns of equal width, two spaces apart. */
export function formatTable(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  return rows.map((row) =>
    row
      .map((cell, i) => String(cell).padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** RFC 3339 in UTC, `-` for none. */
export function formatTime(timeMs: number | null): string {
  return timeMs === null ? "-" : new Date(timeMs).toISOString().replace(".000Z", "Z");
}
