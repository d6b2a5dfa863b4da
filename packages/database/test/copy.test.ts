import { type CopyColumn, copyRows } from "@tickfleet/database/copy";
import { errorCode, openPool } from "@tickfleet/database/pool";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, editions, type TestDatabase } from "./server.ts";

const COLUMNS: readonly CopyColumn[] = [
  { name: "id", type: "int8" },
  { name: "small", type: "int2" },
  { name: "middle", type: "int4" },
  { name: "ratio", type: "float8" },
  { name: "time", type: "timestamptz" },
  { name: "note", type: "text" },
  { name: "flag", type: "bool" },
];

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;

describe.each(editions)("%s", (edition) => {
  beforeAll(async () => {
    database = await createDatabase(edition);
    pool = openPool(database.url, { max: 1, name: "test" });
    await pool.query(
      "create table things (id int8 primary key, small int2, middle int4, ratio float8, time timestamptz, note text, flag bool)",
    );
  });
  afterAll(async () => {
    await pool.end();
    await database[Symbol.asyncDispose]();
  });

  test("values of every type come back as they were, nulls too", async () => {
    const client = await pool.connect();
    const rows = [
      [9_007_199_254_740_991, -32_768, 2_147_483_647, 0.1, 1_381_132_800_464_001, "é\u0000".slice(0, 1), true],
      [-9_007_199_254_740_991, 32_767, -2_147_483_648, -1e300, 946_684_799_999_999, "", false],
      [-1, null, null, null, null, null, null],
      [4_294_967_296, 0, 0, 0, 0, "𝄞 text", null],
    ];
    await copyRows(client, "things", COLUMNS, rows.length, COLUMNS.map((_, i) => rows.map((row) => row[i])) as never);
    const { rows: found } = await client.query("select * from things");
    client.release();
    expect(found.map((row) => COLUMNS.map((column) => row[column.name]))).toEqual(rows);
  });

  test("many rows in several chunks; one that is there already refuses them all, and the transaction can go on", async () => {
    const client = await pool.connect();
    const ids = Array.from({ length: 40_000 }, (_, i) => i + 10);
    const notes = ids.map((id) => "x".repeat(id % 100));
    const columns = COLUMNS.filter((column) => ["id", "note"].includes(column.name));
    await copyRows(client, "things", columns, ids.length, [ids, notes]);
    await client.query("begin");
    await client.query("savepoint before");
    const error = await copyRows(client, "things", columns, 2, [
      [5, 10],
      ["new", "old"],
    ]).catch((reason: unknown) => reason);
    expect(errorCode(error)).toBe("23505");
    await client.query("rollback to savepoint before");
    const { rows } = await client.query(
      "select count(*)::int as count, sum(length(note))::int as length from things where id between 5 and 1000000",
    );
    await client.query("commit");
    client.release();
    expect(rows).toEqual([{ count: 40_000, length: notes.reduce((sum, note) => sum + note.length, 0) }]);
  });
});
