import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create view pub_things as select id, happened, name from things`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view pub_things`.execute(db);
}
