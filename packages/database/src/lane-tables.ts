import { type Kysely, sql } from "kysely";

// apart from what services run: they need not load kysely

/** Creates lanes (one row each: lease and checkpoint), kept checkpoints, members and faults in a service's schema. */
export async function createLaneTables(db: Kysely<unknown>, schema: string, lanes: number): Promise<void> {
  const position = sql`stream_created text, seq bigint not null default 0, input_id text not null default '',
    outputs jsonb not null default '{}'`;
  await sql`create table ${sql.table(`${schema}.lanes`)} (
    lane int primary key, owner text, epoch bigint not null default 0, expires timestamptz not null default '-infinity', ${position}
  )`.execute(db);
  await sql`insert into ${sql.table(`${schema}.lanes`)} (lane) select generate_series(0, ${sql.lit(lanes - 1)})`.execute(db);
  await sql`create table ${sql.table(`${schema}.kept_lanes`)} (
    lane int not null, kept_at timestamptz not null default now(), ${position}, primary key (lane, seq)
  )`.execute(db);
  await sql`create table ${sql.table(`${schema}.members`)} (owner text primary key, expires timestamptz not null)`.execute(db);
  await sql`create table ${sql.table(`${schema}.faults`)} (
    lane int not null, stream_created text not null, seq bigint not null, count int not null, error text not null, updated timestamptz not null default now(),
    primary key (lane, stream_created, seq)
  )`.execute(db);
  await sql`create view ${sql.table(`${schema}.pub_lanes`)} as
    select lane, owner, epoch, expires, stream_created, seq, input_id, outputs from ${sql.table(`${schema}.lanes`)}`.execute(db);
}

/** Creates the table of named leases in the schema of the migration's service. */
export async function createLeaseTable(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.table(`${schema}.leases`)} (
    name text primary key,
    owner text not null,
    epoch bigint not null,
    expires timestamptz not null
  )`.execute(db);
}
