import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { PollTurn } from "@tickfleet/runtime/poll";
import { RestError } from "@tickfleet/venues/json-client";
import type { NewsAnswer, NewsItem, NewsQuery, NewsSource } from "@tickfleet/venues/news";
import { HALF_LIVES, KINDS } from "./aggregate.ts";
import type { AssetLinker } from "./asset-links.ts";
import { findRepeats, REPEAT_MS } from "./repeats.ts";
import { scoreText } from "./score-text.ts";
import type { NewsRow, SentimentStore } from "./store.ts";
import { hashName, hashText } from "./text-hash.ts";

const SOURCE_TIMEOUT_MS = 60_000;
/** Longer texts are cut: nobody's lean is told by their end. */
const MAX_TITLE = 500;
const MAX_DESCRIPTION = 5_000;
/** Longer names, such as addresses with much behind them, are kept as their hash: an index takes no more than 2,700 bytes. */
const MAX_ID = 500;
/** Longer faults, of many parts that do not answer, are cut. */
const MAX_FAULT = 1_000;

/** What came of reading a source. */
export interface NewsPoll {
  source: NewsSource;
  /** Null where it was not asked, because it was asked not long ago. */
  outcome: "answered" | "partly" | "failed" | null;
  items: readonly NewsItem[];
  /** Why entries were left out, one reason for each. */
  skipped: readonly string[];
  /** Why it, or a part of it, does not answer, null while all of it does. */
  fault: string | null;
}

/** Reads a source, unless it was asked not long ago, and keeps how it went. */
export async function onNewsPoll(source: NewsSource, terms: readonly string[], store: SentimentStore, turn: PollTurn): Promise<NewsPoll> {
  const nowMs = Date.now();
  const state = await store.findSource(source.name);
  if (state !== null && nowMs - state.lastPoll < source.minIntervalMs) {
    return { source, outcome: null, items: [], skipped: [], fault: state.reason };
  }
  // a source that counts its requests counts this one, whatever becomes of it
  await store.touchSource(source, nowMs);
  const sinceMs = nowMs - HALF_LIVES * KINDS[source.kind].halfLifeMs;
  const answer = await readSource(source, { terms, sinceMs, nowMs }, turn.signal);
  turn.signal.throwIfAborted();
  const { items, skipped, answered } = answer;
  const fault = answer.fault === null ? null : printable(answer.fault).slice(0, MAX_FAULT);
  if (!answered) await store.updateSource(source.name, { success: null, reason: fault });
  const outcome = !answered ? "failed" : fault === null ? "answered" : "partly";
  return { source, outcome, items, skipped, fault };
}

/** A source that is away, too slow, or talks nonsense is no error of this service. */
async function readSource(source: NewsSource, query: NewsQuery, turn: AbortSignal): Promise<NewsAnswer> {
  const signal = AbortSignal.any([turn, AbortSignal.timeout(SOURCE_TIMEOUT_MS)]);
  try {
    return await source.read(query, signal);
  } catch (error) {
    const isSources = error instanceof RestError || error instanceof InvalidMessageError || signal.aborted;
    if (!isSources) throw error;
    return { items: [], skipped: [], fault: (error as Error).message, answered: false };
  }
}

/**
 * Links, scores and stores what a source, or a part of it, gave. One source after the other: a text that two tell counts once.
 * @returns how many texts were not stored before
 */
export async function storeNews({ source, items, fault }: NewsPoll, link: AssetLinker, store: SentimentStore): Promise<number> {
  const fetchedMs = Date.now();
  const rows = [...new Map(items.map((item) => rowOf(item, source, link, fetchedMs)).map((row) => [row.externalId, row])).values()];
  const known = await store.listKnown(source.name, rows);
  const fresh = rows.filter((row) => !known.has(row.externalId));
  const stored = await store.listCounting(source.provider, fresh, REPEAT_MS);
  const repeats = findRepeats(stored, fresh);
  await store.upsertNews(rows.map((row) => ({ ...row, repeatOf: repeats.get(row.key) ?? null })));
  await store.updateSource(source.name, { success: fetchedMs, reason: fault });
  return fresh.length;
}

function rowOf(item: NewsItem, source: NewsSource, link: AssetLinker, fetchedMs: number): NewsRow {
  const title = printable(item.title).slice(0, MAX_TITLE);
  const description = printable(item.description).slice(0, MAX_DESCRIPTION);
  const text = `${title}. ${description}`;
  const externalId = item.externalId.length > MAX_ID ? hashName(item.externalId) : printable(item.externalId);
  return {
    ...item,
    externalId,
    origin: item.origin === null ? null : printable(item.origin),
    ...scoreText(text, item.language),
    title,
    description,
    key: `${item.source}:${externalId}`,
    provider: source.provider,
    fetchedTime: fetchedMs,
    hash: hashText(title, description),
    assets: link(text),
    repeatOf: null,
  };
}

/** Without what a database takes in no text: NUL, and halves of characters. */
function printable(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}
