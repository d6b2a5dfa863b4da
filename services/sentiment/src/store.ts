import type { Pool } from "@tickfleet/database/pool";
import { LanesLostError } from "@tickfleet/runtime/failures";
import type { PollTurn } from "@tickfleet/runtime/poll";
import type { NewsItem, NewsKind, NewsSource } from "@tickfleet/venues/news";
import { HALF_LIVES, KINDS, MIN_CONFIDENCE, type ScoredDocument, type SentimentValue } from "./aggregate.ts";
import type { HashedItem } from "./repeats.ts";
import type { TextScore } from "./score-text.ts";

/** A text as it is stored. */
export interface NewsRow extends NewsItem, TextScore, HashedItem {
  provider: NewsSource["provider"];
  fetchedTime: number;
  assets: string[];
  /** Key of the text that counts in its place, null where it counts itself. */
  repeatOf: string | null;
}

/** A value as it is stored, or the reason why there is none. */
export interface ScoreRow extends Omit<SentimentValue, "value" | "confidence"> {
  provider: string;
  asset: string;
  time: number;
  validFrom: number;
  value: number | null;
  confidence: number | null;
  reason: string | null;
}

/** How reading a source went; epoch milliseconds. */
export interface SourceState {
  name: string;
  lastPoll: number;
  lastSuccess: number | null;
  /** Why it, or a part of it, does not answer, null while all of it does. */
  reason: string | null;
}

const STATE_COLUMNS = "name, last_poll, last_success, reason";
const MAX_DOCUMENTS = 50_000;
const DAY_MS = 86_400_000;
/** How long texts are kept. */
const KEEP_NEWS_DAYS = 30;

