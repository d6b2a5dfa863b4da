import { createHypertable } from "@tickfleet/database/timescale";
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table things (
    id bigint generated always as identity, happened timestamptz not null, name text, primary key (id, happened))`.execute(db);
  await createHypertable(db, { table: "things", column: "happened", chunkInterval: "1 day" });
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table things`.execute(db);
}
