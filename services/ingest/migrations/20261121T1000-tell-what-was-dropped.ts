import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table instruments add column dropped_before timestamptz`.execute(db);
  await sql`comment on column instruments.dropped_before is 'trades before it were dropped, as the recorder found; null: none that it knows of'`.execute(
    db,
  );
  await sql`create view pub_trade_record as
    select i.venue, i.instrument,
      case when kept.least > i.first_trade_time then greatest(i.dropped_before, kept.least)
        when kept.least is null and i.last_trade_time is not null
          then greatest(i.dropped_before, i.last_trade_time + interval '1 microsecond')
        else i.dropped_before end as whole_from
    from instruments i left join lateral (select min(t.event_time) as least from trades t where t.instrument_id = i.id) as kept on true`.execute(
    db,
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view pub_trade_record`.execute(db);
  await sql`alter table instruments drop column dropped_before`.execute(db);
}
