import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create view pub_instruments as
    select venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms, first_trade_time, last_trade_time
    from instruments`.execute(db);
  await sql`create view pub_trades as
    select i.venue, i.instrument, t.epoch, t.source_seq, t.trade_id, t.event_time, t.event_time_ns_rest, t.received_time,
      t.price / power(10::float8, t.price_scale) as price, t.size / power(10::float8, t.size_scale) as size,
      t.price as price_scaled, t.price_scale, t.size as size_scaled, t.size_scale,
      case t.side when 1 then 'buy' when -1 then 'sell' else 'unknown' end as side,
      case t.side_method when 0 then 'flag' when 1 then 'quote' when 2 then 'tick' else 'none' end as side_method,
      t.side as side_code, t.side_method as side_method_code,
      t.bid / power(10::float8, t.price_scale) as bid, t.ask / power(10::float8, t.price_scale) as ask,
      t.bid_size / power(10::float8, t.size_scale) as bid_size, t.ask_size / power(10::float8, t.size_scale) as ask_size,
      t.bid as bid_scaled, t.ask as ask_scaled, t.bid_size as bid_size_scaled, t.ask_size as ask_size_scaled,
      t.quote_age_us, t.quote_method, t.fill, t.input_generation, t.input_seq
    from trades t join instruments i on i.id = t.instrument_id`.execute(db);
  await sql`create view pub_gaps as
    select id, venue, instrument, from_time, to_time, state, missing, filled, reason, updated from gaps`.execute(db);
  await sql`create view pub_market_events as
    select input_generation, input_seq, partition, kind, venue, subject_tail, time, payload from market_events`.execute(db);
  await sql`create view pub_recorder as
    select 'MARKET'::text as stream, l.stream_created, g.generation, l.seq, l.input_id
    from lanes l left join input_logs g on g.stream_created = l.stream_created where l.lane = 0`.execute(db);
  await sql`create view pub_replays as
    select id, request, state, position, trades, recorded, quarantined, ignored, first_time, last_time, last_n, last_seq, stream_created, error, created, updated
    from replays`.execute(db);
  await sql`create view pub_quality_events as
    select id, recorded, time, venue, instrument, reason, raw, source from quality_events`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view pub_quality_events, pub_replays, pub_recorder, pub_market_events, pub_gaps, pub_trades, pub_instruments`.execute(db);
}
