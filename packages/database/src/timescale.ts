import { type Kysely, sql } from "kysely";
import type pg from "pg";
import { detectEditionBy, type EditionRow } from "./edition.ts";

export interface HypertableOptions {
  /** Qualified name, such as `ingest.trades`. */
  table: string;
  /** Time column to partition by; part of every unique key of the table. */
  column: string;
  /** PostgreSQL interval of one chunk, such as `1 day`. */
  chunkInterval: string;
}

export interface ColumnstoreOptions {
  table: string;
  /** Columns whose values share a segment, such as `instrument`. */
  segmentBy: readonly string[];
  /** Order inside a segment, such as `event_time desc`. */
  orderBy: string;
  /** Age at which a chunk moves to the columnstore; longer than late data may come, such as `3 days`. */
  after: string;
}

/**
 * Makes a table a hypertable where the server has TimescaleDB and leaves it as it is elsewhere.
 * For migrations: the table's owner must run it. A table that is one already stays untouched.
 */
export async function createHypertable<DB>(db: Kysely<DB>, options: HypertableOptions): Promise<void> {
  if ((await editionOf(db)) === "plain") return;
  await sql`select create_hypertable(${options.table}::regclass, by_range(${options.column}::name, ${options.chunkInterval}::interval),
    create_default_indexes => false, if_not_exists => true, migrate_data => true)`.execute(db);
}

/** Keeps old chunks column by column, compressed. Only the Community edition can; elsewhere nothing happens. */
export async function addColumnstore<DB>(db: Kysely<DB>, options: ColumnstoreOptions): Promise<void> {
  if ((await editionOf(db)) !== "community") return;
  await sql`alter table ${sql.table(options.table)} set (timescaledb.enable_columnstore = true,
    timescaledb.segmentby = ${sql.lit(options.segmentBy.join(","))}, timescaledb.orderby = ${sql.lit(options.orderBy)})`.execute(db);
  await sql`call remove_columnstore_policy(${sql.lit(options.table)}::regclass, if_exists => true)`.execute(db);
  await sql`call add_columnstore_policy(${sql.lit(options.table)}::regclass, after => ${sql.lit(options.after)}::interval)`.execute(db);
}

/**
 * Lets the server drop chunks that were made longer ago than an interval such as `90 days`: what is imported today may be of any time.
 * Only the Community edition can; elsewhere nothing happens.
 */
export async function addRetention<DB>(db: Kysely<DB>, table: string, dropAfter: string): Promise<void> {
  if ((await editionOf(db)) !== "community") return;
  await sql`select remove_retention_policy(${table}::regclass, if_exists => true)`.execute(db);
  await sql`select add_retention_policy(${table}::regclass, drop_created_before => ${dropAfter}::interval)`.execute(db);
}

/**
 * Makes the extension in this database where the server offers it ready to load.
 * @returns null, or why a server that has TimescaleDB goes without it
 */
export async function ensureTimescale(client: pg.ClientBase): Promise<string | null> {
  const found = await client.query<{ offered: boolean; installed: boolean; loaded: boolean }>(
    `select exists (select from pg_available_extensions where name = 'timescaledb') as offered,
      exists (select from pg_extension where extname = 'timescaledb') as installed,
      current_setting('timescaledb.disable_load', true) is not null as loaded`, // a setting of the preloaded part, readable by everyone
  );
  const state = found.rows[0];
  if (state === undefined || state.installed || !state.offered) return null;
  if (!state.loaded) return "TimescaleDB is on the server but not in shared_preload_libraries: going on with plain tables";
  try {
    await client.query("create extension if not exists timescaledb with schema public");
    return null;
  } catch (error) {
    return `TimescaleDB is on the server but this user could not create the extension (${(error as Error).message}): going on with plain tables`;
  }
}

function editionOf<DB>(db: Kysely<DB>): ReturnType<typeof detectEditionBy> {
  return detectEditionBy(db, (text) => sql.raw<EditionRow>(text).execute(db));
}
