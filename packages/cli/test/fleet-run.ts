import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool, type Pool } from "@tickfleet/database/pool";
import type { FleetAddress } from "@tickfleet/local/fleet-events";
import { projectRoot } from "@tickfleet/local/folders";
import { vi } from "vitest";
import { runCommandLine } from "../src/command-line.ts";

/** A fleet of its own in a folder of its own, without a market. */
export interface FleetRun extends AsyncDisposable {
  address: FleetAddress;
  pool: Pool;
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

const FOREIGN =
  /^(VITEST.*|NODE_OPTIONS|INIT_CWD|npm_.*|PG[A-Z]+|NATS_(URL|USER|PASSWORD)|DATABASE_URL|API_URL|(OPS|API|INGEST|AGGREGATOR)_.*)$/;
const MAIN = join(projectRoot, "packages/cli/src/main.ts");
const COMMAND_MS = 90_000;
const STOP_MS = 30_000;

function environment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
}

export async function startFleetRun(): Promise<FleetRun> {
  const parent = mkdtempSync(join(tmpdir(), "tickfleet cli "));
  const script = join(projectRoot, "infra/local/src/start.ts");
  const args = [script, "--no-demo", "--json", "--port", "0", "--data", join(parent, "data")];
  const child = spawn(process.execPath, args, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  try {
    const address = await untilReady(child);
    const pool = openPool(address.database, { max: 2, name: "test" });
    return {
      address,
      pool,
      async [Symbol.asyncDispose]() {
        await pool.end();
        await stop(child);
        process.off("exit", end);
        rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    await stop(child);
    rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
}

function untilReady(child: ChildProcess): Promise<FleetAddress> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr?.on("data", (data) => {
      text += String(data);
    });
    child.stdout?.on("data", (data) => {
      text += String(data);
      const line = text.split("\n").find((each) => each.startsWith('{"event":"ready"') && each.endsWith("}"));
      if (line !== undefined) resolve(JSON.parse(line) as FleetAddress);
    });
    child.once("close", (code) => reject(new Error(`the fleet ended with ${code} before it was ready:\n${text}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await closed;
  clearTimeout(timer);
}

export interface CommandOptions {
  env?: Readonly<Record<string, string>>;
  /** Hears what is written to standard error so far. */
  onStderr?: (text: string) => void;
}

/** Runs `tickfleet` to its end, as a process. */
export function runCommand(args: readonly string[], { env = {}, onStderr }: CommandOptions = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: tmpdir(),
    env: { ...environment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const result = { code: -1, stdout: "", stderr: "" };
  child.stdout.on("data", (data) => {
    result.stdout += String(data);
  });
  child.stderr.on("data", (data) => {
    result.stderr += String(data);
    onStderr?.(result.stderr);
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_MS);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ ...result, code: code ?? -1 });
    });
  });
}

let free: Promise<unknown> = Promise.resolve();

/** Runs a command in this process, one after another, for its exit code and output. */
export function runHere(args: readonly string[], onStderr?: (text: string) => void): Promise<CommandResult> {
  const run = async (): Promise<CommandResult> => {
    const result = { code: -1, stdout: "", stderr: "" };
    const spies = (["stdout", "stderr"] as const).map((name) =>
      vi.spyOn(process[name], "write").mockImplementation((text) => {
        result[name] += String(text);
        if (name === "stderr") onStderr?.(result.stderr);
        return true;
      }),
    );
    try {
      result.code = await runCommandLine(args);
      return result;
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  };
  const next = free.then(run);
  free = next.catch(() => undefined);
  return next;
}
