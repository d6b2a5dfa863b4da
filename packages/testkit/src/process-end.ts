import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** How long a process may take to write what it ran. */
const WRITE_MS = 15_000;

/**
 * Ends a process that no test needs any more, and waits for that: at once, or, where `npm run coverage` measures, by
 * asking it first, because a killed process does not tell which lines it ran.
 */
export async function putAway(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), WRITE_MS);
  child.kill(process.env["NODE_V8_COVERAGE"] ? "SIGTERM" : "SIGKILL");
  await exited;
  clearTimeout(timer);
}
