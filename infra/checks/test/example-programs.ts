import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { isLong } from "@tickfleet/testkit/long-form";
import { killAtExit, scratchFolder } from "@tickfleet/testkit/scratch";
import { REPOSITORY_ROOT } from "../src/repository.ts";

const run = promisify(execFile);
const EXAMPLES = join(REPOSITORY_ROOT, "docs/examples");
const BUILD_MS = 600_000;
const LISTEN_MS = 60_000;
const SETTLE_MS = 3_000;

/** A line that an example printed, as all of them print it. */
export type ExampleLine = { kind: string; subject: string } & Record<string, unknown>;

/** How an example of a language is run; made where its runtime is at hand. */
export interface ExampleProgram {
  command: string;
  args: string[];
  env: Record<string, string>;
}

/** Why a language is not tried here. */
export class NotHereError extends Error {
  override name = "NotHereError";
}

/** Prepares each example as its first lines tell; throws NotHereError where the runtime or its packages are not at hand. */
export const prepare: Readonly<Record<string, () => Promise<ExampleProgram>>> = {
  typescript: async () => {
    const folder = scratchFolder("example-typescript");
    cpSync(join(EXAMPLES, "typescript/subscribe.ts"), join(folder, "subscribe.ts"));
    mkdirSync(join(folder, "node_modules"));
    for (const found of ["infra/checks/node_modules/@nats-io", "packages/contracts/node_modules/ajv"]) {
      symlinkSync(join(REPOSITORY_ROOT, found), join(folder, "node_modules", basename(found)));
    }
    return { command: process.execPath, args: [join(folder, "subscribe.ts")], env: {} };
  },
  python: async () => {
    const folder = scratchFolder("example-python");
    await need("python3", ["-m", "venv", folder]);
    await need(join(folder, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", "nats-py", "jsonschema"]);
    return { command: join(folder, "bin/python"), args: [join(EXAMPLES, "python/subscribe.py")], env: {} };
  },
  go: async () => {
    const folder = scratchFolder("example-go");
    await need("go", ["build", "-o", join(folder, "subscribe"), "."], { cwd: join(EXAMPLES, "go") });
    return { command: join(folder, "subscribe"), args: [], env: {} };
  },
  shell: async () => {
    for (const tool of ["jq", "perl"]) if (spawnSync("which", [tool]).status !== 0) throw new NotHereError(`${tool} was not found`);
    const path = process.env["PATH"] ?? "";
    const args = [join(EXAMPLES, "shell/subscribe.sh")];
    if (spawnSync("which", ["nats"]).status === 0) return { command: "sh", args, env: {} };
    if (!isLong) throw new NotHereError("the nats command was not found, and only the long tests build it");
    const folder = scratchFolder("example-shell");
    await need("go", ["install", "github.com/nats-io/natscli/nats@v0.5.1"], { env: { GOBIN: folder } });
    return { command: "sh", args, env: { PATH: `${folder}:${path}` } };
  },
};

/** What is said where a runtime is too old or in parts, or where its registry cannot be reached. */
const NOT_HERE = [
  /requires go >=|invalid go version|toolchain not available/,
  /ensurepip is not available|No module named venv/,
  /connection broken|connection refused|connection reset|connection timed out|network is unreachable/i,
  /dial tcp|no such host|i\/o timeout|TLS handshake timeout|name resolution|Could not resolve/i,
  /\b50[234] (?:Bad Gateway|Service Unavailable|Gateway Time-?out)/i,
];

/**
 * Runs a command that an example needs to the end.
 * @throws NotHereError where the command, or what it must fetch, is not at hand; every other failure is the example's own
 */
export async function need(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<void> {
  const settings = { ...options, env: { ...process.env, ...options.env }, timeout: BUILD_MS };
  await run(command, args, settings).catch((error: Error & { code?: number | string; stderr?: string }) => {
    const said = error.stderr?.trim() ?? "";
    const reason = `${command} ${args[0]}: ${said.split("\n").at(-1) || error.message}`;
    if (error.code === "ENOENT" || NOT_HERE.some((words) => words.test(said))) throw new NotHereError(reason, { cause: error });
    throw new Error(`${command} ${args.join(" ")}: ${said || error.message}`, { cause: error });
  });
}

/** An example at work. */
export interface RunningExample {
  readonly lines: readonly ExampleLine[];
  /** What it said beside its lines. */
  readonly said: readonly string[];
  stop(): Promise<void>;
}

/** Starts an example and waits until it listens. */
export async function startExample(program: ExampleProgram, env: Readonly<Record<string, string>>): Promise<RunningExample> {
  const schemas = join(REPOSITORY_ROOT, "packages/contracts/generated/schemas");
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  const child = spawn(program.command, program.args, {
    cwd: existsSync("/tmp") ? "/tmp" : REPOSITORY_ROOT,
    env: { PATH: path, HOME: process.env["HOME"], SCHEMAS: schemas, ...program.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const forget = killAtExit(child.pid as number);
  const lines: ExampleLine[] = [];
  const said: string[] = [];
  createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line) as ExampleLine));
  const listening = new Promise<void>((resolve, reject) => {
    createInterface(child.stderr).on("line", (line) => {
      said.push(line);
      if (line.includes("listening")) resolve();
    });
    child.once("close", (code) => reject(new Error(`the example ended with ${code}:\n${said.join("\n")}`)));
  });
  const late = sleep(LISTEN_MS, null, { ref: false }).then(() => Promise.reject(new Error(`it does not listen:\n${said.join("\n")}`)));
  await Promise.race([listening, late]).catch((error: unknown) => {
    endGroup(child);
    throw error;
  });
  late.catch(() => {});
  // the nats command says nothing when its subscription stands
  if (program.command === "sh") await sleep(SETTLE_MS);
  return {
    lines,
    said,
    async stop() {
      endGroup(child);
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      forget();
    },
  };
}

/** The example and what it started, such as the parts of a pipe. */
function endGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid as number), "SIGKILL");
  } catch {
    // it has ended
  }
}
