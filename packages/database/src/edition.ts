import type { Queryable } from "./pool.ts";

/** `plain`: no TimescaleDB in this database; `apache`: hypertables only; `community`: columnstore, policies and continuous aggregates too. */
export type Edition = "plain" | "apache" | "community";

export interface EditionRow {
  version: string | null;
  license: string | null;
}

const QUESTION = `select (select extversion from pg_extension where extname = 'timescaledb') as version,
  current_setting('timescaledb.license', true) as license`;

const known = new WeakMap<object, Promise<Edition>>();

/** What the database of this pool or connection can do; asked once per pool. */
export function detectEdition(database: Queryable): Promise<Edition> {
  return detectEditionBy(database, (text) => database.query<EditionRow>(text));
}

/** `detectEdition` for another way to ask: once per `key`, by whoever can run a statement. */
export function detectEditionBy(key: object, ask: (text: string) => Promise<{ rows: readonly EditionRow[] }>): Promise<Edition> {
  let answer = known.get(key);
  if (answer === undefined) {
    answer = ask(QUESTION).then(({ rows }) => editionOfRow(rows[0]));
    known.set(key, answer);
    answer.catch(() => known.delete(key));
  }
  return answer;
}

function editionOfRow(row: EditionRow | undefined): Edition {
  if (row === undefined || row.version === null) return "plain";
  return row.license === "timescale" ? "community" : "apache";
}
