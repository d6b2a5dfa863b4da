import { createJsonClient, RestError } from "../json-client.ts";
import type { NewsAnswer, NewsSource } from "../news.ts";
import { parseListing, parseToken, refusalIn } from "./parse.ts";

const PUBLIC_URL = "https://www.reddit.com";
const OAUTH_URL = "https://oauth.reddit.com";
const PAGE = 100;
/** A token is renewed so long before it ends. */
const TOKEN_MARGIN_MS = 60_000;

export interface RedditOptions {
  subreddits: readonly string[];
  /** Tells Reddit who asks: `platform:name:version (by /u/name)`. */
  userAgent: string;
  /** Of an application that its owner registered; null asks without, which Reddit limits hard. */
  credentials: { clientId: string; clientSecret: string } | null;
  /** In place of Reddit's own addresses. */
  baseUrl?: string | undefined;
  timeoutMs?: number;
  /** Most requests for one answer, the first included; at least 1. */
  attempts?: number;
}

/**
 * The newest posts of some subreddits, one request each, one after the other. A subreddit that is refused takes the others
 * along only where none answers.
 * @see https://github.com/reddit-archive/reddit/wiki/OAuth2
 */
export function createReddit(options: RedditOptions): NewsSource {
  const { credentials, timeoutMs = 10_000, attempts = 3 } = options;
  const shared = { timeoutMs, attempts, refusalIn, restIn, headers: { "user-agent": options.userAgent } };
  const login = createJsonClient({ ...shared, baseUrl: options.baseUrl ?? PUBLIC_URL });
  const ask = createJsonClient({ ...shared, baseUrl: options.baseUrl ?? (credentials === null ? PUBLIC_URL : OAUTH_URL) });
  let known: { token: string; untilMs: number } | null = null;

  async function authorization(nowMs: number, signal: AbortSignal): Promise<Record<string, string>> {
    if (credentials === null) return {};
    if (known === null || nowMs > known.untilMs - TOKEN_MARGIN_MS) {
      const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString("base64");
      const request = { headers: { authorization: `Basic ${basic}` }, form: { grant_type: "client_credentials" } };
      const { token, expiresInMs } = parseToken(await login("/api/v1/access_token", request, signal));
      known = { token, untilMs: nowMs + expiresInMs };
    }
    return { authorization: `Bearer ${known.token}` };
  }

  async function readSubreddit(name: string, nowMs: number, signal: AbortSignal): Promise<NewsAnswer> {
    const path = `/r/${encodeURIComponent(name)}/new.json`;
    const query = { limit: PAGE, raw_json: 1 };
    const request = async () => ask(path, { query, headers: await authorization(nowMs, signal) }, signal);
    try {
      return parseListing(await request());
    } catch (error) {
      if (!(error instanceof RestError) || error.status !== 401 || known === null) throw error;
      known = null; // the token was taken back before its end
      return parseListing(await request());
    }
  }

  return {
    name: "reddit",
    kind: "reddit",
    provider: "fleet",
    // the schedule decides, and Reddit by its headers and refusals
    minIntervalMs: 0,
    async read({ sinceMs, nowMs }, signal) {
      const answers: NewsAnswer[] = [];
      let fault: unknown = new RangeError("no subreddit is named");
      for (const name of options.subreddits) {
        try {
          answers.push(await readSubreddit(name, nowMs, signal));
        } catch (error) {
          signal.throwIfAborted();
          fault = error;
        }
      }
      if (answers.length === 0) throw fault;
      return {
        items: answers.flatMap(({ items }) => items.filter((item) => item.publishedTime >= sinceMs)),
        skipped: answers.reduce((sum, { skipped }) => sum + skipped, 0),
      };
    },
  };
}

/** Reddit says in its headers how many requests are left and when there will be new ones, in seconds. */
function restIn(headers: Headers): number | null {
  const remaining = Number(headers.get("x-ratelimit-remaining") ?? Number.NaN);
  const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
  return remaining < 1 && reset > 0 ? reset * 1000 : null;
}
