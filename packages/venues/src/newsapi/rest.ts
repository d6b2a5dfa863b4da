import { createJsonClient } from "../json-client.ts";
import type { NewsSource } from "../news.ts";
import { parseEverything, refusalIn } from "./parse.ts";

const BASE_URL = "https://newsapi.org";
const LANGUAGE = "en";
const PAGE = 100;
/** The free plan gives 100 requests a day, those that fail included: 96, as a read is one request and is not tried again. */
const MIN_INTERVAL_MS = 15 * 60_000;
const ATTEMPTS = 1;
/** Longest text that the interface takes in `q`. */
const MAX_QUERY = 500;

export interface NewsApiOptions {
  /** Sent as X-Api-Key, never in an address. */
  apiKey: string;
  /** In place of NewsAPI's own address. */
  baseUrl?: string | undefined;
  timeoutMs?: number;
}

/** The newest articles in English that name one of the terms in title or description, one request for all. */
export function createNewsApi({ apiKey, baseUrl = BASE_URL, timeoutMs = 10_000 }: NewsApiOptions): NewsSource {
  const ask = createJsonClient({ baseUrl, timeoutMs, attempts: ATTEMPTS, refusalIn, headers: { "x-api-key": apiKey } });
  return {
    name: "newsapi",
    kind: "news",
    provider: "fleet",
    minIntervalMs: MIN_INTERVAL_MS,
    async read({ terms, sinceMs }, signal) {
      const q = createQuery(terms);
      if (q === "") return { items: [], skipped: [], fault: null, answered: true };
      const from = new Date(sinceMs).toISOString().slice(0, 19);
      const query = { q, searchIn: "title,description", language: LANGUAGE, sortBy: "publishedAt", pageSize: PAGE, from };
      const answer = parseEverything(await ask("/v2/everything", { query }, signal), LANGUAGE);
      return { ...answer, items: answer.items.filter((item) => item.publishedTime >= sinceMs) };
    },
  };
}

/** As many terms, the first ones, as the interface takes. */
function createQuery(terms: readonly string[]): string {
  let query = "";
  for (const term of terms) {
    const longer = `${query}${query === "" ? "" : " OR "}"${term.replaceAll('"', "")}"`;
    if (longer.length > MAX_QUERY) break;
    query = longer;
  }
  return query;
}
