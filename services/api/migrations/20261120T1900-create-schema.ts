import { type Kysely, sql } from "kysely";

/** The gateway keeps nothing: its schema exists for its roles, which read the views published to it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`comment on schema api is 'empty: the gateway reads the pub_ views of other schemas'`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`comment on schema api is null`.execute(db);
}
