import { openPool, type Pool } from "@tickfleet/database/pool";
import { type ArrayType, type ArrayValue, encodeArray, insertUnnest, type UnnestColumn } from "@tickfleet/database/unnest";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, editions, type TestDatabase } from "./server.ts";

const COLUMNS: readonly UnnestColumn[] = [
  { name: "id", type: "int8" },
  { name: "revision", type: "int4" },
  { name: "note", type: "text" },
];

describe.each(editions)("%s", (edition) => {
  let database: TestDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await createDatabase(edition);
    pool = openPool(database.url, { max: 1, name: "test" });
    await pool.query("create table things (id int8 primary key, revision int4, note text)");
  });
  afterAll(async () => {
    await pool.end();
    await database.close();
  });

  const cases: readonly [ArrayType, readonly ArrayValue[]][] = [
    ["bool", [true, null, false]],
    ["int2", [-32_768, null, 32_767]],
    ["int4", [-2_147_483_648, null, 2_147_483_647]],
    ["int8", [Number.MIN_SAFE_INTEGER, null, -1, 0, 4_294_967_296, Number.MAX_SAFE_INTEGER]],
    ["float8", [0.1, null, -1e300, 5e-324, Number.POSITIVE_INFINITY, Number.NaN]],
    ["timestamptz", [1_381_132_800_464_001, null, 946_684_799_999_999, -1]],
    ["text", ["", null, "é𝄞", 'a,"b"\\{}', "NULL"]],
    ["bytea", [Buffer.from([0, 255, 1]), null, Buffer.alloc(0)]],
  ];
  test.each(cases)("%s values come back as they were, nulls too", async (type, values) => {
    expect(await roundTrip(type, values)).toEqual(values);
    expect(await roundTrip(type, [])).toEqual([]);
    expect(await roundTrip(type, values.slice(0, 1))).toEqual(values.slice(0, 1));
  });

  test("JSON text arrives as its value, a bigint as an integer; undefined and NaN of a whole number are null", async () => {
    expect(await roundTrip("jsonb", ['{"a":[1,"é"]}', null])).toEqual([{ a: [1, "é"] }, null]);
    expect(await roundTrip("int8", [5n, undefined, Number.NaN])).toEqual([5, null, null]);
  });

  test("any text and any double arrive bit for bit", async () => {
    const text = fc.string({ unit: "grapheme" }).map((value) => value.replaceAll("\0", ""));
    const property = fc.asyncProperty(fc.array(text), fc.array(fc.double()), async (texts, doubles) => {
      expect(await roundTrip("text", texts)).toEqual(texts);
      const { rows } = await pool.query("select value from unnest($1::float8[]) as value", [encodeArray("float8", doubles)]);
      for (const [i, row] of rows.entries())
        if (!Object.is(row.value, doubles[i])) throw new Error(`${doubles[i]} came back as ${row.value}`);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test("rows that are there stay, or take the new values where the condition holds", async () => {
    const insert = (ids: number[], revisions: number[], note: string, update: string[], where?: string) =>
      insertUnnest(pool, "things", COLUMNS, [ids, revisions, ids.map(() => note)], {
        key: ["id"],
        update,
        ...(where === undefined ? {} : { where }),
      });
    expect(await insert([1, 2], [1, 1], "first", [])).toBe(2);
    expect(await insert([2, 3], [5, 5], "second", [])).toBe(1);
    expect(await insert([1, 3], [2, 4], "third", ["revision", "note"], "present.revision < excluded.revision")).toBe(1);
    expect(await insert([2], [0], "fourth", ["note"])).toBe(1);
    expect(await insert([], [], "none", [])).toBe(0);
    expect((await pool.query("select * from things order by id")).rows).toEqual([
      { id: 1, revision: 2, note: "third" },
      { id: 2, revision: 1, note: "fourth" },
      { id: 3, revision: 5, note: "second" },
    ]);
  });

  async function roundTrip(type: ArrayType, values: readonly ArrayValue[]): Promise<unknown[]> {
    const { rows } = await pool.query(`select value from unnest($1::${type}[]) as value`, [encodeArray(type, values)]);
    return rows.map((row) => row.value);
  }
});

test("a value that would be another one in the table is refused", async () => {
  expect(() => encodeArray("int8", [2 ** 53])).toThrow(RangeError);
  expect(() => encodeArray("int4", [0.5])).toThrow(RangeError);
  expect(() => encodeArray("int2", [40_000])).toThrow(RangeError);
  expect(() => encodeArray("int4", [2 ** 31])).toThrow(RangeError);
  const uneven = insertUnnest({ query: () => undefined } as never, "things", COLUMNS, [[1], [1, 2], []], { key: ["id"], update: [] });
  await expect(uneven).rejects.toThrow(RangeError);
});
