import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { PollTurn } from "@tickfleet/runtime/poll";
import { RestError } from "@tickfleet/venues/json-client";
import type { NewsItem, NewsSource } from "@tickfleet/venues/news";
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

/** What came of reading a source. */
export interface NewsPoll {
  /** Texts that were not stored before. */
  fresh: number;
  /** Why the source gave nothing, null where it answered. */
  fault: string | null;
}

/** Reads a source, links, scores and stores what it gives, and keeps how it went. */
export async function onNewsPoll(
  source: NewsSource,
  terms: readonly string[],
  link: AssetLinker,
  store: SentimentStore,
  turn: PollTurn,
): Promise<NewsPoll> {
  const nowMs = Date.now();
  const state = await store.findSource(source.name);
  if (state !== null && nowMs - state.lastPoll < source.minIntervalMs) return { fresh: 0, fault: state.reason };
  const signal = AbortSignal.any([turn.signal, AbortSignal.timeout(SOURCE_TIMEOUT_MS)]);
  // a source that counts its requests counts this one, whatever becomes of it
  await store.touchSource(source, nowMs);
  try {
    const sinceMs = nowMs - HALF_LIVES * KINDS[source.kind].halfLifeMs;
    const { items } = await source.read({ terms, sinceMs, nowMs }, signal);
    const fresh = await storeItems(source, items, link, store, nowMs);
    await store.updateSource(source.name, { success: nowMs, reason: null });
    return { fresh, fault: null };
  } catch (error) {
    turn.signal.throwIfAborted();
    // a source that is away, too slow, or talks nonsense is no error of this service
    const isSources = error instanceof RestError || error instanceof InvalidMessageError || signal.aborted;
    if (!isSources) throw error;
    const fault = (error as Error).message;
    await store.updateSource(source.name, { success: null, reason: fault });
    return { fresh: 0, fault };
  }
}

async function storeItems(
  source: NewsSource,
  items: readonly NewsItem[],
  link: AssetLinker,
  store: SentimentStore,
  fetchedMs: number,
): Promise<number> {
  const rows = [...new Map(items.map((item) => rowOf(item, source, link, fetchedMs)).map((row) => [row.externalId, row])).values()];
  const known = await store.listKnown(source.name, rows);
  const fresh = rows.filter((row) => !known.has(row.externalId));
  const stored = await store.listCounting(source.provider, fresh, REPEAT_MS);
  const repeats = findRepeats(stored, fresh);
  await store.upsertNews(rows.map((row) => ({ ...row, repeatOf: repeats.get(row.key) ?? null })));
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
