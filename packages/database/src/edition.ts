import { type Kysely, sql } from "kysely";
import type { Queryable } from "./pool.ts";

/** `plain`: no TimescaleDB in this database; `apache`: hypertables only; `community`: columnstore, policies and continuous aggregates too. */
export type Edition = "plain" | "apache" | "community";

interface EditionRow {
  version: string | null;
  license: string | null;
}

const QUESTION = `select (select extversion from pg_extension where extname = 'timescaledb') as version,
  current_setting('timescaledb.license', true) as license`;

const known = new WeakMap<object, Promise<Edition>>();

/** What the database of this pool or connection can do; asked once per pool. */
export function detectEdition(database: Queryable): Promise<Edition> {
  return remember(database, async () => editionOfRow((await database.query<EditionRow>(QUESTION)).rows[0]));
}

/** `detectEdition` for migrations and queries that hold a Kysely. */
export function detectEditionOf<DB>(db: Kysely<DB>): Promise<Edition> {
  return remember(db, async () => editionOfRow((await sql.raw<EditionRow>(QUESTION).execute(db)).rows[0]));
}

function editionOfRow(row: EditionRow | undefined): Edition {
  if (row === undefined || row.version === null) return "plain";
  return row.license === "timescale" ? "community" : "apache";
}

function remember(key: object, ask: () => Promise<Edition>): Promise<Edition> {
  let answer = known.get(key);
  if (answer === undefined) {
    answer = ask();
    known.set(key, answer);
    answer.catch(() => known.delete(key));
  }
  return answer;
}
