import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "@tickfleet/local/folders";
import { expect, test } from "vitest";
import { isLong } from "../../../packages/testkit/src/long-form.ts";
import type { CoverageRow } from "../src/coverage-rows.ts";

const COMMAND = join(projectRoot, "infra/local/src/coverage.ts");
/** Of a test that only starts a process and reads its exit code. */
const PICKED = ["packages/runtime/test/run-service.test.ts", "--testNamePattern=a wrong configuration"];

test.runIf(isLong)(
  "what only a started process ran is counted, and what nobody loaded counts as lines that did not run",
  () => {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST"));
    // a measurement of this test is not one of the tests that it runs
    const env = { ...Object.fromEntries(inherited), NODE_V8_COVERAGE: "" };
    const answer = spawnSync(process.execPath, [COMMAND, "--json", ...PICKED], { encoding: "utf8", env });
    expect(answer.stderr).not.toContain("tests failed");
    const [runtime, ...others] = JSON.parse(answer.stdout) as CoverageRow[];
    expect(others).toEqual([]);
    expect(runtime?.name).toBe("packages/runtime");
    const file = (name: string) => runtime?.files.find(({ path }) => path === `packages/runtime/src/${name}`);
    expect(file("run-service.ts")?.percent).toBeGreaterThan(20);
    expect(file("run-service.ts")?.uncovered.length).toBeGreaterThan(0);
    expect(file("request.ts")).toMatchObject({ covered: 0, percent: 0 });
    expect(answer.status).toBe(0);
  },
  120_000,
);
