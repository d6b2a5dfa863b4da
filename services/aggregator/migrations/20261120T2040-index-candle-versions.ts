import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index candle_versions_by_key on aggregator.candle_versions (venue, instrument, timeframe, open_time, input_seq)`.execute(
    db,
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop index aggregator.candle_versions_by_key`.execute(db);
}
