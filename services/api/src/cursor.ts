import { createHash } from "node:crypto";
import { z } from "zod";
import { LATEST_US } from "./query-time.ts";

/** Which way a list is walked: from its start on, or from its end back (each page is ascending all the same). */
export type Direction = "forward" | "backward";

/** Where the next page begins, and the query it belongs to. */
export interface Cursor {
  direction: Direction;
  /** Range of the whole query in epoch microseconds, [from, to); null is open. */
  from: number | null;
  to: number | null;
  /** Key of the last row given (forward) or of the first (backward). */
  key: readonly (string | number)[];
}

const VERSION = 1;
/** Text without control characters: the epoch of a trade. */
const textSchema = z.string().regex(/^\P{Cc}*$/u);
const timeSchema = z.number().int().min(0).max(LATEST_US).nullable();
const wireSchema = z.tuple([
  z.literal(VERSION),
  z.string(),
  z.enum(["forward", "backward"]),
  timeSchema,
  timeSchema,
  z
    .array(z.union([textSchema, z.number().int()]))
    .min(1)
    .max(3),
]);

/** Mark of a query: the same for all its pages, whatever their limit; an empty parameter is an absent one. */
export function queryMark(parameters: Readonly<Record<string, string | undefined>>): string {
  const parts = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 16);
}

export function formatCursor(cursor: Cursor, mark: string): string {
  return Buffer.from(JSON.stringify([VERSION, mark, cursor.direction, cursor.from, cursor.to, cursor.key])).toString("base64url");
}

/** Reads a cursor back; a text says what is wrong with it. */
export function parseCursor(text: string, mark: string): Cursor | "invalid-cursor" | "cursor-mismatch" {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return "invalid-cursor";
  }
  const parsed = wireSchema.safeParse(value);
  if (!parsed.success) return "invalid-cursor";
  const [, found, direction, from, to, key] = parsed.data;
  return found === mark ? { direction, from, to, key } : "cursor-mismatch";
}
