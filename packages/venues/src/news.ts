/** What a text is: an article, or a post of a forum. Weights and half-lives hang on it. */
export type NewsKind = "news" | "reddit";

/** A headline or post as a source tells it. */
export interface NewsItem {
  /** Who told it: `reddit`, `newsapi`, or an invented one such as `demo-news`. */
  source: string;
  kind: NewsKind;
  /** The source's own name of it; (source, externalId) is its identity. */
  externalId: string;
  /** Where inside the source: subreddit or publisher; null where it does not say. */
  origin: string | null;
  url: string | null;
  title: string;
  description: string;
  /** Epoch milliseconds. */
  publishedTime: number;
  /** ISO 639-1, null where the source does not say. */
  language: string | null;
  /** At least 0. */
  likes: number;
  shares: number;
}

/** What is asked of a source. */
export interface NewsQuery {
  /** Words to look for, for a source that can search, the most important first. */
  terms: readonly string[];
  /** Only what was published from here on, epoch milliseconds. */
  sinceMs: number;
  nowMs: number;
}

export interface NewsAnswer {
  items: NewsItem[];
  /** Entries that could not be read, or that the source has taken back. */
  skipped: number;
}

export interface NewsSource {
  name: string;
  kind: NewsKind;
  /** `fleet` for what real sources say, `demo` for invented ones. */
  provider: "fleet" | "demo";
  /** Least time between two requests, milliseconds. */
  minIntervalMs: number;
  /** @throws RestError, InvalidMessageError */
  read(query: NewsQuery, signal: AbortSignal): Promise<NewsAnswer>;
}
