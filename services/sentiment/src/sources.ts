import type { Config } from "@tickfleet/runtime/config";
import { createDemoNews } from "@tickfleet/venues/demo/news";
import type { NewsSource } from "@tickfleet/venues/news";
import { createNewsApi } from "@tickfleet/venues/newsapi/rest";
import { createReddit } from "@tickfleet/venues/reddit/rest";
import type { sentimentConfig } from "./config.ts";

/** What the configuration asks for. */
export interface Sources {
  sources: NewsSource[];
  /** Sources that were asked for and cannot be read, and what is missing, in words. */
  missing: string[];
}

/** Why nothing is read where no source can be. */
export function idleReason({ missing }: Sources): string {
  const why = missing.length === 0 ? "no source is asked for" : missing.join("; ");
  return `idle: ${why}; set SENTIMENT_SOURCES=reddit or newsapi with their keys, or SENTIMENT_SOURCES=demo`;
}

/** The sources that the configuration asks for and has the keys of. */
export function createSources(config: Config<typeof sentimentConfig>): Sources {
  const wanted = new Set(config.SENTIMENT_SOURCES);
  const sources: NewsSource[] = [];
  const missing: string[] = [];
  if (wanted.has("reddit")) {
    const { SENTIMENT_REDDIT_CLIENT_ID: clientId, SENTIMENT_REDDIT_CLIENT_SECRET: clientSecret } = config;
    if ((clientId === undefined) !== (clientSecret === undefined)) {
      missing.push("reddit: SENTIMENT_REDDIT_CLIENT_ID and SENTIMENT_REDDIT_CLIENT_SECRET belong together, one is not set");
    } else {
      const credentials = clientId === undefined || clientSecret === undefined ? null : { clientId, clientSecret };
      const { SENTIMENT_REDDIT_SUBREDDITS: subreddits, SENTIMENT_REDDIT_USER_AGENT: userAgent, SENTIMENT_REDDIT_URL: baseUrl } = config;
      sources.push(createReddit({ subreddits, userAgent, credentials, baseUrl }));
    }
  }
  if (wanted.has("newsapi")) {
    const { SENTIMENT_NEWSAPI_KEY: apiKey, SENTIMENT_NEWSAPI_URL: baseUrl } = config;
    if (apiKey === undefined) missing.push("newsapi: SENTIMENT_NEWSAPI_KEY is not set");
    else sources.push(createNewsApi({ apiKey, baseUrl }));
  }
  if (wanted.has("demo"))
    for (const kind of ["news", "reddit"] as const) sources.push(createDemoNews({ seed: config.SENTIMENT_DEMO_SEED, kind }));
  return { sources, missing };
}