/** Every SQL statement of the sentiment service. Times are epoch milliseconds. */
export class SentimentStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Assets of the instruments that there are, and which of them the demo trades. */
  async listAssets(): Promise<{ asset: string; demo: boolean }[]> {
    const { rows } = await this.#pool.query<{ asset: string; demo: boolean }>(
      "select split_part(instrument, '-', 1) as asset, bool_or(venue = 'demo') as demo from ingest.pub_instruments group by 1 order by 1",
    );
    return rows;
  }

  async findSource(name: string): Promise<SourceState | null> {
    const { rows } = await this.#pool.query<StateRow>(`select ${STATE_COLUMNS} from sentiment.source_states where name = $1`, [name]);
    return rows[0] === undefined ? null : stateOf(rows[0]);
  }

  async listSources(): Promise<SourceState[]> {
    const { rows } = await this.#pool.query<StateRow>(`select ${STATE_COLUMNS} from sentiment.source_states order by name`);
    return rows.map(stateOf);
  }

  /** Says that a source is being asked. */
  async touchSource({ name, kind, provider }: NewsSource, nowMs: number): Promise<void> {
    await this.#pool.query(
      `insert into sentiment.source_states (name, kind, provider, last_poll) values ($1, $2, $3, to_timestamp($4::float8 / 1000))
       on conflict (name) do update set kind = excluded.kind, provider = excluded.provider, last_poll = excluded.last_poll`,
      [name, kind, provider, nowMs],
    );
  }

  async updateSource(name: string, { success, reason }: { success: number | null; reason: string | null }): Promise<void> {
    await this.#pool.query(
      `update sentiment.source_states set last_success = coalesce(to_timestamp($2::float8 / 1000), last_success), reason = $3 where name = $1`,
      [name, success, reason],
    );
  }

  /** Which of these are stored already, by the source's own names. */
  async listKnown(source: string, rows: readonly NewsRow[]): Promise<Set<string>> {
    const { rows: known } = await this.#pool.query<{ external_id: string }>(
      "select external_id from sentiment.news_events where source = $1 and external_id = any($2::text[])",
      [source, rows.map(({ externalId }) => externalId)],
    );
    return new Set(known.map(({ external_id }) => external_id));
  }

  /** Texts that count, of these hashes, published within a span of them. */
  async listCounting(provider: string, rows: readonly NewsRow[], spanMs: number): Promise<HashedItem[]> {
    if (rows.length === 0) return [];
    const times = rows.map(({ publishedTime }) => publishedTime);
    const { rows: found } = await this.#pool.query<{ key: string; hash: string; us: number }>(
      `select source || ':' || external_id as key, text_hash as hash, published_time as us from sentiment.news_events
       where provider = $1 and text_hash = any($2::text[]) and repeat_of is null
         and published_time between to_timestamp($3::float8 / 1000) and to_timestamp($4::float8 / 1000) order by published_time, 1`,
      [provider, rows.map(({ hash }) => hash), Math.min(...times) - spanMs, Math.max(...times) + spanMs],
    );
    return found.map(({ key, hash, us }) => ({ key, hash, publishedTime: us / 1000 }));
  }

  /** Stores texts. One that is stored keeps what it says and when it counts; its likes, shares and links become the newest. */
  async upsertNews(rows: readonly NewsRow[]): Promise<void> {
    await this.#pool.query(
      `insert into sentiment.news_events (provider, source, kind, external_id, origin, url, title, description, published_time, fetched_time,
         text_hash, language, score, confidence, assets, likes, shares, repeat_of)
       select provider, source, kind, external_id, origin, url, title, description, to_timestamp(published / 1000), to_timestamp(fetched / 1000),
         text_hash, language, score, confidence, string_to_array(nullif(assets, ''), ' '), likes, shares, repeat_of
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::float8[],
         $11::text[], $12::text[], $13::float8[], $14::float8[], $15::text[], $16::int[], $17::int[], $18::text[])
         as input(provider, source, kind, external_id, origin, url, title, description, published, fetched,
           text_hash, language, score, confidence, assets, likes, shares, repeat_of)
       on conflict (source, external_id) do update set likes = excluded.likes, shares = excluded.shares, assets = excluded.assets`,
      [
        rows.map(({ provider }) => provider),
        rows.map(({ source }) => source),
        rows.map(({ kind }) => kind),
        rows.map(({ externalId }) => externalId),
        rows.map(({ origin }) => origin),
        rows.map(({ url }) => url),
        rows.map(({ title }) => title),
        rows.map(({ description }) => description),
        rows.map(({ publishedTime }) => publishedTime),
        rows.map(({ fetchedTime }) => fetchedTime),
        rows.map(({ hash }) => hash),
        rows.map(({ language }) => language),
        rows.map(({ score }) => score),
        rows.map(({ confidence }) => confidence),
        rows.map(({ assets }) => assets.join(" ")),
        rows.map(({ likes }) => likes),
        rows.map(({ shares }) => shares),
        rows.map(({ repeatOf }) => repeatOf),
      ],
    );
  }

  /** Documents of sources that may count at a time. */
  async listDocuments(sources: readonly string[], nowMs: number): Promise<(ScoredDocument & { assets: string[] })[]> {
    const kinds = Object.keys(KINDS) as NewsKind[];
    const { rows } = await this.#pool.query<ScoredDocument & { assets: string[]; us: number }>(
      `select news.kind, score, confidence, likes, shares, published_time as us, assets from sentiment.news_events as news
       join unnest($3::text[], $4::float8[]) as span(kind, ms) on span.kind = news.kind
       where source = any($1::text[]) and published_time <= to_timestamp($2::float8 / 1000)
         and published_time >= to_timestamp(($2::float8 - span.ms) / 1000)
         and score is not null and confidence >= $5 and repeat_of is null and assets is not null
       order by published_time desc, source, external_id limit ${MAX_DOCUMENTS}`,
      [sources, nowMs, kinds, kinds.map((kind) => HALF_LIVES * KINDS[kind].halfLifeMs), MIN_CONFIDENCE],
    );
    return rows.map(({ us, ...row }) => ({ ...row, publishedTime: us / 1000 }));
  }

  /**
   * Stores values. What is there for a minute stays as it is, and an asset that has something from `dueFrom` on, where a value that is
   * not late counts from, gets no more; but for a value that was not published and counts from before `publishableFrom`.
   * @throws LanesLostError where the lease is not held
   */
  async insertScores(
    { lane, owner, epoch }: PollTurn["lease"],
    rows: readonly ScoreRow[],
    { dueFrom, publishableFrom }: { dueFrom: number; publishableFrom: number },
  ): Promise<void> {
    const { rows: answer } = await this.#pool.query<{ held: boolean }>(
      `with held as (select from sentiment.lanes where lane = $1 and owner = $2 and epoch = $3 and expires > now()), written as (
         insert into sentiment.sentiment_scores (provider, asset, valid_from, time, value, confidence, documents, sources, reason)
         select provider, asset, to_timestamp(valid / 1000), to_timestamp(ms / 1000), value, confidence, documents, sources, reason
         from unnest($4::text[], $5::text[], $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::int[], $11::jsonb[], $12::text[])
           as input(provider, asset, valid, ms, value, confidence, documents, sources, reason)
         where exists (select from held) and not exists (
           select from sentiment.sentiment_scores as stored
           where stored.provider = input.provider and stored.asset = input.asset and stored.valid_from >= to_timestamp($13::float8 / 1000)
             and (stored.value is null or stored.published_time is not null or stored.valid_from >= to_timestamp($14::float8 / 1000))
         ) on conflict do nothing
       ) select exists (select from held) as held`,
      [
        lane,
        owner,
        epoch,
        rows.map(({ provider }) => provider),
        rows.map(({ asset }) => asset),
        rows.map(({ validFrom }) => validFrom),
        rows.map(({ time }) => time),
        rows.map(({ value }) => value),
        rows.map(({ confidence }) => confidence),
        rows.map(({ documents }) => documents),
        rows.map(({ sources }) => JSON.stringify(sources)),
        rows.map(({ reason }) => reason),
        dueFrom,
        publishableFrom,
      ],
    );
    if (answer[0]?.held !== true) throw new LanesLostError("another process took over");
  }

  /** Values that were not published and count only from a time on, in the order of their minutes. */
  async listUnpublished(validFrom: number): Promise<ScoreRow[]> {
    const { rows } = await this.#pool.query<ScoreRow & { us: number; validUs: number }>(
      `select provider, asset, time as us, valid_from as "validUs", value, confidence, documents, sources, reason from sentiment.sentiment_scores
       where published_time is null and value is not null and valid_from >= to_timestamp($1::float8 / 1000) order by valid_from, provider, asset`,
      [validFrom],
    );
    return rows.map(({ us, validUs, ...row }) => ({ ...row, time: Math.floor(us / 1000), validFrom: validUs / 1000 }));
  }

  async markPublished(provider: string, asset: string, validFrom: number): Promise<void> {
    await this.#pool.query(
      `update sentiment.sentiment_scores set published_time = now()
       where provider = $1 and asset = $2 and valid_from = to_timestamp($3::float8 / 1000)`,
      [provider, asset, validFrom],
    );
  }

  /** Drops texts that are older than they are kept. */
  async pruneNews(nowMs: number): Promise<void> {
    await this.#pool.query("delete from sentiment.news_events where published_time < to_timestamp($1::float8 / 1000)", [
      nowMs - KEEP_NEWS_DAYS * DAY_MS,
    ]);
  }
}

interface StateRow {
  name: string;
  last_poll: number;
  last_success: number | null;
  reason: string | null;
}

function stateOf({ name, last_poll, last_success, reason }: StateRow): SourceState {
  return { name, lastPoll: last_poll / 1000, lastSuccess: last_success === null ? null : last_success / 1000, reason };
}
