import { randomBytes } from "node:crypto";
import pg from "pg";

/** A database of its own on a server for tests. */
export interface TestDatabase extends AsyncDisposable {
  url: string;
}

/** A superuser's way in. */
export const SERVER = process.env["TEST_DATABASE_URL"] ?? "postgres://postgres:postgres@127.0.0.1:54329/postgres";

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

export async function createDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await runSql(SERVER, `create database ${name}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      await runSql(SERVER, `drop database if exists ${name} with (force)`);
    },
  };
}
