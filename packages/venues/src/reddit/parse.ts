import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { z } from "zod";
import type { Refusal } from "../json-client.ts";
import type { NewsAnswer, NewsItem } from "../news.ts";
import { collectEntries } from "../news-entries.ts";

const REDDIT = "https://www.reddit.com";
/** What stands in place of a text that its author or a moderator took back. */
const TAKEN_BACK: ReadonlySet<string> = new Set(["[removed]", "[deleted]"]);

const listingSchema = z.object({ kind: z.literal("Listing"), data: z.object({ children: z.array(z.unknown()) }) });

const postSchema = z.object({
  kind: z.literal("t3"),
  data: z.object({
    name: z.string().regex(/^t3_\w+$/),
    title: z.string().min(1),
    selftext: z.string().optional(),
    subreddit: z.string().min(1),
    permalink: z.string().startsWith("/"),
    created_utc: z.number().positive(),
    score: z.number().int(),
    num_crossposts: z.number().int().min(0).optional(),
    removed_by_category: z.string().nullish(),
  }),
});

/**
 * Posts of a listing such as `/r/Bitcoin/new`. Likes are the score where it is above 0, shares the crossposts. Posts that
 * were taken back, and entries that are no post, are left out, each with its reason.
 * @throws InvalidMessageError where the answer is no listing
 * @see https://www.reddit.com/dev/api/#listings
 */
export function parseListing(answer: unknown): NewsAnswer {
  const listing = listingSchema.safeParse(answer);
  if (!listing.success) throw new InvalidMessageError(`listing: ${z.prettifyError(listing.error)}`, { cause: listing.error });
  const entry = postSchema.transform(itemOf);
  return collectEntries(
    "listing",
    listing.data.data.children.map((child) => entry.safeParse(child)),
  );
}

function itemOf({ data }: z.infer<typeof postSchema>): NewsItem | null {
  const { name, title, selftext = "", subreddit, permalink, created_utc, score, num_crossposts = 0, removed_by_category } = data;
  if (removed_by_category != null || TAKEN_BACK.has(title) || TAKEN_BACK.has(selftext)) return null;
  return {
    source: "reddit",
    kind: "reddit",
    externalId: name,
    origin: subreddit,
    url: `${REDDIT}${permalink}`,
    title,
    description: selftext,
    publishedTime: Math.round(created_utc * 1000),
    language: null,
    likes: Math.max(0, score),
    shares: num_crossposts,
  };
}

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** Answer of `/api/v1/access_token`. @throws InvalidMessageError, which never holds the token */
export function parseToken(answer: unknown): { token: string; expiresInMs: number } {
  const found = tokenSchema.safeParse(answer);
  if (!found.success) throw new InvalidMessageError("access_token: expected access_token and expires_in");
  return { token: found.data.access_token, expiresInMs: found.data.expires_in * 1000 };
}

const refusalSchema = z.object({
  error: z.union([z.number().int(), z.string().min(1)]),
  message: z.string().optional(),
  reason: z.string().optional(),
});

/** `{"message":"Forbidden","error":403,"reason":"private"}`, or `{"error":"invalid_grant"}` of the token's path. */
export function refusalIn(body: unknown): Refusal | null {
  const found = refusalSchema.safeParse(body);
  if (!found.success) return null;
  const { error, message, reason } = found.data;
  const said = [message, reason].filter((part) => part !== undefined).join(", ");
  return { code: error, message: said, status: typeof error === "number" && error >= 400 ? error : 400 };
}
