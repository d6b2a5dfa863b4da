import fc from "fast-check";
import { expect, test } from "vitest";
import { TRADE_COLUMNS } from "./columns.ts";
import { type ListParameters, readListQuery } from "./list-query.ts";
import type { Fault } from "./problem.ts";
import type { Page, PageRequest } from "./store.ts";

type Key = [number, string, number];

/** What the table does, over an array. */
function listKeys(all: readonly Key[], page: PageRequest): Page {
  const sign = page.direction === "forward" ? 1 : -1;
  const found = all
    .filter(([time]) => (page.from === null || time >= page.from) && (page.to === null || time < page.to))
    .filter((key) => page.key === null || compare(key, page.key as Key) * sign > 0)
    .sort((a, b) => compare(a, b) * sign)
    .slice(0, page.limit + 1);
  const more = found.length > page.limit;
  const rows = found.slice(0, page.limit);
  const edge = rows.at(-1) ?? null;
  if (sign < 0) rows.reverse();
  return { rows: rows.map((key) => ({ key })), more, edge };
}

function compare(a: Key, b: Key): number {
  for (const [i, part] of a.entries()) {
    const other = b[i] as typeof part;
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}

function read(query: ListParameters) {
  const faults: Fault[] = [];
  const list = readListQuery(query, { instrument: "X" }, TRADE_COLUMNS, ["number", "string", "number"], 2_000_000_000_000, faults);
  return { list, faults };
}

const us = (ms: number): number => ms * 1_000;
const trades = fc.uniqueArray(
  fc.tuple(fc.integer({ min: 0, max: 20 }).map(us), fc.constantFrom("a", "b"), fc.integer({ min: 0, max: 5 })),
  {
    selector: String,
    maxLength: 80,
  },
);
const bound = fc.option(fc.integer({ min: 0, max: 22 }).map(String), { nil: undefined });
const limits = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

test("pages of any limits, joined, are the range: ascending, none twice, only the last short, null only at the end", () => {
  fc.assert(
    fc.property(trades, bound, bound, limits, (all, from, to, sizes) => {
      fc.pre(from === undefined || to === undefined || Number(from) <= Number(to));
      const pages: Record<string, unknown>[][] = [];
      let cursor: string | undefined;
      for (let i = 0; ; i++) {
        const limit = String(sizes[i % sizes.length]);
        const { list, faults } = read({ from, to, limit, cursor });
        expect(faults).toEqual([]);
        const page = listKeys(all, list.page);
        pages.push(page.rows);
        const next = list.next(page);
        if (next === null) break;
        expect(page.rows).toHaveLength(Number(limit));
        cursor = next;
      }
      const joined = (from === undefined ? pages.reverse() : pages).flat().map((row) => row["key"] as Key);
      const inside = ([time]: Key): boolean => time >= us(Number(from ?? 0)) && time < us(Number(to ?? 99));
      expect(joined).toEqual(all.filter(inside).sort(compare));
    }),
    { numRuns: 500 },
  );
});

test("a cursor of another query, a torn one and any other text are refused", () => {
  const { list } = read({ from: "0", limit: "1" });
  const cursor = list.next({ rows: [{}], more: true, edge: [0, "a", 0] }) as string;
  expect(read({ from: "0", cursor }).faults).toEqual([]);
  expect(read({ from: "1", cursor }).faults).toMatchObject([{ code: "cursor-mismatch", field: "cursor" }]);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ minLength: 1 }),
        fc.nat(cursor.length - 1).map((length) => cursor.slice(0, length + 1)),
      ),
      (text) => {
        fc.pre(text !== cursor && read({ from: "0", cursor: text }).list.page.key === null);
        expect(read({ from: "0", cursor: text }).faults).toHaveLength(1);
      },
    ),
  );
});
