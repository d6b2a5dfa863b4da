import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CoverageMap, type CoverageMapData, createCoverageMap } from "@vitest/istanbul-lib-coverage";
import { type CoverageRow, computeCoverageRows, LEAST_PERCENT, pickedRows } from "./coverage-rows.ts";
import { coverageTable, shortFiles } from "./coverage-table.ts";
import { projectRoot } from "./folders.ts";
import { findNatsServer } from "./nats-server.ts";
import { runVitest } from "./vitest-run.ts";

// `npm run coverage -- [path...] [--json] [options of vitest]`: which share of the lines the tests run, in their own
// process and in those that they start. Paths pick test files, as with `npm test`; then there is no verdict.

/**
 * The code of the tests' processes runs as Node strips it, not as vite rewrites it: the same file in a test and in a
 * service then has the same offsets, and vitest adds them up rightly.
 */
const MEASURED = [
  "--experimental.viteModuleRunner=false",
  "--coverage.enabled",
  "--coverage.autoAttachSubprocess",
  "--coverage.reporter=json",
  "--coverage.reportOnFailure",
];
const FIRST_SIGNAL_CODE = 129;

await main(process.argv.slice(2).filter((arg) => arg !== "--"));

async function main(args: readonly string[]): Promise<void> {
  const json = args.includes("--json");
  const forVitest = args.filter((arg) => arg !== "--json");
  const picks = forVitest.filter((arg) => !arg.startsWith("-"));
  const folder = mkdtempSync(join(tmpdir(), "tickfleet-coverage-"));
  try {
    // code out of the cache is measured less exactly
    const env = {
      ...process.env,
      NODE_DISABLE_COMPILE_CACHE: "1",
      NATS_SERVER: await findNatsServer((line) => process.stderr.write(`  ${line}\n`)),
    };
    const unit = await measure("unit");
    const service = await measure("service");
    const all = computeCoverageRows(unit.map, service.map, projectRoot);
    const rows = picks.length === 0 ? all : pickedRows(all, picks);
    if (rows.length === 0) throw new Error(`no test has ${picks.join(" or ")} in its path`);
    print(rows, json, picks.length > 0);
    if (unit.code !== 0 || service.code !== 0) {
      process.stderr.write("\ntests failed, so these figures are not those of the whole run\n");
      process.exitCode = 1;
    }

    async function measure(project: "unit" | "service"): Promise<{ map: CoverageMap; code: number }> {
      const reports = join(folder, project);
      const options = ["--project", project, ...MEASURED, `--coverage.reportsDirectory=${reports}`];
      const code = await runVitest(["run", ...options, ...forVitest], env, json ? "stderr" : "stdout");
      const report = join(reports, "coverage-final.json");
      if (code >= FIRST_SIGNAL_CODE || !existsSync(report)) throw new Error(`vitest ended with ${code} and left no coverage`);
      return { map: createCoverageMap(JSON.parse(readFileSync(report, "utf8")) as CoverageMapData), code };
    }
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(rows: readonly CoverageRow[], json: boolean, isPicked: boolean): void {
  const short = isPicked ? [] : rows.filter(({ percent }) => percent < LEAST_PERCENT);
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else process.stdout.write(`\n${coverageTable(rows)}\n`);
  const files = shortFiles(isPicked ? rows : short);
  if (!json && files !== "") process.stdout.write(`\n${files}\n`);
  if (short.length === 0) return;
  process.stderr.write(`\nbelow ${LEAST_PERCENT} %: ${short.map(({ name, percent }) => `${name} (${percent.toFixed(1)})`).join(", ")}\n`);
  process.exitCode = 1;
}
