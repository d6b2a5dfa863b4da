import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "./folders.ts";

// `npm run bench -- [name...] [--json]`: measures, prints a table, or JSON for programs.

interface Result {
  name: string;
  value: number;
  unit: string;
  against: string;
  reference: number | null;
  ratio: number | null;
}

interface Context {
  name: string;
  figureOf(name: string): Promise<number>;
  tell(line: string): void;
}

/** Where each bench lives; a file that measures several tells them apart by the name. */
const BENCHES: Readonly<Record<string, string>> = {
  "candles.core": "packages/market/bench/candles-core.ts",
  "recorder.rows": "services/ingest/bench/recorder-rows.ts",
  "fleet.throughput": "packages/testkit/bench/fleet-throughput.ts",
  "fleet.throughput.always": "packages/testkit/bench/fleet-throughput.ts",
  "fleet.latency": "packages/testkit/bench/fleet-latency.ts",
  "fleet.latency.always": "packages/testkit/bench/fleet-latency.ts",
  "demo.past": "packages/testkit/bench/demo-past.ts",
};
const EXIT_USAGE = 64;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const json = args.includes("--json");
  const wanted = args.filter((arg) => arg !== "--json");
  const names = Object.keys(BENCHES);
  const unknown = wanted.filter((name) => !names.some((known) => isMeant(known, name)));
  if (unknown.length > 0) {
    process.stderr.write(
      `no bench is named ${unknown.join(", ")}; there are\n  ${names.join("\n  ")}\nand a part before a dot means all with it\n`,
    );
    process.exit(EXIT_USAGE);
  }
  const chosen = names.filter((known) => wanted.length === 0 || wanted.some((name) => isMeant(known, name)));
  const results = new Map<string, Result[]>();
  try {
    for (const name of chosen) await measure(name, results);
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
  // what was only measured for another stands in that one's reference
  const shown = chosen.flatMap((name) => results.get(name) ?? []);
  if (json) process.stdout.write(`${JSON.stringify(shown.map((result) => ({ ...result, machine: machine() })))}\n`);
  else process.stdout.write(`${table(shown)}\n\n${machine()}\n`);
  // connections of a broker that was ended may still wait for it
  process.exit();
}

function isMeant(known: string, name: string): boolean {
  return known === name || known.startsWith(`${name}.`);
}

async function measure(name: string, results: Map<string, Result[]>): Promise<Result[]> {
  const done = results.get(name);
  if (done !== undefined) return done;
  const file = BENCHES[name] as string;
  const { run } = (await import(pathToFileURL(join(projectRoot, file)).href)) as { run: (context: Context) => Promise<Result[]> };
  const tell = (line: string): void => void process.stderr.write(`  ${name}: ${line}\n`);
  tell(`load ${loadavg()[0]?.toFixed(1)}`);
  const found = await run({
    name,
    tell,
    figureOf: async (other) => (await measure(other, results)).find((result) => result.name === other)?.value ?? Number.NaN,
  });
  results.set(name, found);
  for (const result of found) tell(`${figure(result.value)} ${result.unit}`);
  return found;
}

function table(results: readonly Result[]): string {
  const rows = results.map(({ name, value, unit, against, reference, ratio }) => [
    name,
    figure(value),
    unit,
    reference === null ? against : `${against} ${figure(reference)}`,
    ratio === null ? "" : ratio.toFixed(2),
  ]);
  const all = [["bench", "value", "unit", "against", "ratio"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => (row[column] as string).length)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 1 || column === 4 ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number),
        )
        .join("  "),
    )
    .join("\n");
}

function figure(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}

/** What the figures were measured on, and how busy it is with this and everything else. */
function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = (processors[0]?.model ?? "unknown processor").replaceAll(/\s+/g, " ").trim();
  return `${processors.length} x ${model}, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`;
}
