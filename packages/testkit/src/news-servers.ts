import { type JsonServer, type ServedAnswer, type ServedRequest, startJsonServer } from "./json-server.ts";

/** A post as Reddit lists it. */
export interface ServedPost {
  id: string;
  title: string;
  selftext?: string;
  /** Epoch milliseconds. */
  createdMs: number;
  score?: number;
  crossposts?: number;
  /** Taken back by its author or a moderator. */
  removed?: boolean;
}

export interface RedditServer extends JsonServer {
  /** Posts by subreddit, oldest first; subreddits that are not here do not exist. */
  readonly posts: Map<string, ServedPost[]>;
  /** Tokens that were given and still hold. */
  readonly tokens: Set<string>;
}

export interface RedditServerOptions {
  posts?: Readonly<Record<string, readonly ServedPost[]>>;
  /** Whoever asks must have logged in as this application. */
  application?: { clientId: string; clientSecret: string };
}

/** A local stand-in for Reddit: the listing of a subreddit, and the login of an application. */
export async function startRedditServer(options: RedditServerOptions = {}): Promise<RedditServer> {
  const posts = new Map(Object.entries(options.posts ?? {}).map(([name, list]) => [name, [...list]]));
  const tokens = new Set<string>();
  let given = 0;

  function answer({ url, headers, method, body }: ServedRequest): ServedAnswer {
    if (url.pathname === "/api/v1/access_token") {
      const { clientId, clientSecret } = options.application ?? {};
      const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
      if (method !== "POST" || headers["authorization"] !== basic) return { status: 401, body: { message: "Unauthorized", error: 401 } };
      if (!body.includes("grant_type=client_credentials")) return { body: { error: "unsupported_grant_type" } };
      given += 1;
      const token = `token-${given}`;
      tokens.add(token);
      return { body: { access_token: token, token_type: "bearer", expires_in: 86_400, scope: "*" } };
    }
    const bearer = String(headers["authorization"] ?? "").replace(/^Bearer /, "");
    if (options.application !== undefined && !tokens.has(bearer)) return { status: 401, body: { message: "Unauthorized", error: 401 } };
    const name = /^\/r\/(\w+)\/new\.json$/.exec(url.pathname)?.[1];
    const list = name === undefined ? undefined : posts.get(name);
    if (list === undefined) return { status: 404, body: { message: "Not Found", error: 404 } };
    const limit = Number(url.searchParams.get("limit") ?? 25);
    const children = list
      .slice(-limit)
      .reverse()
      .map((post) => listedPost(name as string, post));
    const counted = { "x-ratelimit-remaining": "95.0", "x-ratelimit-reset": "300", "x-ratelimit-used": "5" };
    return {
      headers: counted,
      body: { kind: "Listing", data: { after: null, before: null, dist: children.length, modhash: "", children } },
    };
  }

  return Object.assign(await startJsonServer(answer), { posts, tokens });
}

function listedPost(subreddit: string, post: ServedPost): object {
  const { id, title, selftext = "", createdMs, score = 1, crossposts = 0, removed = false } = post;
  const data = {
    id,
    name: `t3_${id}`,
    title: removed ? "[removed]" : title,
    selftext: removed ? "[removed]" : selftext,
    subreddit,
    permalink: `/r/${subreddit}/comments/${id}/a_title/`,
    url: `https://www.reddit.com/r/${subreddit}/comments/${id}/a_title/`,
    created_utc: createdMs / 1000,
    score,
    ups: score,
    downs: 0,
    upvote_ratio: 1,
    num_comments: 0,
    num_crossposts: crossposts,
    removed_by_category: removed ? "moderator" : null,
    is_self: true,
    over_18: false,
    stickied: false,
    likes: null,
  };
  return { kind: "t3", data };
}

/** An article as NewsAPI lists it. */
export interface ServedArticle {
  publisher: string;
  title: string;
  description: string | null;
  url: string;
  /** Epoch milliseconds. */
  publishedMs: number;
}

export interface NewsApiServer extends JsonServer {
  /** Newest last. */
  readonly articles: ServedArticle[];
}

/** A local stand-in for NewsAPI's `/v2/everything`, which wants this key in its header. */
export async function startNewsApiServer(key: string, articles: readonly ServedArticle[] = []): Promise<NewsApiServer> {
  const served = [...articles];
  const refuse = (status: number, code: string, message: string): ServedAnswer => ({ status, body: { status: "error", code, message } });

  function answer({ url, headers }: ServedRequest): ServedAnswer {
    if (headers["x-api-key"] === undefined) return refuse(401, "apiKeyMissing", "Your API key is missing.");
    if (headers["x-api-key"] !== key) return refuse(401, "apiKeyInvalid", "Your API key is invalid or incorrect.");
    if (url.pathname !== "/v2/everything") return refuse(404, "unexpectedError", "No such path.");
    const query = url.searchParams.get("q") ?? "";
    if (query === "") return refuse(400, "parametersMissing", "Required parameters are missing.");
    if (query.length > 500) return refuse(400, "parameterInvalid", "The query is too long.");
    const words = query.split(" OR ").map((word) => word.replaceAll('"', "").toLowerCase());
    const since = Date.parse(`${url.searchParams.get("from") ?? "1970-01-01T00:00:00"}Z`);
    const found = served
      .filter(({ publishedMs }) => publishedMs >= since)
      .filter(({ title, description }) => words.some((word) => `${title} ${description ?? ""}`.toLowerCase().includes(word)))
      .reverse()
      .slice(0, Number(url.searchParams.get("pageSize") ?? 100));
    return { body: { status: "ok", totalResults: found.length, articles: found.map(listedArticle) } };
  }

  return Object.assign(await startJsonServer(answer), { articles: served });
}

function listedArticle({ publisher, title, description, url, publishedMs }: ServedArticle): object {
  return {
    source: { id: null, name: publisher },
    author: null,
    title,
    description,
    url,
    urlToImage: null,
    publishedAt: new Date(publishedMs).toISOString().replace(/\.\d+Z$/, "Z"),
    content: null,
  };
}
