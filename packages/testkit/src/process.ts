import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "@tickfleet/local/folders";
import { type ProcessEnd, tiedToParent } from "@tickfleet/local/server-process";
import { putAway } from "./process-end.ts";
import { killAtExit, removeScratch, scratchFolder } from "./scratch.ts";

/** A service as a real process of its own. */
export interface ServiceUnderTest extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Port of `/livez`, `/readyz`, `/startupz` and `/metrics`; -1 until it listens. */
  readonly opsPort: number;
  /** What it printed, line by line, newest last (the last 10,000). */
  readonly lines: readonly string[];
  /** Resolves when it is gone, whatever the reason. */
  readonly exited: Promise<ProcessEnd>;
  /** Null while it runs. */
  ended(): ProcessEnd | null;
  /** Resolves when `/readyz` says yes; throws with its last lines when it ends before, or after the time (60 s). */
  untilReady(timeoutMs?: number): Promise<void>;
  /** Sends a signal, SIGKILL by default, and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<ProcessEnd>;
  /** Asks it to end, and waits. */
  stop(): Promise<ProcessEnd>;
  /** Stops it as it stands (SIGSTOP) and lets it go on (SIGCONT). */
  pause(): void;
  resume(): void;
}

export interface SpawnServiceOptions {
  /** Returns when it is ready (default), or as soon as the process exists. */
  until?: "ready" | "spawned";
  timeoutMs?: number;
}

const KEPT_LINES = 10_000;
const SHOWN_LINES = 20;
const READY_MS = 60_000;
const POLL_MS = 20;
/** What the variables of each service, and those of the ops server, begin with. */
const PREFIXES = ["OPS", "API", "INGEST", "AGGREGATOR", "INDICATOR", "PATTERN_DETECTOR", "SENTIMENT", "FUTURES"];
const FOREIGN = new RegExp(
  `^(VITEST.*|NODE_OPTIONS|PG[A-Z]+|NATS_(URL|USER|PASSWORD)|DATABASE_URL|SHUTDOWN_SECONDS|(${PREFIXES.join("|")})_.*)$`,
);

/** Whether a variable of this process is one that a service must not take for its own. */
export function isForeign(variable: string): boolean {
  return FOREIGN.test(variable);
}

/**
 * Runs `services/<name>/src/main.ts` with the given variables (`DATABASE_URL`, `NATS_URL` and its own) and waits until
 * it is ready. The process is killed at the latest when the test process ends.
 */
export async function spawnService(
  name: string,
  env: Readonly<Record<string, string>>,
  options: SpawnServiceOptions = {},
): Promise<ServiceUnderTest> {
  const folder = scratchFolder(`service-${name}`);
  const portFile = join(folder, "ops.json");
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([variable]) => !isForeign(variable)));
  const child = spawn(...tiedToParent(process.execPath, [join(projectRoot, "services", name, "src/main.ts")]), {
    cwd: projectRoot,
    env: { ...inherited, OPS_PORT: "0", ...env, OPS_PORT_FILE: portFile },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const service = serviceOf(name, child, portFile, folder);
  try {
    if (options.until !== "spawned") await service.untilReady(options.timeoutMs);
    return service;
  } catch (error) {
    await service.kill();
    throw error;
  }
}

function serviceOf(name: string, child: ChildProcess, portFile: string, folder: string): ServiceUnderTest {
  const pid = child.pid as number;
  const forget = killAtExit(pid);
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) if (output !== null) keepLines(output, lines);
  let end: ProcessEnd | null = null;
  const exited = new Promise<ProcessEnd>((resolve) => {
    child.once("close", (code, signal) => {
      end = { code, signal };
      forget();
      removeScratch(folder);
      resolve(end);
    });
  });
  const described = (): string => `it printed\n${lines.slice(-SHOWN_LINES).join("\n")}`;
  const kill = (signal: NodeJS.Signals = "SIGKILL"): Promise<ProcessEnd> => {
    child.kill(signal);
    return exited;
  };

  async function untilReady(timeoutMs = READY_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (end !== null) throw new Error(`${name} ended (${JSON.stringify(end)}) before it was ready; ${described()}`);
      const opsPort = portIn(portFile);
      if (opsPort !== -1 && (await answersYes(opsPort))) return;
      if (Date.now() > deadline) throw new Error(`${name} was not ready after ${timeoutMs / 1000} s; ${described()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  return {
    name,
    pid,
    get opsPort() {
      return portIn(portFile);
    },
    lines,
    exited,
    ended: () => end,
    untilReady,
    kill,
    stop: () => kill("SIGTERM"),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: async () => {
      await putAway(child);
      await exited;
    },
  };
}

function keepLines(output: NodeJS.ReadableStream, lines: string[]): void {
  let rest = "";
  output.setEncoding("utf8");
  output.on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) if (line !== "") lines.push(line);
    if (lines.length > KEPT_LINES) lines.splice(0, lines.length - KEPT_LINES);
  });
  output.on("end", () => {
    if (rest !== "") lines.push(rest);
  });
}

function portIn(file: string): number {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { port: number }).port;
  } catch {
    return -1;
  }
}

async function answersYes(opsPort: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
