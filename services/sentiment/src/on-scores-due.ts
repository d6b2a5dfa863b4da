import { sentiment } from "@tickfleet/contracts/context-messages";
import { CONTEXT_LEAD_MS, validFromOf } from "@tickfleet/market/context-validity";
import type { Bus } from "@tickfleet/runtime/bus";
import type { PollTurn } from "@tickfleet/runtime/poll";
import { publishOnce } from "@tickfleet/runtime/publish-once";
import type { NewsSource } from "@tickfleet/venues/news";
import { computeSentiment } from "./aggregate.ts";
import { ALGO } from "./score-text.ts";
import type { ScoreRow, SentimentStore, SourceState } from "./store.ts";

const MINUTE_MS = 60_000;
/** How long a value counts. */
const TTL_MS = 3_600_000;
/** Time that storing and publishing may take; a value that takes longer is published only while it is early enough. */
const PUBLISH_WITHIN_MS = 2_000;
/** A source is present while it answered within this time, or three of its least intervals where those are longer. */
const PRESENT_MS = 15 * 60_000;

/**
 * Makes and stores a value per asset, or the reason why there is none. It is of the minute in which the schedule's time lies, and made
 * once: a process that is late or begins again says what one says that was never disturbed.
 */
export async function onScoresDue(
  provider: NewsSource["provider"],
  sources: readonly NewsSource[],
  assets: readonly string[],
  store: SentimentStore,
  turn: PollTurn,
): Promise<void> {
  const nowMs = Date.now();
  const states = new Map((await store.listSources()).map((state) => [state.name, state]));
  const present = sources.filter((source) => isPresent(source, states.get(source.name), nowMs));
  const time = Math.floor(turn.dueMs / MINUTE_MS) * MINUTE_MS;
  const documents = await store.listDocuments(
    present.map(({ name }) => name),
    time,
  );
  const validFrom = validFromOf(nowMs + PUBLISH_WITHIN_MS);
  const rows = assets.map((asset): ScoreRow => {
    const own = documents.filter((document) => document.assets.includes(asset));
    const head = { provider, asset, time, validFrom };
    const value = computeSentiment(own, time);
    if (value !== null) return { ...head, ...value, reason: null };
    const reason =
      present.length === 0 ? `no source answers: ${describe(sources, states)}` : `nothing with a lean was written about ${asset}`;
    return { ...head, value: null, confidence: null, documents: 0, sources: [], reason };
  });
  await store.insertScores(turn.lease, rows, {
    dueFrom: validFromOf(turn.dueMs + PUBLISH_WITHIN_MS),
    publishableFrom: nowMs + CONTEXT_LEAD_MS,
  });
}

/**
 * Publishes what is stored and not yet published, as it is stored: after a crash the same content, under the same id. What has
 * become too late to be published a minute before it counts stays unpublished.
 * @returns how many were published
 */
export async function publishScores(bus: Bus, store: SentimentStore, turn: PollTurn): Promise<number> {
  const due = await store.listUnpublished(Date.now() + CONTEXT_LEAD_MS);
  for (const { provider, asset, time, validFrom, value, confidence, documents, sources } of due) {
    turn.signal.throwIfAborted();
    if (value === null || confidence === null) continue;
    const payload = { provider, asset, time, validFrom, ttlMs: TTL_MS, value, confidence, documents, sources, algo: ALGO };
    await publishOnce(bus, sentiment, { provider, asset }, `sentiment:${provider}:${asset}:${validFrom}`, payload);
    await store.markPublished(provider, asset, validFrom);
  }
  return due.length;
}

function isPresent(source: NewsSource, state: SourceState | undefined, nowMs: number): boolean {
  const success = state?.lastSuccess ?? null;
  return success !== null && nowMs - success <= Math.max(PRESENT_MS, 3 * source.minIntervalMs);
}

function describe(sources: readonly NewsSource[], states: ReadonlyMap<string, SourceState>): string {
  return sources.map(({ name }) => `${name}: ${states.get(name)?.reason ?? "not read yet"}`).join("; ");
}
