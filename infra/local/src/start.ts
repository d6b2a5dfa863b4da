import { startFleet } from "./fleet.ts";
import { createReport } from "./fleet-output.ts";
import { descendants } from "./process-identity.ts";
import { parseStartOptions, type StartOptions, startHelp, UsageError } from "./start-options.ts";

const EXIT_USAGE = 64;
/** Ctrl-C reaches this process from the terminal and again from the launcher: signals this close together are one. */
const SAME_SIGNAL_MS = 1_000;
const LOOK_AT_PARENT_MS = 1_000;

await main();

async function main(): Promise<void> {
  const options = optionsOrExit();
  const report = createReport(options.json);
  const abort = new AbortController();
  const asked = watchSignals(abort);
  let code = 0;
  let began = 0;
  try {
    report({ event: "progress", message: `data in ${options.dataDir}` });
    const fleet = await startFleet(options, report, abort.signal);
    const reason = await asked;
    began = performance.now();
    report({ event: "stopping", reason });
    await fleet.stop();
  } catch (error) {
    if (!abort.signal.aborted) {
      code = 1;
      report({ event: "error", message: error instanceof Error ? error.message : String(error) });
    }
  }
  if (code === 0) report({ event: "stopped", seconds: began === 0 ? 0 : Math.round(performance.now() - began) / 1000 });
  // what was cut short at a step, such as a download, must not keep the process
  killDescendants();
  process.stdout.write("", () => process.exit(code));
}

function optionsOrExit(): StartOptions {
  try {
    const options = parseStartOptions(process.argv.slice(2), process.env["TICKFLEET_CALLED_FROM"] ?? process.cwd());
    if (!options.help) return options;
    process.stdout.write(`${startHelp}\n`);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`npm start: ${error.message}\n\`npm start -- --help\` shows the usage\n`);
    process.exit(EXIT_USAGE);
  }
}

/** Resolves with the reason when somebody wants an end; asked a second time, all processes are killed. */
function watchSignals(abort: AbortController): Promise<string> {
  return new Promise((resolve) => {
    let first = 0;
    const ask = (reason: string): void => {
      if (first === 0) {
        first = performance.now();
        abort.abort(new Error(reason));
        resolve(reason);
      } else if (performance.now() - first > SAME_SIGNAL_MS) {
        killDescendants();
        process.exit(1);
      }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => ask(signal));
    if (process.env["TICKFLEET_LAUNCHER"] === undefined) return;
    const launcher = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === launcher) return;
      clearInterval(timer);
      ask("the launcher is gone");
    }, LOOK_AT_PARENT_MS);
    timer.unref();
  });
}

function killDescendants(): void {
  for (const pid of descendants()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it is gone
    }
  }
}
