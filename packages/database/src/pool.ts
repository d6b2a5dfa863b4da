import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { runRole } from "./roles.ts";
import { parseTimestamptz } from "./timestamp.ts";

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;
/** What can run a statement: a pool or one of its connections. */
export type Queryable = Pick<pg.Pool, "query">;

export interface PoolOptions {
  /** Most connections at once. */
  max: number;
  /** `application_name` of the connections, seen in `pg_stat_activity`. */
  name: string;
  /** Schema that unqualified names are looked up in first; `public` comes after it. */
  schema?: string;
  /** Role that every connection takes; by default the read-write role of the schema, and none where no schema is given. */
  role?: string | null;
  /** Milliseconds after which the server ends a statement; by default no limit. */
  statementTimeoutMs?: number;
  /** Called when the server drops an idle connection; the pool replaces it by itself. */
  onIdleError?: (error: Error) => void;
}

/** Connections of a pool at this moment. */
export interface PoolStatistics {
  total: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

const INT8 = 20;
const INT8_ARRAY = 1016;
const TIMESTAMPTZ = 1184;
const TIMESTAMPTZ_ARRAY = 1185;

/**
 * A pool of connections with the fleet's types: `int8` is a number (a value beyond 2^53 fails the
 * query), `timestamptz` epoch microseconds, `numeric` text, everything else as `pg` gives it. The
 * session is in UTC. Nothing connects before the first query.
 * @param url `postgres://user:password@host:port/database`
 */
export function openPool(url: string, options: PoolOptions): Pool {
  const role = options.role === undefined ? (options.schema === undefined ? null : runRole(options.schema)) : options.role;
  const settings: Record<string, string> = { TimeZone: "UTC", DateStyle: "ISO", IntervalStyle: "postgres" };
  if (role !== null) settings["role"] = role;
  if (options.schema !== undefined) settings["search_path"] = `${options.schema},public`;
  if (options.statementTimeoutMs !== undefined) settings["statement_timeout"] = String(options.statementTimeoutMs);
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: options.name,
    options: startupOptions(settings),
    types: { getTypeParser },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  pool.on("error", (error) => options.onIdleError?.(error));
  // A connection lost between two statements of its borrower would end the process; the next statement fails anyway.
  pool.on("connect", (client) => void client.on("error", () => undefined));
  return pool;
}

export function poolStatistics(pool: Pool): PoolStatistics {
  return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
}

/**
 * Resolves as soon as the server answers a query, however long that takes.
 * @param onWait called after each failed attempt with what is wrong, in words
 * @throws the signal's reason when it is aborted first
 */
export async function waitForDatabase(pool: Pool, signal?: AbortSignal, onWait?: (reason: string) => void): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    signal?.throwIfAborted();
    try {
      await pool.query("select 1");
      return;
    } catch (error) {
      signal?.throwIfAborted();
      onWait?.(describeDatabaseError(error));
    }
    await sleep(waitMs / 2 + (Math.random() * waitMs) / 2, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** What is wrong with the database and what to do about it, in one line and without secrets. */
export function describeDatabaseError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = errorCode(error);
  const message =
    error instanceof AggregateError && error.message === "" ? error.errors.map((one: Error) => one.message).join("; ") : error.message;
  if (code === "28P01" || code === "28000") return `${message}: check the user and password in DATABASE_URL`;
  if (code === "3D000") return `${message}: create the database that DATABASE_URL names`;
  if (code === "22023" && message.includes("role")) return `${message}: run the service's migrations first (tickfleet migrate)`;
  return code === undefined ? message : `${message} (${code})`;
}

/** SQLSTATE or system code of an error of `pg`, such as `23505` or `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

function startupOptions(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, "\\$&")}`)
    .join(" ");
}

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} is beyond 2^53: read it as text`);
  return value;
}

function parseArray<T>(parse: (text: string) => T): (text: string) => (T | null)[] {
  return (text) =>
    text
      .slice(1, -1)
      .split(",")
      .filter((item) => item !== "")
      .map((item) => (item === "NULL" ? null : parse(item.replaceAll('"', ""))));
}

function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (format !== "binary") {
    if (oid === INT8) return parseInt8;
    if (oid === TIMESTAMPTZ) return parseTimestamptz;
    if (oid === INT8_ARRAY) return parseArray(parseInt8);
    if (oid === TIMESTAMPTZ_ARRAY) return parseArray(parseTimestamptz);
  }
  return pg.types.getTypeParser(oid, format as "text");
}
