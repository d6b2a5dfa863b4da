import { callerFolder } from "@tickfleet/local/fleet-location";
import { parseStartOptions, UsageError as StartUsageError, startHelp } from "@tickfleet/local/start-options";
import { type Command, UsageError } from "./command.ts";

/** Starts the fleet, as `npm start` does. */
export const upCommand: Command = {
  name: "up",
  summary: "start the fleet on this machine, as npm start does",
  help: startHelp.replace("npm start --", "tickfleet up"),
  async run(args) {
    checkOptions(args);
    // the starter reads its options from the command line, hears the signals and ends the process itself
    process.argv.splice(2, 1);
    process.chdir(callerFolder());
    await import("@tickfleet/local/start");
    return 0;
  },
};

function checkOptions(args: readonly string[]): void {
  try {
    parseStartOptions(args);
  } catch (error) {
    if (!(error instanceof StartUsageError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
