import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table trade_ids (
    instrument_id integer not null, epoch text not null, ranges bigint[] not null, primary key (instrument_id, epoch)
  )`.execute(db);
  await sql`insert into trade_ids (instrument_id, epoch, ranges)
    select instrument_id, epoch, array_agg(bound order by bound, is_end) from (
      select instrument_id, epoch, unnest(array[min(source_seq), max(source_seq)]) as bound, unnest(array[false, true]) as is_end from (
        select instrument_id, epoch, source_seq,
          source_seq - row_number() over (partition by instrument_id, epoch order by source_seq) as run
        from (select distinct instrument_id, epoch, source_seq from trades) as identities
      ) as numbered group by instrument_id, epoch, run
    ) as bounds group by instrument_id, epoch`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table trade_ids`.execute(db);
}
