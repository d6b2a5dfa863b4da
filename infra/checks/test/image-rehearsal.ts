import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "@tickfleet/local/ports";
import { killAtExit, scratchFolder } from "@tickfleet/testkit/scratch";
import type { ComposeService } from "../src/compose-file.ts";
import { buildContext, ignorePatterns, parseDockerfile } from "../src/container-image.ts";
import { repositoryText } from "../src/fleet-files.ts";
import { REPOSITORY_ROOT } from "../src/repository.ts";

const run = promisify(execFile);
const INSTALL_MS = 240_000;
const POLL_MS = 200;

/** Addresses of the servers that stand in for the containers `nats` and `database`. */
export interface Servers {
  nats: string;
  /** With the superuser's name and password. */
  database: string;
  /** The gateway's, once it runs. */
  api?: string;
  /** Of the ops ports, by service, once they run. */
  ops?: Readonly<Record<string, string>>;
}

/** A container's process, outside a container. */
export interface RehearsedProcess {
  readonly environment: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
  /** Runs the container's own health check until it says yes; resolves with what it printed. */
  untilHealthy(timeoutMs: number): Promise<string>;
  /** Asks it to end; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Does in an empty folder what the Dockerfile does in the image, from files as a clone under umask 077 has them; resolves with the folder. */
export async function buildImage(): Promise<string> {
  const folder = scratchFolder("image");
  const files = buildContext(REPOSITORY_ROOT, ignorePatterns(repositoryText(".dockerignore")));
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true, mode: 0o700 });
    cpSync(join(REPOSITORY_ROOT, file), join(folder, file));
    chmodSync(join(folder, file), 0o600);
  }
  const stage = parseDockerfile(repositoryText("infra/docker/Dockerfile")).find(({ name }) => name === "install");
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  for (const { word, text } of stage?.instructions ?? []) {
    if (word !== "RUN") continue;
    await run("sh", ["-c", text], { cwd: folder, env: { ...process.env, PATH: path, CI: "true" }, timeout: INSTALL_MS });
  }
  return folder;
}

/** The environment of a container with the addresses and paths of this machine. */
async function environmentHere(container: ComposeService, servers: Servers): Promise<Record<string, string>> {
  const environment = { ...container.environment };
  const { host, pathname } = new URL(servers.database);
  if (environment["NATS_URL"] !== undefined) environment["NATS_URL"] = servers.nats;
  if (environment["API_URL"] !== undefined && servers.api !== undefined) environment["API_URL"] = servers.api;
  const { ops = {} } = servers;
  environment["OPS_URLS"] &&= environment["OPS_URLS"].replace(/([a-z-]+)=\S+/g, (_, name: string) => `${name}=${ops[name]}`);
  const wished = environment["DATABASE_URL"];
  if (wished !== undefined) environment["DATABASE_URL"] = wished.replace("@database:5432/tickfleet", `@${host}${pathname}`);
  for (const name of ["OPS_PORT", "API_PORT"]) if (environment[name] !== undefined) environment[name] = String(await freePort());
  if (environment["INGEST_SPOOL_DIR"] !== undefined) environment["INGEST_SPOOL_DIR"] = scratchFolder("image-spool");
  return environment;
}

/** Runs a one-shot container's command to its end; resolves with what it printed. */
export async function runOnce(folder: string, container: ComposeService, servers: Servers): Promise<string> {
  const [, ...args] = [...(container.entrypoint ?? []), ...(container.command ?? [])];
  const env = { PATH: process.env["PATH"], ...(await environmentHere(container, servers)) };
  const outcome = await run(process.execPath, args, { cwd: folder, env, timeout: 60_000 }).catch(
    (error: Error & { stderr?: string }) => error,
  );
  if (outcome instanceof Error) throw new Error(`${args.join(" ")}: ${outcome.stderr}`, { cause: outcome });
  return outcome.stdout;
}

/** Starts a service's container. */
export async function startContainer(folder: string, container: ComposeService, servers: Servers): Promise<RehearsedProcess> {
  const environment = await environmentHere(container, servers);
  const [, ...args] = container.command ?? [];
  // nothing of this process's own environment: what the compose file gives must do
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { NODE_ENV: "production", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const forget = killAtExit(child.pid as number);
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) output?.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  return {
    environment,
    lines,
    untilHealthy: (timeoutMs) => untilHealthy(folder, container, environment, child, lines, timeoutMs),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      forget();
      return child.exitCode;
    },
  };
}

async function untilHealthy(
  folder: string,
  container: ComposeService,
  environment: Readonly<Record<string, string>>,
  child: ChildProcess,
  lines: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const [, , ...args] = container.healthcheck?.test ?? [];
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const outcome = await run(process.execPath, args, { cwd: folder, env: environment }).catch((error: { stdout?: string }) => error);
    if (!(outcome instanceof Error)) return outcome.stdout ?? "";
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`not healthy (exit code ${child.exitCode}): ${outcome.stdout}\n${lines.join("").slice(-4_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
