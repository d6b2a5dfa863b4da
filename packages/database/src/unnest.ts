import type { Queryable } from "./pool.ts";
import { POSTGRES_EPOCH_US } from "./timestamp.ts";

/** Element types of arrays; `timestamptz` values are epoch microseconds, `jsonb` values JSON text. */
export type ArrayType = "bool" | "int2" | "int4" | "int8" | "float8" | "timestamptz" | "text" | "bytea" | "jsonb";
export type ArrayValue = number | bigint | string | boolean | Uint8Array | null | undefined;

export interface UnnestColumn {
  name: string;
  type: ArrayType;
}

/** What happens to a row whose key is there already: nothing, or the columns named take the new values. */
export interface OnConflict {
  key: readonly string[];
  /** Empty: the row that is there stays. */
  update: readonly string[];
  /** Trusted SQL that must hold for the update, such as `present.revision < excluded.revision`. */
  where?: string;
}

/** Source of the numbers: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const OIDS: Readonly<Record<ArrayType, number>> = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  float8: 701,
  timestamptz: 1184,
  jsonb: 3802,
};
const FIXED: Readonly<Partial<Record<ArrayType, number>>> = { bool: 1, int2: 2, int4: 4, int8: 8, float8: 8, timestamptz: 8 };
const HEADER_BYTES = 20;
const JSONB_VERSION = 1;

/**
 * A parameter for `$1::<type>[]` in PostgreSQL's binary form, three times as quick for wide rows as an array that `pg`
 * writes as text. `undefined` is null, and so is NaN everywhere but in `float8`.
 * @throws RangeError on a number that does not fit its type
 * Source of the format: https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c (array_recv)
 */
export function encodeArray(type: ArrayType, values: ArrayLike<ArrayValue>): Buffer {
  const count = values.length;
  const array = Buffer.allocUnsafe(HEADER_BYTES + count * 4 + mostBytes(type, values));
  array.writeInt32BE(count === 0 ? 0 : 1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(OIDS[type], 8);
  if (count === 0) return array.subarray(0, 12);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  let at = HEADER_BYTES;
  let nulls = false;
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (value === null || value === undefined || (Number.isNaN(value) && type !== "float8")) {
      at = array.writeInt32BE(-1, at);
      nulls = true;
    } else {
      const end = writeValue(array, at + 4, type, value);
      array.writeInt32BE(end - at - 4, at);
      at = end;
    }
  }
  if (nulls) array.writeInt32BE(1, 4);
  return array.subarray(0, at);
}

/**
 * Inserts rows that may be there already, in one statement.
 * @param table qualified name, trusted
 * @param values one list per column, all of one length; a key may come only once where `onConflict` updates
 * @returns how many rows were inserted or updated
 */
export async function insertUnnest(
  client: Queryable,
  table: string,
  columns: readonly UnnestColumn[],
  values: readonly ArrayLike<ArrayValue>[],
  onConflict: OnConflict,
): Promise<number> {
  const lengths = new Set(values.map((list) => list.length));
  if (values.length !== columns.length || lengths.size > 1) {
    throw new RangeError(`expected ${columns.length} columns of one length, found ${values.length} of ${[...lengths].join(", ")}`);
  }
  const names = quoted(columns.map(({ name }) => name));
  const arrays = columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(", ");
  const updates = onConflict.update.map((name) => `"${name}" = excluded."${name}"`).join(", ");
  const condition = onConflict.where === undefined ? "" : ` where ${onConflict.where}`;
  const action = updates === "" ? "nothing" : `update set ${updates}${condition}`;
  const result = await client.query(
    `insert into ${table} as present (${names}) select * from unnest(${arrays}) on conflict (${quoted(onConflict.key)}) do ${action}`,
    columns.map(({ type }, i) => encodeArray(type, values[i] ?? [])),
  );
  return result.rowCount ?? 0;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}

/** Bytes that the values can take at most, without their lengths. */
function mostBytes(type: ArrayType, values: ArrayLike<ArrayValue>): number {
  const fixed = FIXED[type];
  if (fixed !== undefined) return fixed * values.length;
  let bytes = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "string") bytes += 1 + 3 * value.length;
    else if (value instanceof Uint8Array) bytes += value.length;
  }
  return bytes;
}

/** Returns where the next value begins. */
function writeValue(array: Buffer, at: number, type: ArrayType, value: NonNullable<ArrayValue>): number {
  switch (type) {
    case "float8":
      return array.writeDoubleBE(value as number, at);
    case "int8":
      return array.writeBigInt64BE(wholeNumber(value), at);
    case "timestamptz":
      return array.writeBigInt64BE(wholeNumber(value) - BigInt(POSTGRES_EPOCH_US), at);
    case "int4":
      return array.writeInt32BE(Number(wholeNumber(value)), at);
    case "int2":
      return array.writeInt16BE(Number(wholeNumber(value)), at);
    case "bool":
      return array.writeUInt8(value === true ? 1 : 0, at);
    case "bytea":
      array.set(value as Uint8Array, at);
      return at + (value as Uint8Array).length;
    case "jsonb":
      array.writeUInt8(JSONB_VERSION, at);
      return at + 1 + array.write(value as string, at + 1);
    case "text":
      return at + array.write(value as string, at);
  }
}

/** Refuses fractions and what a number holds only roughly: both would be other values in the table. */
function wholeNumber(value: NonNullable<ArrayValue>): bigint {
  if (typeof value === "bigint") return value;
  if (!Number.isSafeInteger(value)) throw new RangeError(`expected an integer below 2^53, found ${String(value)}`);
  return BigInt(value as number);
}
