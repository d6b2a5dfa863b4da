import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "@tickfleet/local/ports";
import { commandOf, isAlive, pause } from "@tickfleet/local/server-process";
import { sharedPath } from "./shared-folder.ts";
import { testRun } from "./test-run.ts";

const script = sharedPath("tools/timescale-host.sh");
const run = promisify(execFile);

/** Where the test host is unpacked; below a folder that the user it runs as can enter. */
const folder = join(existsSync("/var/tmp") ? "/var/tmp" : tmpdir(), `tickfleet-timescale-${process.getuid?.() ?? 0}`);
const startedBy = join(folder, "started-by");
const lock = join(folder, "lock");

/**
 * Superuser's address of a TimescaleDB server: `TIMESCALE_URL`, else the test host beside the checkout, started
 * once for all test processes. Null where there is neither.
 */
export async function timescale(): Promise<string | null> {
  const given = process.env["TIMESCALE_URL"];
  if (given) return given;
  if (!existsSync(script)) return null;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return underLock(async () => {
    const running = await run(script, ["url", folder]).catch(() => null);
    if (running !== null) return running.stdout.trim();
    const port = await freePort();
    const started = await run(script, ["start", folder, String(port)], { timeout: 300_000 }).catch((error: unknown) => {
      process.stderr.write(`TimescaleDB test host: ${error instanceof Error ? error.message : String(error)}\n`);
      return null;
    });
    if (started === null) return null;
    writeFileSync(startedBy, testRun ?? "");
    return started.stdout.trim();
  });
}

/** Stops the test host where the named test run started it. */
export async function stopTimescale(endedRun: string): Promise<void> {
  if (!existsSync(startedBy) || readFileSync(startedBy, "utf8") !== endedRun) return;
  rmSync(startedBy);
  await run(script, ["stop", folder]);
}

async function underLock<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch {
      if (isAbandoned() || Date.now() > deadline) rmSync(lock, { force: true });
      else await pause(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isAbandoned(): boolean {
  try {
    const owner = Number(readFileSync(lock, "utf8"));
    if (owner > 0) return !isAlive(owner) || (existsSync("/proc") && commandOf(owner) === "");
    return Date.now() - statSync(lock).mtimeMs > 5_000;
  } catch {
    return false;
  }
}
