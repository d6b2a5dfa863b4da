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
  /** Why entries were left out, one reason for each: a few fixed words, which never hold words of the entry. */
  skipped: string[];
  /** Which parts of the source gave nothing and why, null where all of it was read. */
  fault: string | null;
  /** Whether any part of the source was read. */
  answered: boolean;
}

export interface NewsSource {
  name: string;
  kind: NewsKind;
  /** `fleet` for what real sources say, `demo` for invented ones. */
  provider: "fleet" | "demo";
  /** Least time between two requests, milliseconds. */
  minIntervalMs: number;
  /**
   * A source of several parts keeps what some of them gave where others are refused, or the signal ends the reading.
   * @throws RestError, InvalidMessageError from a source of one part
   */
  read(query: NewsQuery, signal: AbortSignal): Promise<NewsAnswer>;
}
