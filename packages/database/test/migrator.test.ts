import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MigrationError, migrate, readMigrations } from "@tickfleet/database/migrator";
import { openPool } from "@tickfleet/database/pool";
import { MissingRightsError, ownerRole, runRole } from "@tickfleet/database/roles";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, editions, runSql, type TestDatabase } from "./server.ts";

const folder = new URL("./migrations/", import.meta.url);
let database: TestDatabase;

describe.each(editions)("%s", (edition) => {
  beforeEach(async () => {
    database = await createDatabase(edition);
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  test("status, up, down and up again tell what they did", async () => {
    const options = { url: database.url, service: "keeper", folder };
    const names = ["20260101T0000-create-things", "20260102T0000-create-pub-things"];
    expect(await migrate({ ...options, direction: "status" })).toEqual({
      service: "keeper",
      changed: [],
      migrations: names.map((name) => ({ name, appliedAt: null })),
    });
    expect((await migrate(options)).changed).toEqual(names);
    expect((await migrate(options)).changed).toEqual([]);
    const down = await migrate({ ...options, direction: "down" });
    expect(down.changed).toEqual([names[1]]);
    expect(down.migrations.map((migration) => migration.appliedAt !== null)).toEqual([true, false]);
    expect((await migrate({ ...options, direction: "status" })).changed).toEqual([]);
    expect((await migrate(options)).changed).toEqual([names[1]]);
  });

  test("six processes at once, of two services, migrate once each", async () => {
    const services = ["keeper", "keeper", "keeper", "other-keeper", "other-keeper", "other-keeper"];
    const reports = await Promise.all(services.map((service) => migrate({ url: database.url, service, folder })));
    const changed = (service: string) => reports.filter((report) => report.service === service).map((report) => report.changed.length);
    expect(changed("keeper").sort()).toEqual([0, 0, 2]);
    expect(changed("other-keeper").sort()).toEqual([0, 0, 2]);
  });

  test("a running service writes its own rows, reads granted views only, and changes no table", async () => {
    await migrate({ url: database.url, service: "keeper", folder, grants: [{ reader: "guest", views: ["keeper.pub_things"] }] });
    await migrate({ url: database.url, service: "guest", folder });
    await using own = pool("keeper");
    await using guest = pool("guest");
    await own.query("insert into things (happened, name) values ('2026-01-05T00:00:00.000001Z', 'first')");
    const read = await guest.query("select happened, name from keeper.pub_things");
    expect(read.rows).toEqual([{ happened: 1_767_571_200_000_001, name: "first" }]);
    await expect(guest.query("select * from keeper.things")).rejects.toMatchObject({ code: "42501" });
    await expect(guest.query("insert into keeper.pub_things (happened) values (now())")).rejects.toMatchObject({ code: "42501" });
    await expect(own.query("select * from guest.pub_things")).rejects.toMatchObject({ code: "42501" });
    await expect(own.query("drop table things")).rejects.toMatchObject({ code: "42501" });
    await expect(own.query("create table mine (id int)")).rejects.toMatchObject({ code: "42501" });
    await own.query("update things set name = 'second'");
    await own.query("delete from things");
  });

  test("a failed migration leaves nothing behind and names itself", async () => {
    const broken = await mkdtemp(join(tmpdir(), "migrations-"));
    try {
      const up = (text: string) =>
        `export async function up(db) { await db.schema.createTable("${text}").addColumn("id", "integer").execute(); ${text === "bad" ? 'throw new Error("no");' : ""} }
       export async function down() {}`;
      await writeFile(join(broken, "20260101T0000-good.ts"), up("good"));
      await writeFile(join(broken, "20260102T0000-bad.ts"), up("bad"));
      const options = { url: database.url, service: "keeper", folder: broken };
      await expect(migrate(options)).rejects.toThrow(/20260102T0000-bad of keeper.*no/);
      expect((await migrate({ ...options, direction: "status" })).migrations.map((one) => one.appliedAt)).toEqual([null, null]);
      await writeFile(join(broken, "3-wrong.ts"), up("wrong"));
      await expect(readMigrations(broken)).rejects.toThrow(MigrationError);
      await expect(readMigrations(join(broken, "absent"))).rejects.toThrow(/cannot read the migrations/);
    } finally {
      await rm(broken, { recursive: true });
    }
  });

  test("a user without the right to make roles is told the statements, and gets on once they are run", async () => {
    const suffix = new URL(database.url).pathname.slice(6).replaceAll("_", "-");
    const service = `keeper-${suffix}`;
    const user = `plain_${suffix.replaceAll("-", "_")}`;
    const name = new URL(database.url).pathname.slice(1);
    await runSql(database.url, `create role ${user} login password 'plain'`, `alter database ${name} owner to ${user}`);
    const url = new URL(database.url);
    url.username = user;
    url.password = "plain";
    const options = { url: url.href, service, folder };
    const error = await migrate(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingRightsError);
    const statements = [...(error as Error).message.matchAll(/^ {2}(.*;)$/gm)].map((match) => match[1] as string);
    expect(statements).toHaveLength(4);
    await runSql(database.url, ...statements);
    expect((await migrate(options)).changed).toHaveLength(2);
    expect((await migrate({ ...options, direction: "down" })).changed).toHaveLength(1);
    const run = openPool(url.href, { max: 1, name: "test", schema: service.replaceAll("-", "_") });
    await run.query("insert into things (happened) values (now())");
    await run.end();
    await database[Symbol.asyncDispose]();
    await runSql(database.server.adminUrl, ...[ownerRole(service), runRole(service), user].map((role) => `drop role ${role}`));
  });
});

function pool(schema: string): ReturnType<typeof openPool> & AsyncDisposable {
  const opened = openPool(database.url, { max: 1, name: "test", schema });
  return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.end() });
}
