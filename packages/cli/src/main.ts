import { runCommandLine } from "./command-line.ts";

const args = process.argv.slice(2);
// a reader that went away, such as `head`, ends the command, though not a fleet
if (args[0] !== "up") for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(0));
const code = await runCommandLine(args);
process.stdout.write("", () => process.exit(code));
