import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { projectRoot } from "./folders.ts";
import { findNatsServer } from "./nats-server.ts";

// `npm test` and `npm run test:long`: sees to it that the servers can be had, then hands over to vitest.

const LONG_TESTS = "test/chaos";
/** Options of `test:long` that the tests read from the environment. */
const LONG_OPTIONS = { "--seed": "TICKFLEET_SEED", "--for": "TICKFLEET_FOR" } as const;

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  const isLong = args[0] === "--long";
  const env: NodeJS.ProcessEnv = { ...process.env };
  try {
    // the tests find the same server again without looking for it
    env["NATS_SERVER"] = await findNatsServer((line) => process.stdout.write(`  ${line}\n`));
    const rest = isLong ? longArguments(args.slice(1), env) : args;
    process.exitCode = await runVitest(["run", ...rest], env);
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** What is left for vitest: a name picks the test files that contain it. */
function longArguments(args: readonly string[], env: NodeJS.ProcessEnv): string[] {
  env["TICKFLEET_LONG"] = "1";
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    const variable = LONG_OPTIONS[arg as keyof typeof LONG_OPTIONS];
    if (variable === undefined) rest.push(arg);
    else {
      at += 1;
      if (args[at] === undefined) throw new Error(`${arg}: expected a value after it`);
      env[variable] = args[at];
    }
  }
  if (!existsSync(join(projectRoot, LONG_TESTS))) throw new Error(`there are no long tests yet: ${LONG_TESTS} does not exist`);
  const named = rest.some((arg) => !arg.startsWith("-"));
  return named ? rest.map((arg) => (arg.startsWith("-") ? arg : `${LONG_TESTS}/${arg}`)) : [LONG_TESTS, ...rest];
}

function runVitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const manifest = createRequire(join(projectRoot, "package.json")).resolve("vitest/package.json");
  const child = spawn(process.execPath, [join(dirname(manifest), "vitest.mjs"), ...args], { cwd: projectRoot, env, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
