import { z } from "@hono/zod-openapi";
import type { Column } from "./columns.ts";
import { type Cursor, type Direction, formatCursor, parseCursor, queryMark } from "./cursor.ts";
import { type Fault, nearest } from "./problem.ts";
import { parseQueryTime } from "./query-time.ts";
import type { Page, PageRequest } from "./store.ts";

export const DEFAULT_LIMIT = 1_000;
export const MAX_LIMIT = 10_000;

const TIME_FORMS = "Epoch milliseconds, RFC 3339 with a zone, a UTC date, a span back from now (-24h) or now.";

/** A parameter of a query, text as it arrives; its rules stand in `describe` and are checked all at once by the route. */
export function parameter(description: string, example: string, required = false): z.ZodOptional<z.ZodString> {
  return z.string().optional().openapi({ description, example, param: { required } });
}

/** The parameters that every list of an instrument takes. */
export const listParameters = {
  venue: parameter("Venue, such as binance or demo; may stand before the instrument with a colon instead.", "binance", true),
  instrument: parameter("Canonical name, case exact.", "BTC-USDT", true),
  from: parameter(`Start of the range, included. ${TIME_FORMS} Without it: the latest rows before \`to\`.`, "-24h"),
  to: parameter(`End of the range, not included. ${TIME_FORMS}`, "now"),
  limit: z
    .string()
    .optional()
    .openapi({
      type: "integer",
      minimum: 1,
      maximum: MAX_LIMIT,
      default: DEFAULT_LIMIT,
      description: "Most rows of a page.",
      param: { required: false },
    }),
  cursor: parameter("From the answer before, with the same parameters: the page after it.", ""),
  columns: parameter("Wire names, with commas between; all of them by default.", "openTime,close,volumeBase"),
};

const { from, to, limit, cursor, columns } = listParameters;

/** The parameters that every list takes that is not of an instrument. */
export const contextParameters = { from, to, limit, cursor, columns };

export type ListParameters = { [Name in keyof typeof listParameters]?: string | undefined };

/** Venue and instrument of a query; `binance:BTC-USDT` in `instrument` names both. */
export function readInstrument(query: ListParameters, faults: Fault[]): { venue: string; instrument: string } {
  let { venue, instrument } = query;
  const colon = instrument?.indexOf(":") ?? -1;
  if ((venue === undefined || venue === "") && instrument !== undefined && colon > 0) {
    venue = instrument.slice(0, colon);
    instrument = instrument.slice(colon + 1);
  }
  return { venue: required("venue", venue, "binance", faults), instrument: required("instrument", instrument, "BTC-USDT", faults) };
}

export function required(field: string, value: string | undefined, example: string, faults: Fault[]): string {
  if (value === undefined || value === "") {
    faults.push({ code: "missing-parameter", field, detail: `${field} is missing`, fix: `add ${field}=..., such as ${field}=${example}` });
  }
  return value ?? "";
}

/** A value out of a fixed list. */
export function readChoice<T extends string>(field: string, value: string, choices: readonly T[], code: Fault["code"], faults: Fault[]): T {
  if ((choices as readonly string[]).includes(value)) return value as T;
  const meant = nearest(value, choices);
  const fix = `${meant === null ? "" : `did you mean ${meant}? `}it is one of ${choices.join(", ")}`;
  faults.push({ code, field, detail: `there is no ${field} ${JSON.stringify(value.slice(0, 64))}`, fix });
  return choices[0] as T;
}

/** Values of a list with commas, null where the parameter is absent. */
export function readChoices<T extends string>(
  field: string,
  text: string | undefined,
  choices: readonly T[],
  code: Fault["code"],
  faults: Fault[],
): T[] | null {
  if (text === undefined || text === "") return null;
  return [...new Set(text.split(",").map((value) => value.trim()))].map((value) => readChoice(field, value, choices, code, faults));
}

/** What a list's query asks for, and how its next page is named. */
export interface ListQuery {
  page: PageRequest;
  /** The cursor of the page after this one, null if nothing is left. */
  next(page: Page): string | null;
}

/** Reads range, limit, cursor and columns. */
export function readListQuery(
  query: ListParameters,
  identity: Readonly<Record<string, string | undefined>>,
  columns: readonly Column[],
  keyTypes: readonly ("number" | "string")[],
  nowMs: number,
  faults: Fault[],
): ListQuery {
  const mark = queryMark({ ...identity, from: query.from, to: query.to, columns: query.columns });
  const range = readRange(query, nowMs, faults);
  const limit = readLimit(query.limit, faults);
  const wanted = readChoices(
    "columns",
    query.columns,
    columns.map((column) => column.wire),
    "unknown-column",
    faults,
  );
  const start = readStart(query.cursor, mark, range, keyTypes, faults);
  return {
    page: {
      ...start,
      limit,
      columns: wanted === null ? columns : wanted.flatMap((wire) => columns.filter((column) => column.wire === wire)),
    },
    next: (page) => {
      if (!page.more || page.edge === null) return null;
      return formatCursor({ direction: start.direction, from: start.from, to: start.to, key: page.edge }, mark);
    },
  };
}

/** [from, to) in epoch microseconds; null is open. */
interface Range {
  from: number | null;
  to: number | null;
}

/** The range that a query names. */
export function readRange(query: ListParameters, nowMs: number, faults: Fault[]): Range {
  const read = (field: "from" | "to"): number | null => {
    const text = query[field];
    if (text === undefined || text === "") return null;
    const time = parseQueryTime(text, nowMs);
    if (typeof time === "number") return time;
    faults.push({ ...time, field });
    return null;
  };
  const range = { from: read("from"), to: read("to") };
  if (range.from !== null && range.to !== null && range.from > range.to) {
    faults.push({ code: "empty-range", field: "from", detail: "from lies after to", fix: "the range is [from, to): swap the two" });
  }
  return range;
}

/** The most rows that a query asks for. */
export function readLimit(text: string | undefined, faults: Fault[]): number {
  if (text === undefined || text === "") return DEFAULT_LIMIT;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit > MAX_LIMIT) {
    faults.push({
      code: "limit-too-large",
      field: "limit",
      detail: `limit is ${limit}, the maximum is ${MAX_LIMIT}`,
      fix: `ask for at most ${MAX_LIMIT} and follow the cursor`,
    });
  } else if (limit === 0) {
    const detail = `limit is ${JSON.stringify(text.slice(0, 64))}`;
    faults.push({ code: "invalid-parameter", field: "limit", detail, fix: `give a whole number from 1 to ${MAX_LIMIT}` });
  }
  return limit;
}

type Start = Pick<PageRequest, "direction" | "from" | "to" | "key">;

function readStart(text: string | undefined, mark: string, range: Range, keyTypes: readonly string[], faults: Fault[]): Start {
  const direction: Direction = range.from === null ? "backward" : "forward";
  if (text === undefined || text === "") return { direction, ...range, key: null };
  const cursor = parseCursor(text, mark);
  if (typeof cursor !== "string" && fits(cursor, keyTypes)) return cursor;
  const code = cursor === "cursor-mismatch" ? cursor : "invalid-cursor";
  const detail = code === "cursor-mismatch" ? "the cursor belongs to a query with other parameters" : "the cursor cannot be read";
  faults.push({
    code,
    field: "cursor",
    detail,
    fix: "repeat the parameters of the answer that gave the cursor, or follow its Link header",
  });
  return { direction, ...range, key: null };
}

function fits(cursor: Cursor, keyTypes: readonly string[]): boolean {
  return cursor.key.length === keyTypes.length && cursor.key.every((part, i) => typeof part === keyTypes[i]);
}
