import { expect, test } from "vitest";
import { forbiddenImports, serviceImports } from "./dependencies.ts";
import { parseFile } from "./syntax.ts";

const SERVICES = ["ingest", "aggregator", "indicator", "pattern-detector", "api"];
const imports = (path: string, specifier: string) =>
  forbiddenImports([parseFile({ path, text: `import { a } from "${specifier}";\na();\n` })]);

test.each([
  ["packages/market/src/candle.ts", "./trade.ts"],
  ["packages/contracts/src/candle-messages.ts", "@tickfleet/market/timeframe"],
  ["packages/contracts/src/message.ts", "zod"],
  ["packages/runtime/src/bus.ts", "@nats-io/jetstream"],
  ["packages/database/src/pool.ts", "pg"],
  ["services/ingest/src/store.ts", "kysely"],
  ["services/ingest/src/trade-store.ts", "kysely"],
  ["services/ingest/migrations/20261120T0900-create-trades.ts", "kysely"],
  ["services/ingest/src/service.ts", "@tickfleet/venues/binance/feed"],
  ["services/api/src/routes/candles.ts", "@hono/zod-openapi"],
  ["services/ingest/src/spool.ts", "node:fs/promises"],
  ["packages/market/src/candle.test.ts", "node:fs"],
])("%s may import %s", (path, specifier) => {
  expect(imports(path, specifier)).toEqual([]);
});

test.each([
  ["packages/market/src/candle.ts", "node:fs", "a pure package imports only its own kind"],
  ["packages/market/src/candle.ts", "zod", "a pure package imports only its own kind"],
  ["packages/market/src/candle.ts", "@tickfleet/contracts/message", "market may import only nothing of ours"],
  ["packages/indicators/src/rsi.ts", "pino", "a pure package imports only its own kind"],
  ["packages/contracts/src/message.ts", "@tickfleet/runtime/bus", "contracts may import only market"],
  ["packages/market/src/candle.ts", "../../contracts/src/tokens.ts", "a relative import may not leave its package"],
  ["services/api/src/service.ts", "../../ingest/src/store.ts", "a relative import may not leave its package"],
  ["services/api/src/service.ts", "@tickfleet/testkit/nats", /: api may import only/],
  ["services/aggregator/src/service.ts", "@nats-io/jetstream", "only runtime imports the NATS client"],
  ["services/aggregator/src/on-trade.ts", "kysely", "only database and a service's store.ts speak SQL"],
  ["services/aggregator/src/restore.ts", "pg", "only database and a service's store.ts speak SQL"],
  ["services/ingest/src/service.ts", "pino", "logger and metrics come from runtime"],
  ["services/ingest/src/service.ts", "hono", "only the gateway serves HTTP routes"],
  ["packages/unheard/src/x.ts", "@tickfleet/market/candle", "unheard is not in the dependency table"],
])("%s may not import %s", (path, specifier, what) => {
  const [violation] = imports(path, specifier);
  expect(violation).toMatchObject({ path, line: 1 });
  expect(violation?.what).toMatch(what);
});

test("types, re-exports and dynamic imports count too", () => {
  const kinds = ['import type { A } from "pg";', 'export { a } from "pg";', 'const a = await import("pg");', 'type A = import("pg").Pool;'];
  for (const text of kinds) expect(forbiddenImports([parseFile({ path: "services/api/src/x.ts", text })]), text).toHaveLength(1);
});

test("nothing imports a service, a test neither; a service its own files", () => {
  const found = (path: string, specifier: string) => serviceImports([parseFile({ path, text: `import "${specifier}";` })], SERVICES);
  expect(found("services/api/src/service.ts", "@tickfleet/ingest/store")).toHaveLength(1);
  expect(found("services/api/test/service.test.ts", "../../ingest/src/store.ts")).toHaveLength(1);
  expect(found("packages/testkit/src/x.ts", "@tickfleet/aggregator/candles")).toHaveLength(1);
  expect(found("services/api/test/service.test.ts", "../src/store.ts")).toEqual([]);
});
