import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync } from "node:fs";

/** How a child ended; exactly one of the two is set. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process that stops when told to. */
export interface ServerProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when the process is gone, whatever the reason. */
  readonly exited: Promise<ProcessEnd>;
  /** Null while it runs. */
  ended(): ProcessEnd | null;
  /** Sends each signal in turn and waits that long for the end after it; the last resort is SIGKILL. */
  stop(steps: readonly StopStep[]): Promise<ProcessEnd>;
}

/** A signal and the time it is given. */
export interface StopStep {
  signal: NodeJS.Signals;
  waitMs: number;
}

/** Another user to run as, which only root can ask for. */
export interface ProcessUser {
  uid: number;
  gid: number;
  /** Lets that user pass folders which only root may enter (Linux, needs setpriv). */
  passFolders: boolean;
}

export interface SpawnOptions {
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Where both outputs are appended; absent: they are piped to the caller. */
  logFile?: string;
  user?: ProcessUser | null;
  /** The kernel kills the child when this process dies, even by SIGKILL (Linux with setpriv; elsewhere ignored). */
  dieWithParent?: boolean;
}

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv", "/sbin/setpriv", "/usr/sbin/setpriv"].find((path) => existsSync(path)) ?? null;

/**
 * Options of setpriv that let a plain user pass folders only root may enter. The last one makes access() agree, with which
 * PostgreSQL looks at its own binaries.
 */
export const PASS_FOLDERS: readonly string[] = [
  "--inh-caps=+dac_override",
  "--ambient-caps=+dac_override",
  "--securebits=+no_setuid_fixup",
];

/** Whether this machine can start a process as another user with extra rights or tied to its parent. */
export const hasSetpriv: boolean = SETPRIV !== null;

/** Starts a process in a session of its own, so that Ctrl-C in a terminal does not reach it before we stop it in order. */
export async function spawnServer(options: SpawnOptions): Promise<ServerProcess> {
  const [command, args, identity] = commandLine(options);
  const log = options.logFile === undefined ? null : openSync(options.logFile, "a", 0o600);
  const child = spawn(command, args, {
    cwd: options.cwd ?? "/",
    env: options.env ?? process.env,
    detached: true,
    stdio: log === null ? ["ignore", "pipe", "pipe"] : ["ignore", log, log],
    ...identity,
  });
  let end: ProcessEnd | null = null;
  const exited = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (code, signal) => {
      end = { code, signal };
      resolve(end);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => reject(new Error(`cannot start ${options.command}: ${cause.message}`, { cause })));
  }).finally(() => {
    if (log !== null) closeSync(log);
  });

  async function stop(steps: readonly StopStep[]): Promise<ProcessEnd> {
    for (const step of [...steps, { signal: "SIGKILL", waitMs: 10_000 } as const]) {
      if (end !== null) break;
      child.kill(step.signal);
      await Promise.race([exited, timeout(step.waitMs)]);
    }
    return exited;
  }

  return { pid: child.pid as number, child, exited, ended: () => end, stop };
}

function commandLine(options: SpawnOptions): [string, string[], { uid?: number; gid?: number }] {
  const user = options.user ?? null;
  const prefix: string[] = [];
  const identity: { uid?: number; gid?: number } = {};
  if (user !== null && SETPRIV !== null) {
    prefix.push(`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups");
    if (user.passFolders) prefix.push(...PASS_FOLDERS);
  } else if (user !== null) {
    identity.uid = user.uid;
    identity.gid = user.gid;
  }
  if (options.dieWithParent && SETPRIV !== null) prefix.push("--pdeathsig=KILL");
  if (SETPRIV === null || prefix.length === 0) return [options.command, [...options.args], identity];
  return [SETPRIV, [...prefix, "--", options.command, ...options.args], identity];
}

/** A command line after which the kernel kills the child when this process dies, even by SIGKILL (Linux with setpriv; elsewhere as it was). */
export function tiedToParent(command: string, args: readonly string[]): [string, string[]] {
  return SETPRIV === null ? [command, [...args]] : [SETPRIV, ["--pdeathsig=KILL", "--", command, ...args]];
}

/** Waits that long without keeping the process alive for it. */
export function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** Waits that long. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether a process with this id exists (zombies of other parents included). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Command line of a process with spaces between arguments, "" where it cannot be known. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

/** The last lines of a file, for an error message; "" where there is none. */
export function tailOf(file: string, lines = 15): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

/** Keeps the log of the last start as `<file>.previous` and begins an empty one. */
export function freshLog(file: string): void {
  if (existsSync(file)) renameSync(file, `${file}.previous`);
  closeSync(openSync(file, "w", 0o600));
}
