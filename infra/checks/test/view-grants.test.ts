import { join } from "node:path";
import { viewGrants } from "@tickfleet/contracts/view-grants";
import { migrate } from "@tickfleet/database/migrator";
import { runRole, schemaOf } from "@tickfleet/database/roles";
import { projectRoot } from "@tickfleet/local/folders";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { afterAll, beforeAll, expect, test } from "vitest";

const SERVICES = ["ingest", "aggregator", "indicator", "pattern-detector", "sentiment", "futures-collector", "api"] as const;

let database: TestDatabase;
let relations: { schema: string; name: string; kind: "table" | "view" }[];

beforeAll(async () => {
  database = await startDatabase();
  for (const service of SERVICES) {
    const grants = viewGrants.map(({ reader, views }) => ({
      reader,
      views: views.filter((view) => view.startsWith(`${schemaOf(service)}.`)),
    }));
    await migrate({ url: database.url, service, folder: join(projectRoot, "services", service, "migrations"), grants });
  }
  relations = await database.query(
    `select n.nspname as schema, c.relname as name, case c.relkind when 'v' then 'view' else 'table' end as kind
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any($1) and c.relkind in ('r', 'p', 'v') and c.relname not like 'kysely%' order by 1, 2`,
    [SERVICES.map(schemaOf)],
  );
});

afterAll(async () => {
  await database.close();
});

test("every granted view exists", () => {
  const names = new Set(relations.filter(({ kind }) => kind === "view").map(({ schema, name }) => `${schema}.${name}`));
  for (const { views } of viewGrants) for (const view of views) expect(names).toContain(view);
});

test.each(SERVICES)("%s reads and writes its own schema, and of the others only the views it is granted", async (service) => {
  const granted = new Set(viewGrants.filter(({ reader }) => reader === service).flatMap(({ views }) => [...views]));
  for (const { schema, name, kind } of relations) {
    const relation = `${schema}.${name}`;
    const [rights] = await database.query<{ read: boolean; write: boolean }>(
      `select has_schema_privilege($1, $3, 'usage') and has_table_privilege($1, $2, 'select') as read,
         has_schema_privilege($1, $3, 'usage') and has_table_privilege($1, $2, 'insert') as write`,
      [runRole(service), relation, schema],
    );
    const own = schema === schemaOf(service);
    expect(rights?.read, `${service} reads ${relation}`).toBe(own || granted.has(relation));
    if (kind === "table") expect(rights?.write, `${service} writes ${relation}`).toBe(own);
    else if (!own) expect(rights?.write, `${service} writes ${relation}`).toBe(false);
  }
});
