import { describe, expect, test } from "vitest";
import { environmentReads, impurities, rawShapes, spelledSubjects, strayStatements } from "./purity.ts";
import type { Violation } from "./repository.ts";
import { type ParsedFile, parseFile } from "./syntax.ts";

type Check = (files: readonly ParsedFile[]) => Violation[];
const bites = (check: Check, path: string, text: string) => check([parseFile({ path, text })]).length;
/** A hole in a template, as source text. */
const HOLE = "$".concat("{v}");
const PURE = "packages/market/src/x.ts";
const SERVICE = "services/api/src/x.ts";

describe("pure packages", () => {
  test.each([
    "Date.now();",
    "new Date();",
    "Date();",
    "Math.random();",
    "performance.now();",
    "process.exit(1);",
    "console.log(1);",
    "setTimeout(() => {}, 1);",
    "const wait = setTimeout;",
    "crypto.randomUUID();",
    "fetch('x');",
    "globalThis.x;",
    "import.meta.url;",
    'Date["now"]();',
    "const now = Date.now;",
    "const a = { process };",
  ])("refuse %s", (text) => {
    expect(bites(impurities, PURE, text)).toBeGreaterThan(0);
  });

  test.each(["new Date(0);", "Date.UTC(2026, 0, 1);", "Math.round(1.5);", "book.process();", "const a = { process: 1, fetch: 2 };"])(
    "take %s",
    (text) => {
      expect(bites(impurities, PURE, text)).toBe(0);
    },
  );

  test("others may, and so may their tests", () => {
    expect(bites(impurities, SERVICE, "Date.now();")).toBe(0);
    expect(bites(impurities, "packages/market/src/x.test.ts", "Date.now();")).toBe(0);
  });
});

describe("subjects", () => {
  test.each([
    'const s = "md.v1.trade.>";',
    `const s = \`live.v1.candle.${HOLE}\`;`,
    "const s = 'forming.v1.>';",
    'f("dlq.v1.api.MARKET");',
    'f("ctl.v1.x");',
  ])("%s is spelled out", (text) => {
    expect(bites(spelledSubjects, SERVICE, text)).toBe(1);
  });

  test("contracts and tests may spell them, and prose may name them", () => {
    expect(bites(spelledSubjects, "packages/contracts/src/x.ts", 'f("md.v1.trade.>");')).toBe(0);
    expect(bites(spelledSubjects, "services/api/test/x.test.ts", 'f("md.v1.trade.>");')).toBe(0);
    expect(bites(spelledSubjects, SERVICE, "// md.v1.trade.>\nf('listens to md.v1.trade');")).toBe(0);
  });
});

describe("the environment", () => {
  test.each(["process.env.HOME;", 'process.env["HOME"];', 'process["env"];', "const { env } = process;"])("%s is refused", (text) => {
    expect(bites(environmentReads, SERVICE, text)).toBe(1);
  });

  test("is read by runtime/config and by what starts the fleet", () => {
    expect(bites(environmentReads, "packages/runtime/src/config.ts", "process.env;")).toBe(0);
    expect(bites(environmentReads, "infra/local/src/start.ts", "process.env;")).toBe(0);
    expect(bites(environmentReads, SERVICE, "process.exitCode = 1;")).toBe(0);
  });
});

describe("SQL", () => {
  test.each([
    "f('select a from b');",
    "f(`\n  SELECT a\n  FROM b\n`);",
    "f('insert into trades values (1)');",
    `sql\`update candles set revision = ${HOLE}\`;`,
    "f('delete from candles');",
    "f('with x as (select 1) select 2');",
    "f('create table a (b int)');",
    "f('drop schema x');",
  ])("%s is refused outside stores", (text) => {
    expect(bites(strayStatements, SERVICE, text)).toBe(1);
    expect(bites(strayStatements, "services/api/src/store.ts", text)).toBe(0);
    expect(bites(strayStatements, "services/api/src/candle-store.ts", text)).toBe(0);
    expect(bites(strayStatements, "services/api/migrations/20261120T0900-create.ts", text)).toBe(0);
    expect(bites(strayStatements, "packages/database/src/x.ts", text)).toBe(0);
  });

  test.each(["f('selected instruments');", "f('updated 5 rows');", "f('create a stream');", "f('with care as always');"])(
    "%s is no SQL",
    (text) => {
      expect(bites(strayStatements, SERVICE, text)).toBe(0);
    },
  );
});

describe("raw shapes", () => {
  const FEED = "packages/venues/src/binance/feed.ts";
  const PARSE = "packages/venues/src/binance/parse.ts";

  test("are asserted and checked only in parse.ts", () => {
    const asserted = "const m = JSON.parse(text) as { p: string };";
    expect(bites(rawShapes, FEED, asserted)).toBe(1);
    expect(bites(rawShapes, FEED, 'import { z } from "zod";')).toBe(1);
    expect(bites(rawShapes, PARSE, `import { z } from "zod";\n${asserted}`)).toBe(0);
    expect(bites(rawShapes, FEED, "const m: unknown = JSON.parse(text);")).toBe(0);
  });

  test("no service imports a parser", () => {
    expect(bites(rawShapes, SERVICE, 'import { parseTrade } from "@tickfleet/venues/binance/parse";')).toBe(1);
    expect(bites(rawShapes, SERVICE, 'import { openFeed } from "@tickfleet/venues/binance/feed";')).toBe(0);
  });
});
