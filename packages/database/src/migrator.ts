import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sql } from "kysely";
import { type Migration, type MigrationProvider, type MigrationResultSet, Migrator } from "kysely/migration";
import type pg from "pg";
import { openKysely } from "./kysely.ts";
import { openPool } from "./pool.ts";
import { ensureRoles, ensureSchema, ownerRole, runRole, schemaOf, type ViewGrant, viewGrants } from "./roles.ts";
import { ensureTimescale } from "./timescale.ts";

/** A migration folder or file is not as it must be, or a migration failed; `cause` is the error of the failed one. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

export interface MigrateOptions {
  /** Database, as a user that may take (or make) the service's roles. */
  url: string;
  service: string;
  /** Folder of `YYYYMMDDTHHMM-name.ts` files that export `up` and `down`. */
  folder: string | URL;
  /** `up`: all that are open (default). `down`: the newest one back. `status`: change nothing. */
  direction?: "up" | "down" | "status";
  /** Who may read which views; set after every `up`, for views that exist by then. */
  grants?: readonly ViewGrant[];
  /** Called with what is worth a log line. */
  onNotice?: (notice: string) => void;
  /** Ends the wait for another process that migrates. */
  signal?: AbortSignal;
}

export interface MigrationState {
  /** File name without `.ts`. */
  name: string;
  /** Epoch milliseconds, null where it is still open. */
  appliedAt: number | null;
}

export interface MigrationReport {
  service: string;
  /** Migrations that this call ran, in order. */
  changed: string[];
  /** All migrations of the folder after this call. */
  migrations: MigrationState[];
}

const STATEMENT_TIMEOUT_MS = 60_000;
const LOCK_POLL_MS = 100;
/** Held while a service is prepared and migrated; Kysely's own lock is taken inside it. Spells "tickflee". */
const LOCK = "8388345093885289829";
const FILE_NAME = /^\d{8}T\d{4}-[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/;

/**
 * Brings a service's schema up, one step down, or tells its state. The schema and its two roles are
 * made first. Processes that call this at once wait for each other; those that come later find nothing to do.
 * @throws MigrationError, MissingRightsError
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const provider = await readMigrations(options.folder);
  const administration = openPool(options.url, { max: 1, name: `migrate-${options.service}`, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    const client = await administration.connect();
    client.on("error", () => undefined);
    let failure: Error | undefined;
    try {
      if (options.direction === "status") {
        const exists = await client.query("select from pg_namespace where nspname = $1", [schemaOf(options.service)]);
        if (exists.rows.length === 0) return await emptyReport(options.service, provider);
        return await runMigrations(options, provider);
      }
      await lock(client, options.signal);
      await prepare(client, options);
      return await runMigrations(options, provider);
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      if (failure === undefined) await client.query("select pg_advisory_unlock_all()").catch(() => undefined);
      client.release(failure ?? true);
    }
  } finally {
    await administration.end();
  }
}

/**
 * The migrations of a folder, by dynamic import.
 * @throws MigrationError on a name that does not fit, or a file without `up` and `down`
 */
export async function readMigrations(folder: string | URL): Promise<MigrationProvider> {
  const path = typeof folder === "string" ? folder : fileURLToPath(folder);
  const files = await readdir(path).catch((cause: unknown) => {
    throw new MigrationError(`cannot read the migrations in ${path}: ${(cause as Error).message}`, { cause });
  });
  const wrong = files.filter((file) => !FILE_NAME.test(file));
  if (wrong.length > 0) throw new MigrationError(`expected migrations named YYYYMMDDTHHMM-name.ts in ${path}, found ${wrong.join(", ")}`);
  const migrations: Record<string, Migration> = {};
  for (const file of files.sort()) {
    const module = (await import(pathToFileURL(join(path, file)).href)) as Partial<Migration>;
    const { up, down } = module;
    if (typeof up !== "function" || typeof down !== "function") {
      throw new MigrationError(
        `expected migration ${file} to export the functions up and down, found ${Object.keys(module).join(", ") || "nothing"}`,
      );
    }
    migrations[file.slice(0, -".ts".length)] = { up, down };
  }
  return { getMigrations: async () => migrations };
}

async function lock(client: pg.ClientBase, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const answer = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${LOCK}) as taken`);
    if (answer.rows[0]?.taken) return;
    await sleep(LOCK_POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

async function prepare(client: pg.ClientBase, options: MigrateOptions): Promise<void> {
  const notice = await ensureTimescale(client);
  if (notice !== null) options.onNotice?.(notice);
  await ensureSchema(client, options.service);
  await ensureRoles(
    client,
    (options.grants ?? []).map((grant) => runRole(grant.reader)),
  );
}

async function runMigrations(options: MigrateOptions, provider: MigrationProvider): Promise<MigrationReport> {
  const schema = schemaOf(options.service);
  const pool = openPool(options.url, {
    max: 1,
    name: `migrate-${options.service}`,
    schema,
    role: ownerRole(options.service),
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const db = openKysely<unknown>(pool);
  try {
    const migrator = new Migrator({ db, provider, migrationTableSchema: schema });
    let changed: string[] = [];
    if (options.direction === "down") changed = finish(options.service, await migrator.migrateDown());
    if (options.direction === undefined || options.direction === "up") {
      changed = finish(options.service, await migrator.migrateToLatest());
      const grants = (options.grants ?? []).flatMap(({ reader, views }) => viewGrants(reader, views));
      for (const statement of grants) await sql.raw(statement).execute(db);
    }
    const migrations = await migrator.getMigrations();
    return {
      service: options.service,
      changed,
      migrations: migrations.map(({ name, executedAt }) => ({ name, appliedAt: executedAt?.getTime() ?? null })),
    };
  } finally {
    await db.destroy();
  }
}

async function emptyReport(service: string, provider: MigrationProvider): Promise<MigrationReport> {
  const names = Object.keys(await provider.getMigrations());
  return { service, changed: [], migrations: names.map((name) => ({ name, appliedAt: null })) };
}

function finish(service: string, { error, results }: MigrationResultSet): string[] {
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === "Error");
    const what =
      failed === undefined ? `migrations of ${service}` : `migration ${failed.migrationName} of ${service} (${failed.direction})`;
    throw new MigrationError(`${what} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return (results ?? []).filter((result) => result.status === "Success").map((result) => result.migrationName);
}
