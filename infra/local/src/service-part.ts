import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FleetFolder } from "./fleet-folder.ts";
import { projectRoot } from "./folders.ts";
import { type ServerProcess, spawnServer } from "./server-process.ts";
import type { ServiceLog } from "./service-log.ts";
import { delay, describeEnd, HopelessPartError, type PartProcess } from "./supervisor.ts";

export interface ServiceStart {
  name: string;
  folder: FleetFolder;
  /** Added to this process's own environment, in place of what is there. */
  env: Readonly<Record<string, string>>;
  log: ServiceLog;
  signal: AbortSignal;
  /** Called when the process exists, long before it is ready. */
  onProcess(pid: number): void;
  /** Called now and then with what it waits for. */
  onWaiting(reason: string): void;
}

/** A service that answers `/readyz` with yes. */
export interface ServiceProcess extends PartProcess {
  opsPort: number;
}

/** Time a service has for its own shutdown. */
export const SHUTDOWN_SECONDS = 10;
const STOP = [{ signal: "SIGTERM", waitMs: (SHUTDOWN_SECONDS + 2) * 1_000 }] as const;
const POLL_MS = 50;
const TELL_EVERY_MS = 10_000;
const EXIT_CONFIG = 78;

/** Runs `services/<name>/src/main.ts` and resolves when it is ready; throws when it ends before. */
export async function startService(options: ServiceStart): Promise<ServiceProcess> {
  const { name, folder, log, signal } = options;
  const portFile = folder.at("ops", `${name}.json`);
  rmSync(portFile, { force: true });
  const server = await spawnServer({
    command: process.execPath,
    args: [join(projectRoot, "services", name, "src/main.ts")],
    cwd: projectRoot,
    env: { ...inherited(), ...options.env, OPS_PORT_FILE: portFile, SHUTDOWN_SECONDS: String(SHUTDOWN_SECONDS) },
    dieWithParent: true,
  });
  for (const output of [server.child.stdout, server.child.stderr]) if (output !== null) log.follow(output);
  options.onProcess(server.pid);
  const stop = (): Promise<void> => server.stop(STOP).then(() => {});
  const opsPort = await waitUntilReady(server, portFile, options);
  if (opsPort !== null) return { pid: server.pid, exited: server.exited, stop, opsPort };
  if (signal.aborted) {
    await stop();
    throw new Error("it was stopped before it was ready");
  }
  const end = await server.exited;
  // its last lines may arrive after its end
  await delay(100, signal);
  const reason = `${describeEnd(end)} before it was ready\n${log.tail().join("\n")}`;
  throw end.code === EXIT_CONFIG ? new HopelessPartError(reason) : new Error(reason);
}

/** Port of its ops server once it is ready; null when it ended or is no longer wanted. */
async function waitUntilReady(server: ServerProcess, portFile: string, options: ServiceStart): Promise<number | null> {
  let tellAt = Date.now() + TELL_EVERY_MS;
  while (server.ended() === null && !options.signal.aborted) {
    const port = portIn(portFile, server.pid);
    const reason = port === null ? "it has not come up" : await readiness(port);
    if (reason === null) return port;
    if (Date.now() > tellAt) {
      tellAt = Date.now() + TELL_EVERY_MS;
      options.onWaiting(reason);
    }
    await delay(POLL_MS, options.signal);
  }
  return null;
}

function portIn(file: string, pid: number): number | null {
  try {
    const written = JSON.parse(readFileSync(file, "utf8")) as { port: number; pid: number };
    return written.pid === pid ? written.port : null;
  } catch {
    return null;
  }
}

/** Null when the service is ready, else what it waits for. */
async function readiness(opsPort: number): Promise<string | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal: AbortSignal.timeout(5_000) });
    const state = (await answer.json()) as { components?: Record<string, { ok: boolean; detail: string }> };
    if (answer.ok) return null;
    const missing = Object.entries(state.components ?? {}).filter(([, component]) => !component.ok);
    return missing.map(([component, { detail }]) => (detail === "" ? component : `${component}: ${detail}`)).join("; ") || "it is starting";
  } catch (error) {
    return `its ops server does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** This process's environment without what would lead the services or their database client elsewhere. */
function inherited(): NodeJS.ProcessEnv {
  const foreign = /^(PG[A-Z]+|NATS_URL|NATS_USER|NATS_PASSWORD|DATABASE_URL|OPS_HOST|OPS_PORT|npm_.*)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
