import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type EmbeddedDatabase, startEmbeddedDatabase } from "@tickfleet/local/embedded-database";
import pg from "pg";
import { fillFromTemplate } from "./cluster-template.ts";
import { startContainer, usesDocker } from "./docker.ts";
import { copyFolder } from "./folder-copy.ts";
import { killAtExit, removeScratch, scratchFolder } from "./scratch.ts";
import { testRun } from "./test-run.ts";
import { timescale } from "./timescale.ts";

/** A PostgreSQL server that a test may stop, kill and start again on the same port. */
export interface DatabaseServer {
  /** Superuser's address of the database `postgres`. */
  readonly adminUrl: string;
  /** Process id, null while it is down or where it is shared or runs in a container. */
  readonly pid: number | null;
  /** Folder of all its data, null for a server that is shared, which also refuses to stop, be killed and start. */
  readonly clusterDir: string | null;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** `plain` (default) or `timescale`, which throws where no such server is at hand: ask `timescale()` first. */
  edition?: "plain" | "timescale";
  /** A server of its own, for tests that stop or kill it; else one server serves the whole test process. */
  ownServer?: boolean;
}

/** A database of one test file. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly server: DatabaseServer;
  /** Runs one statement on one of a few connections, made anew where they were lost, and returns its rows. It must leave no state of a session. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Drops it, whoever is connected and whatever runs, and ends a server of its own. Asked again, it is the same end. */
  close(): Promise<void>;
}

let shared: Promise<DatabaseServer> | null = null;
let count = 0;

/** Makes an empty database for the caller on a real PostgreSQL (about 1 s the first time, then 50 ms). */
export async function startDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await serverFor(options);
  const name = `test_${process.pid}_${Date.now().toString(36)}_${count++}`;
  await runOn(server.adminUrl, `CREATE DATABASE ${name}`);
  const address = new URL(server.adminUrl);
  address.pathname = `/${name}`;
  const url = address.href;
  let pool = openQueries(url);
  const end = async (): Promise<void> => {
    if (server.clusterDir !== null) await server.close();
    else await runOn(server.adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    // only now: a query that still ran, as one that waits for a lock, has failed and given its connection back
    await pool.end();
  };
  let ended: Promise<void> | null = null;
  const close = (): Promise<void> => {
    ended ??= end();
    return ended;
  };
  return {
    url,
    server: tellingDown(server, () => {
      pool = openQueries(url);
    }),
    query: async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Tests ask again and again until something holds: a connection for each question costs more than what is tested. */
function openQueries(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 3, idleTimeoutMillis: 5_000, allowExitOnIdle: true });
  // a server that dies says so beside the answer that fails: the promise tells the caller
  pool.on("error", () => undefined);
  return pool;
}

/** The same server, which tells when it has gone down: a connection from before may not know it yet, or still answer for a moment. */
function tellingDown(server: DatabaseServer, onDown: () => void): DatabaseServer {
  return {
    adminUrl: server.adminUrl,
    clusterDir: server.clusterDir,
    get pid() {
      return server.pid;
    },
    stop: () => server.stop().then(onDown),
    kill: () => server.kill().then(onDown),
    start: server.start,
    close: server.close,
  };
}

async function serverFor(options: TestDatabaseOptions): Promise<DatabaseServer> {
  if (options.edition === "timescale") {
    const adminUrl = await timescale();
    if (adminUrl === null) throw new Error("no TimescaleDB server at hand; set TIMESCALE_URL to the superuser's address of one");
    return notOurs(adminUrl, "this TimescaleDB server is shared and not ours to stop");
  }
  if (options.ownServer) return startServer();
  shared ??= startServer().catch((error: unknown) => {
    // the next caller tries again
    shared = null;
    throw error;
  });
  return notOurs((await shared).adminUrl, "this database server is shared; ask for one with ownServer");
}

/** A server that others use too, as one of them sees it. */
function notOurs(adminUrl: string, reason: string): DatabaseServer {
  const refuse = (): Promise<void> => Promise.reject(new Error(reason));
  return { adminUrl, pid: null, clusterDir: null, stop: refuse, kill: refuse, start: refuse, close: async () => {} };
}

function startServer(): Promise<DatabaseServer> {
  const folder = scratchFolder("postgres");
  return usesDocker() ? inContainer(folder) : asProcess(folder);
}

async function asProcess(folder: string): Promise<DatabaseServer> {
  let server: EmbeddedDatabase | null = null;
  let forget = (): void => {};
  let port = 0;
  // a killed process loses nothing without fsync, only a killed machine does
  const settings = { fsync: "off", full_page_writes: "off", shared_buffers: "64MB" };
  const launch = async (): Promise<EmbeddedDatabase> => {
    if (server !== null) return server;
    const started = await startEmbeddedDatabase({ dataDir: folder, port, database: "postgres", settings, dieWithParent: true });
    port = started.port;
    forget = killAtExit(started.pid);
    server = started;
    return started;
  };
  const end = async (how: "stop" | "kill"): Promise<void> => {
    if (server === null) return;
    await server[how]();
    forget();
    server = null;
  };
  await fillFromTemplate(folder, testRun);
  const { url, clusterDir } = await launch();
  return {
    adminUrl: url,
    clusterDir,
    get pid() {
      return server?.pid ?? null;
    },
    stop: () => end("stop"),
    kill: () => end("kill"),
    start: async () => void (await launch()),
    close: async () => {
      await end("kill");
      removeScratch(folder);
    },
  };
}

async function inContainer(folder: string): Promise<DatabaseServer> {
  const clusterDir = join(folder, "cluster");
  mkdirSync(clusterDir, { mode: 0o777 });
  const container = await startContainer({
    image: "postgres:18-alpine",
    command: ["postgres", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "timezone=UTC"],
    env: { POSTGRES_PASSWORD: "postgres", PGDATA: "/cluster" },
    containerPort: 5432,
    data: { source: clusterDir, target: "/cluster" },
    readyLine: /database system is ready to accept connections/,
    readyTimes: 2,
  });
  const { stop, kill, start } = container;
  const close = async (): Promise<void> => {
    await container.remove();
    removeScratch(folder);
  };
  return { adminUrl: `postgres://postgres:postgres@127.0.0.1:${container.port}/postgres`, pid: null, clusterDir, stop, kill, start, close };
}

async function runOn<Row extends pg.QueryResultRow>(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  // a server that dies says so beside the answer that fails: the promise tells the caller
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Copies the whole server's data as it is now (it is down for a moment); returns the folder of the copy. */
export async function dumpDatabase(server: DatabaseServer): Promise<string> {
  const cluster = clusterOf(server);
  const copy = scratchFolder("postgres-dump");
  await server.stop();
  await copyFolder(cluster, join(copy, "cluster"));
  await server.start();
  return copy;
}

/** Puts the whole server back to a dump, as an operator does who restores yesterday's backup. */
export async function restoreDatabase(server: DatabaseServer, dump: string): Promise<void> {
  const cluster = clusterOf(server);
  await server.stop();
  rmSync(cluster, { recursive: true, force: true });
  await copyFolder(join(dump, "cluster"), cluster);
  await server.start();
}

function clusterOf(server: DatabaseServer): string {
  if (server.clusterDir === null) throw new Error("this database server is shared; ask for one with ownServer");
  return server.clusterDir;
}
