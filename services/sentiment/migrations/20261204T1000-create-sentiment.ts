import { createLaneTables } from "@tickfleet/database/lane-tables";
import { createHypertable } from "@tickfleet/database/timescale";
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await createLaneTables(db, "sentiment", 1);
  await sql`create table sentiment.news_events (
    source text not null, external_id text not null, provider text not null, kind text not null, origin text, url text,
    title text not null, description text not null, published_time timestamptz not null, fetched_time timestamptz not null,
    text_hash text not null, language text, score float8, confidence float8 not null, assets text[],
    likes int not null, shares int not null, repeat_of text,
    primary key (source, external_id)
  )`.execute(db);
  await sql`comment on table sentiment.news_events is 'texts as they came, kept for 30 days; repeat_of: source and id of the text that counts in its place'`.execute(
    db,
  );
  await sql`create index on sentiment.news_events (published_time)`.execute(db);
  await sql`create index on sentiment.news_events (text_hash)`.execute(db);
  await sql`create table sentiment.sentiment_scores (
    provider text not null, asset text not null, valid_from timestamptz not null, time timestamptz not null,
    value float8, confidence float8, documents int not null, sources jsonb not null, reason text, published_time timestamptz,
    primary key (provider, asset, valid_from)
  )`.execute(db);
  await sql`comment on table sentiment.sentiment_scores is 'value is null where no source says anything, and reason says why; published_time is null where it was not published'`.execute(
    db,
  );
  await createHypertable(db, { table: "sentiment.sentiment_scores", column: "valid_from", chunkInterval: "30 days" });
  await sql`create index on sentiment.sentiment_scores (valid_from) where published_time is null and value is not null`.execute(db);
  await sql`create table sentiment.source_states (
    name text primary key, kind text not null, provider text not null, last_poll timestamptz not null, last_success timestamptz, reason text
  )`.execute(db);
  await sql`create view sentiment.pub_news_events as
    select source, external_id, provider, kind, origin, url, title, description, published_time, fetched_time, language, score, confidence,
      coalesce(assets, '{}') as assets, likes, shares, repeat_of from sentiment.news_events`.execute(db);
  await sql`create view sentiment.pub_sentiment_scores as
    select provider, asset, valid_from, time, value, confidence, documents, sources, reason, published_time from sentiment.sentiment_scores`.execute(
    db,
  );
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop view sentiment.pub_sentiment_scores, sentiment.pub_news_events, sentiment.pub_lanes`.execute(db);
  await sql`drop table sentiment.source_states, sentiment.sentiment_scores, sentiment.news_events,
    sentiment.faults, sentiment.members, sentiment.kept_lanes, sentiment.lanes`.execute(db);
}
