import { createLaneTables, createLeaseTable } from "@tickfleet/database/lane-tables";
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await createLeaseTable(db, "ingest");
  await createLaneTables(db, "ingest", 1);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view pub_lanes`.execute(db);
  await sql`drop table lanes, kept_lanes, members, faults, leases`.execute(db);
}
