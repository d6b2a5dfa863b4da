import { LaneStore } from "@tickfleet/database/checkpoint";
import { openPool, waitForDatabase } from "@tickfleet/database/pool";
import { type PollTurn, runPolls } from "@tickfleet/runtime/poll";
import type { ServiceContext, ServiceDefinition } from "@tickfleet/runtime/run-service";
import { createAssetLinker, searchTerms } from "./asset-links.ts";
import { sentimentConfig } from "./config.ts";
import { onNewsPoll, storeNews } from "./on-news-poll.ts";
import { onScoresDue, publishScores } from "./on-scores-due.ts";
import { createSources, idleReason, type Sources } from "./sources.ts";
import { SentimentStore } from "./store.ts";

type Context = ServiceContext<typeof sentimentConfig>;

/** While there are no instruments, their assets are looked for so often. */
const NO_ASSETS_MS = 2_000;

/** sources -> texts -> scores -> CONTEXT */
export const sentimentService: ServiceDefinition<typeof sentimentConfig> = {
  name: "sentiment",
  version: "0.1.0",
  config: sentimentConfig,
  async start(context) {
    const { config, health, logger, signal } = context;
    const found = createSources(config);
    if (found.sources.length === 0) {
      const reason = idleReason(found);
      logger.warn(reason);
      health.ready("sources", true, reason);
      return;
    }
    if (found.missing.length > 0) logger.warn({ missing: found.missing }, "sources that were asked for and cannot be read");
    health.ready("sources", true, found.missing.join("; "));
    const pool = openPool(config.DATABASE_URL, { max: 4, name: "sentiment", schema: "sentiment" });
    context.onShutdown("database", () => pool.end());
    await waitForDatabase(pool, signal, (reason) => {
      health.ready("database", false, reason);
      logger.warn({ reason }, "waiting for the database");
    });
    health.ready("database", true);
    const lanes = new LaneStore(pool, "sentiment", `sentiment-${crypto.randomUUID()}`, config.SENTIMENT_LEASE_MS);
    const round = createRound(context, found, new SentimentStore(pool));
    const onReady = (ok: boolean, detail: string): void => health.ready("polling", ok, detail);
    const polling = runPolls({ lanes, schedule: config.SENTIMENT_SCHEDULE, logger, signal, onReady, poll: round });
    polling.catch((error: unknown) => context.fail(error));
    context.onShutdown("polling", () => polling);
  },
};

function createRound(context: Context, { sources }: Sources, store: SentimentStore): (turn: PollTurn) => Promise<number | null> {
  const { bus, health, logger, metrics } = context;
  const polls = metrics.counter("sentiment_polls_total", "Reads of one source.", ["source", "outcome"]);
  const texts = metrics.counter("sentiment_texts_total", "Texts stored for the first time.", ["source"]);
  const skipped = metrics.counter("sentiment_skipped_total", "Entries that were left out, at every reading of them.", ["source", "reason"]);
  const published = metrics.counter("sentiment_published_total", "Values stored in CONTEXT.");
  const providers = [...new Set(sources.map(({ provider }) => provider))];
  const told = new Map<string, string>();
  let readMs = 0;

  async function pollSources(assets: readonly string[], turn: PollTurn): Promise<void> {
    const terms = searchTerms(assets);
    const link = createAssetLinker(assets);
    const answers = await Promise.all(sources.map((source) => onNewsPoll(source, terms, store, turn)));
    for (const answer of answers) {
      const { source, outcome, fault } = answer;
      for (const reason of answer.skipped) skipped.inc({ source: source.name, reason });
      if (outcome === "answered" || outcome === "partly") texts.inc({ source: source.name }, await storeNews(answer, link, store));
      if (outcome !== null) polls.inc({ source: source.name, outcome });
      const detail = fault ?? "";
      // one source that is away does not make the service unready: the others go on
      health.ready(`source ${source.name}`, true, detail);
      if (detail !== "" && told.get(source.name) !== detail) {
        logger.warn({ source: source.name, detail }, "a source, or a part of it, does not answer");
      }
      told.set(source.name, detail);
    }
  }

  return async (turn) => {
    await publishedOf(); // what a process that died had stored and not sent
    const assets = await store.listAssets();
    if (assets.length === 0) {
      health.ready("assets", true, "there are no instruments yet, so nothing to look for");
      return NO_ASSETS_MS;
    }
    health.ready("assets", true);
    const names = assets.map(({ asset }) => asset);
    // a round that is tried again because of the database or the broker does not ask the sources again
    if (readMs !== turn.dueMs) await pollSources(names, turn);
    readMs = turn.dueMs;
    for (const provider of providers) {
      const own = sources.filter((source) => source.provider === provider);
      const wanted = assets.filter(({ demo }) => provider === "fleet" || demo).map(({ asset }) => asset);
      await onScoresDue(provider, own, wanted, store, turn);
    }
    await publishedOf();
    await store.pruneNews(Date.now());
    return null;

    async function publishedOf(): Promise<void> {
      published.inc(await publishScores(bus, store, turn));
    }
  };
}
