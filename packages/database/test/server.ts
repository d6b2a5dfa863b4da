import pg from "pg";
// By path, because a dependency on testkit, which depends on this package, would be a circle.
import { startDatabase, type TestDatabase } from "../../testkit/src/database.ts";
import { timescale } from "../../testkit/src/timescale.ts";

export type { TestDatabase };

/** Servers that these tests run on: TimescaleDB too where one is at hand. */
export const editions: readonly ("plain" | "timescale")[] = (await timescale()) === null ? ["plain"] : ["plain", "timescale"];

export function createDatabase(edition: "plain" | "timescale"): Promise<TestDatabase> {
  return startDatabase({ edition });
}

/** Runs statements on one connection and gives the rows of the last. */
export async function runSql(url: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
