import { NoFleetError } from "@tickfleet/local/fleet-location";
import { hidePassword } from "@tickfleet/runtime/config";
import { type Command, CommandError, EXIT_FAILED, EXIT_USAGE, formatTable, printJson, printLine, UsageError } from "./command.ts";
import { deadLetterCommand } from "./dead-letters.ts";
import { latencyCommand } from "./latency.ts";
import { migrateCommand } from "./migrate.ts";
import { provisionCommand } from "./provision.ts";
import { replayFiles } from "./replay.ts";
import { statusCommand } from "./status.ts";
import { subscribeCommand } from "./subscribe.ts";
import { upCommand } from "./up.ts";

const commands: readonly Command[] = [
  upCommand,
  replayFiles,
  statusCommand,
  subscribeCommand,
  latencyCommand,
  migrateCommand,
  provisionCommand,
  deadLetterCommand,
];

/** Runs the command that the words name; resolves with the exit code. */
export async function runCommandLine([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    printLine(overview());
    return name === undefined ? EXIT_USAGE : 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) return fail(`tickfleet: there is no command ${JSON.stringify(name)}\n\n${overview()}`, EXIT_USAGE);
  if (args.includes("--help") || args.includes("-h")) {
    printLine(command.help);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof UsageError)
      return fail(`tickfleet ${name}: ${error.message}\n\`tickfleet ${name} --help\` shows the usage`, EXIT_USAGE);
    const message = hidePassword(error instanceof Error ? error.message : String(error));
    if (args.includes("--json")) printJson({ error: message });
    const isExpected = error instanceof CommandError || error instanceof NoFleetError;
    const text = isExpected || !(error instanceof Error) ? message : hidePassword(error.stack ?? message);
    return fail(`tickfleet ${name}: ${text}`, EXIT_FAILED);
  }
}

function overview(): string {
  return [
    "tickfleet <command> [options]",
    "",
    ...formatTable(commands.map((command) => [`  ${command.name}`, command.summary])),
    "",
    "The fleet is found by its data folder (--data DIR, else .tickfleet), or by NATS_URL, DATABASE_URL, API_URL and OPS_URLS.",
    `tickfleet <command> --help tells more. Exit codes: 0 done, ${EXIT_FAILED} could not be done, ${EXIT_USAGE} not understood.`,
  ].join("\n");
}

function fail(text: string, exitCode: number): number {
  process.stderr.write(`${text}\n`);
  return exitCode;
}
