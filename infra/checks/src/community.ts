import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { hidePassword } from "@tickfleet/runtime/config";
import { parseCompose, variablesOf } from "./compose-file.ts";
import { repositoryText } from "./fleet-files.ts";
import { REPOSITORY_ROOT } from "./repository.ts";

// `pnpm check:community`: the tests that only TimescaleDB Community can pass, and what they saw, in a document.

const DOCUMENT = join(REPOSITORY_ROOT, "docs/timescale-community.md");
const OWN_TESTS = "test/fleet/community.test.ts";
/** Tests that run on whatever TimescaleDB is at hand. */
const MORE_TESTS = [
  "test/fleet/timescale.test.ts",
  "services/aggregator/test/timescale.test.ts",
  "services/ingest/test/service.test.ts",
  "packages/database/test",
];
/** A value for every variable that the compose file must have. */
const ANY_PASSWORD: Readonly<Record<string, string>> = Object.fromEntries(
  variablesOf(repositoryText("docker-compose.yml")).map((name) => [name, name.endsWith("_PASSWORD") ? "any" : ""]),
);
const MORE_NAMES = "TimescaleDB|timescale";

interface TestResult {
  title: string;
  fullName: string;
  status: string;
  duration?: number | null;
  failureMessages?: string[];
  meta?: { facts?: Record<string, string> };
}

interface Report {
  testResults: { name: string; assertionResults: TestResult[] }[];
}

await main();

async function main(): Promise<void> {
  const url = process.env["TIMESCALE_URL"];
  if (!url) {
    write(["No such server was at hand: `TIMESCALE_URL` was not set.", "", containersRun(new Map())]);
    process.stdout.write("no TimescaleDB Community server at hand: set TIMESCALE_URL to a superuser's address of one\n");
    return;
  }
  process.stdout.write(`TimescaleDB Community tests against ${hidePassword(url)}\n`);
  const own = await testsOf([OWN_TESTS]);
  if (!own.some((test) => test.status !== "skipped" && test.status !== "pending")) {
    process.stderr.write("the server that TIMESCALE_URL names is not TimescaleDB Community, or does not answer\n");
    process.exitCode = 1;
    return;
  }
  const more = await testsOf([...MORE_TESTS, "-t", MORE_NAMES]);
  const tests = [...own, ...more].filter((test) => test.status === "passed" || test.status === "failed");
  const lines = linesOf(tests);
  process.stdout.write(`${lines.join("\n")}\n`);
  write(lines);
  if (tests.some((test) => test.status === "failed")) process.exitCode = 1;
}

/** Runs test files and gives every test in them. */
async function testsOf(args: readonly string[]): Promise<(TestResult & { file: string })[]> {
  const folder = mkdtempSync(join(tmpdir(), "tickfleet-community-"));
  const output = join(folder, "report.json");
  try {
    const code = await runVitest([
      "run",
      "--project",
      "service",
      ...args,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${output}`,
    ]);
    if (code > 1) throw new Error(`the test runner ended with ${code}`);
    const report = JSON.parse(readFileSync(output, "utf8")) as Report;
    return report.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map((test) => ({ ...test, file: relative(REPOSITORY_ROOT, name) })),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runVitest(args: readonly string[]): Promise<number> {
  const manifest = createRequire(join(REPOSITORY_ROOT, "package.json")).resolve("vitest/package.json");
  const child = spawn(process.execPath, [join(dirname(manifest), "vitest.mjs"), ...args], { cwd: REPOSITORY_ROOT, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}

function linesOf(tests: readonly (TestResult & { file: string })[]): string[] {
  const facts = tests.flatMap((test) => Object.entries(test.meta?.facts ?? {}));
  const failed = tests.filter((test) => test.status === "failed").length;
  const rows = tests.map(
    ({ file, fullName, status, duration }) => `| ${file} | ${cell(fullName)} | ${status} | ${((duration ?? 0) / 1000).toFixed(1)} |`,
  );
  return [
    `${tests.length - failed} tests passed, ${failed} failed.`,
    "",
    containersRun(new Map(facts)),
    "",
    "| seen | |",
    "|---|---|",
    ...facts.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`),
    "",
    "| file | test | outcome | seconds |",
    "|---|---|---|---|",
    ...rows,
  ];
}

/** What containers run, and whether that is what the tests saw. */
function containersRun(seen: ReadonlyMap<string, string>): string {
  const image = parseCompose(repositoryText("docker-compose.yml"), ANY_PASSWORD).services["database"]?.image ?? "";
  const [, timescaleDb, postgres] = /:([\d.]+)-pg(\d+)$/.exec(image) ?? [];
  const isSame = seen.get("TimescaleDB")?.startsWith(`${timescaleDb},`) && seen.get("PostgreSQL")?.startsWith(`${postgres}.`);
  return `Containers run \`${image}\`: ${isSame ? "the versions that this run saw." : "**not what this run saw, so nothing here was seen under them.**"}`;
}

function cell(text: string): string {
  return text.replace(/ ?\(skipped where [^)]*\)/g, "").replaceAll("|", "\\|");
}

function write(lines: readonly string[]): void {
  const head = [
    "# Tests on TimescaleDB Community",
    "",
    "Written by `TIMESCALE_URL=postgres://... pnpm check:community`, which makes databases of its own on that server and drops them.",
    "The address is a superuser's, because the tests look at roles and jobs. Every scheduled job must succeed: a release of PostgreSQL",
    "under which they fail is no release to run the fleet on.",
    "",
    `Last run: ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC.`,
    "",
  ];
  writeFileSync(DOCUMENT, `${[...head, ...lines].join("\n")}\n`);
}
