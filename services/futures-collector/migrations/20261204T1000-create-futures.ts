import { createLaneTables } from "@tickfleet/database/lane-tables";
import { createHypertable } from "@tickfleet/database/timescale";
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await createLaneTables(db, "futures_collector", 1);
  await sql`create table futures_collector.open_interest (
    venue text not null, instrument text not null, time timestamptz not null,
    open_interest float8 not null, open_interest_notional float8, mark_price float8, received_time timestamptz not null,
    primary key (venue, instrument, time)
  )`.execute(db);
  await sql`comment on table futures_collector.open_interest is 'one row per time of the venue; open_interest in contracts or base currency, notional in quote currency'`.execute(
    db,
  );
  await sql`create table futures_collector.funding_rates (
    venue text not null, instrument text not null, kind text not null check (kind in ('predicted', 'settled')), time timestamptz not null,
    funding_time timestamptz not null, rate float8 not null, interval_hours float8, apr float8,
    primary key (venue, instrument, kind, time)
  )`.execute(db);
  await sql`comment on table futures_collector.funding_rates is 'predicted: what the next funding would be, at a time; settled: what was paid at it. rate is a share of the position per interval, apr percent a year'`.execute(
    db,
  );
  await sql`create table futures_collector.leverage_snapshots (
    venue text not null, instrument text not null, asset text not null, time timestamptz not null, valid_from timestamptz not null,
    open_interest float8, open_interest_notional float8, funding_rate float8, funding_interval_hours float8, funding_apr float8,
    next_funding_time timestamptz, mark_price float8, index_price float8, basis_bps float8, published_time timestamptz,
    primary key (venue, instrument, valid_from)
  )`.execute(db);
  await sql`comment on table futures_collector.leverage_snapshots is 'what was published to CONTEXT, one a minute; published_time is null where it was not'`.execute(
    db,
  );
  await createHypertable(db, { table: "futures_collector.open_interest", column: "time", chunkInterval: "7 days" });
  await createHypertable(db, { table: "futures_collector.funding_rates", column: "time", chunkInterval: "30 days" });
  await createHypertable(db, { table: "futures_collector.leverage_snapshots", column: "valid_from", chunkInterval: "7 days" });
  await sql`create index on futures_collector.leverage_snapshots (valid_from) where published_time is null`.execute(db);
  await sql`create view futures_collector.pub_open_interest as
    select venue, instrument, time, open_interest, open_interest_notional, mark_price, received_time from futures_collector.open_interest`.execute(
    db,
  );
  await sql`create view futures_collector.pub_funding_rates as
    select venue, instrument, kind, time, funding_time, rate, interval_hours, apr from futures_collector.funding_rates`.execute(db);
  await sql`create view futures_collector.pub_leverage_snapshots as
    select venue, instrument, asset, time, valid_from, open_interest, open_interest_notional, funding_rate, funding_interval_hours, funding_apr,
      next_funding_time, mark_price, index_price, basis_bps, published_time from futures_collector.leverage_snapshots`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view futures_collector.pub_leverage_snapshots, futures_collector.pub_funding_rates, futures_collector.pub_open_interest,
    futures_collector.pub_lanes`.execute(db);
  await sql`drop table futures_collector.leverage_snapshots, futures_collector.funding_rates, futures_collector.open_interest,
    futures_collector.faults, futures_collector.members, futures_collector.kept_lanes, futures_collector.lanes`.execute(db);
}
