import { Kysely, PostgresDialect } from "kysely";
import type { Pool } from "./pool.ts";

/**
 * Typed queries over a pool. `destroy()` ends the pool as well.
 * @typeParam DB tables by name, columns in snake_case: `int8` and `timestamptz` are numbers (see `openPool`)
 */
export function openKysely<DB>(pool: Pool): Kysely<DB> {
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
}
