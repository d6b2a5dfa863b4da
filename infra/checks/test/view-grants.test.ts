import { join } from "node:path";
import { viewGrants } from "@tickfleet/contracts/view-grants";
import { migrate } from "@tickfleet/database/migrator";
import { runRole, schemaOf } from "@tickfleet/database/roles";
import { projectRoot } from "@tickfleet/local/folders";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { afterAll, beforeAll, expect, test } from "vitest";

const SERVICES = ["ingest", "aggregator", "indicator", "pattern-detector", "sentiment", "futures-collector", "api"] as const;
/** Every right that PostgreSQL knows for a table; `maintain` since version 17. */
const PRIVILEGES = ["select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"] as const;
/** What a service does with its own tables; their shape is its owner role's. */
const OWN = ["delete", "insert", "select", "update"] as const;

interface Right {
  schema: string;
  relation: string;
  privilege: string;
}

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
     where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1, 2`,
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

test.each(SERVICES)("%s reads and writes its own schema, and of the others only reads the views it is granted", async (service) => {
  const rights = await database.query<Right>(
    `select relation.schema, relation.schema || '.' || relation.name as relation, privilege
     from json_to_recordset($2) as relation (schema text, name text), unnest($3::text[]) as privilege
     where has_schema_privilege($1, relation.schema, 'usage')
       and has_table_privilege($1, format('%I.%I', relation.schema, relation.name), privilege)`,
    [runRole(service), JSON.stringify(relations), await privilegesHere()],
  );
  const found = (isOwn: boolean): string[] =>
    rights
      .filter(({ schema }) => (schema === schemaOf(service)) === isOwn)
      .map(({ relation, privilege }) => `${relation} ${privilege}`)
      .sort();
  const own = relations.filter(({ schema }) => schema === schemaOf(service)).map(({ schema, name }) => `${schema}.${name}`);
  const granted = viewGrants.filter(({ reader }) => reader === service).flatMap(({ views }) => views);
  expect(found(true)).toEqual(own.flatMap((relation) => OWN.map((privilege) => `${relation} ${privilege}`)).sort());
  expect(found(false)).toEqual(granted.map((view) => `${view} select`).sort());
});

test("no service makes anything, in its own schema or another's", async () => {
  const makers = await database.query(
    `select role, schema from unnest($1::text[]) as role, unnest($2::text[]) as schema where has_schema_privilege(role, schema, 'create')`,
    [SERVICES.map(runRole), [...SERVICES.map(schemaOf), "public"]],
  );
  expect(makers).toEqual([]);
});

test("no service has a right on a sequence of another, or on a single column", async () => {
  const found = await database.query(
    `select service.role, c.oid::regclass::text as relation, a.attname as column
     from unnest($1::text[], $2::text[]) as service (role, schema), pg_class c
       join pg_namespace n on n.oid = c.relnamespace left join pg_attribute a on a.attrelid = c.oid
     where n.nspname = any($2) and n.nspname <> service.schema
       and case when c.relkind = 'S' then has_sequence_privilege(service.role, c.oid, 'usage, select, update')
         when a.attacl is not null then has_column_privilege(service.role, c.oid, a.attnum, 'select, insert, update, references') end`,
    [SERVICES.map(runRole), SERVICES.map(schemaOf)],
  );
  expect(found).toEqual([]);
});

async function privilegesHere(): Promise<readonly string[]> {
  const [server] = await database.query<{ version: number }>("select current_setting('server_version_num')::int as version");
  return (server?.version ?? 0) >= 170_000 ? PRIVILEGES : PRIVILEGES.filter((privilege) => privilege !== "maintain");
}
