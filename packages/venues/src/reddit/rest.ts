import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { createJsonClient, RestError } from "../json-client.ts";
import type { NewsAnswer, NewsSource } from "../news.ts";
import { parseListing, parseToken, refusalIn } from "./parse.ts";

const PUBLIC_URL = "https://www.reddit.com";
const OAUTH_URL = "https://oauth.reddit.com";
const PAGE = 100;
/** A token is renewed so long before it ends. */
const TOKEN_MARGIN_MS = 60_000;

export interface RedditOptions {
  /** At least one. */
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
 * The newest posts of some subreddits, one request each, one after the other. A subreddit that is refused takes no other
 * along, and the end of the signal none that has answered: the fault names each that was not read, and why.
 * @see https://github.com/reddit-archive/reddit/wiki/OAuth2
 */
export function createReddit(options: RedditOptions): NewsSource {
  const { subreddits, credentials, timeoutMs = 10_000, attempts = 3 } = options;
  if (subreddits.length === 0) throw new RangeError("expected at least one subreddit, found none");
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

  async function answerOf(name: string, nowMs: number, signal: AbortSignal): Promise<NewsAnswer> {
    const unread = (fault: string): NewsAnswer => ({ items: [], skipped: [], fault, answered: false });
    if (signal.aborted) return unread("not asked, the time for all of them was over");
    try {
      return await readSubreddit(name, nowMs, signal);
    } catch (error) {
      if (error instanceof RestError || error instanceof InvalidMessageError || signal.aborted) return unread((error as Error).message);
      throw error;
    }
  }

  return {
    name: "reddit",
    kind: "reddit",
    provider: "fleet",
    // the schedule decides, and Reddit by its headers and refusals
    minIntervalMs: 0,
    async read({ sinceMs, nowMs }, signal) {
      const answers: (NewsAnswer & { name: string })[] = [];
      for (const name of subreddits) answers.push({ name, ...(await answerOf(name, nowMs, signal)) });
      const faults = answers.filter(({ answered }) => !answered).map(({ name, fault }) => `${name}: ${fault}`);
      return {
        items: answers.flatMap(({ items }) => items.filter((item) => item.publishedTime >= sinceMs)),
        skipped: answers.flatMap(({ skipped }) => skipped),
        fault: faults.length === 0 ? null : `${faults.length} of ${answers.length} subreddits not read; ${faults.join("; ")}`,
        answered: faults.length < answers.length,
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
