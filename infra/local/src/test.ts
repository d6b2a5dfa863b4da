import { longTestsHelp, parseLongTests } from "./long-tests.ts";
import { findNatsServer } from "./nats-server.ts";
import { runVitest } from "./vitest-run.ts";

// `npm test` and `npm run test:long`: sees to it that the servers can be had, then hands over to vitest.

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    process.exitCode = args[0] === "--long" ? await runLong(args.slice(1)) : await runVitest(["run", ...args], await environment());
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** Round after round while there is time, each with the next seed; the first failure ends it. */
async function runLong(args: readonly string[]): Promise<number> {
  const { filters, options, seed, forMs, help } = parseLongTests(args);
  if (help) {
    process.stdout.write(`${longTestsHelp}\n`);
    return 0;
  }
  const env: NodeJS.ProcessEnv = { ...(await environment()), TICKFLEET_LONG: "1" };
  const end = Date.now() + forMs;
  // a round beyond the first needs other seeds than the tests' own
  const first = seed ?? (forMs > 0 ? Math.floor(Date.now() / 1000) : null);
  for (let round = 0; ; round++) {
    if (first !== null) env["TICKFLEET_SEED"] = String(first + round);
    if (forMs > 0) process.stdout.write(`\n  round ${round + 1}: --seed ${env["TICKFLEET_SEED"]}\n`);
    const code = await runVitest(["run", ...filters, ...options], env);
    if (code !== 0 && first !== null) process.stdout.write(`\n  failed with --seed ${env["TICKFLEET_SEED"]}\n`);
    if (code !== 0 || Date.now() >= end) return code;
  }
}

/** This process's variables, and where nats-server is: the tests find the same one without looking for it. */
async function environment(): Promise<NodeJS.ProcessEnv> {
  return { ...process.env, NATS_SERVER: await findNatsServer((line) => process.stdout.write(`  ${line}\n`)) };
}
