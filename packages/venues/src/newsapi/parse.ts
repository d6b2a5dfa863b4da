import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { z } from "zod";
import type { Refusal } from "../json-client.ts";
import type { NewsAnswer, NewsItem } from "../news.ts";
import { collectEntries } from "../news-entries.ts";

/** What stands in place of an article that its publisher took back. */
const TAKEN_BACK = "[Removed]";

const answerSchema = z.object({ status: z.literal("ok"), articles: z.array(z.unknown()) });

const articleSchema = z.object({
  source: z.object({ name: z.string().nullish() }),
  title: z.string().min(1),
  description: z.string().nullish(),
  url: z.url({ protocol: /^https?$/ }),
  publishedAt: z.iso.datetime({ offset: true }),
});

/**
 * Articles of a `/v2/everything` answer. Those that were taken back or cannot be read are left out, each with its reason.
 * @param language that was asked for
 * @throws InvalidMessageError where the answer is none
 * @see https://newsapi.org/docs/endpoints/everything
 */
export function parseEverything(answer: unknown, language: string): NewsAnswer {
  const { data, error } = answerSchema.safeParse(answer);
  if (error !== undefined) throw new InvalidMessageError(`everything: ${z.prettifyError(error)}`, { cause: error });
  const entry = articleSchema.transform((article) => itemOf(article, language));
  return collectEntries(
    "everything",
    data.articles.map((article) => entry.safeParse(article)),
  );
}

function itemOf({ source, title, description, url, publishedAt }: z.infer<typeof articleSchema>, language: string): NewsItem | null {
  if (title === TAKEN_BACK) return null;
  return {
    source: "newsapi",
    kind: "news",
    externalId: url,
    origin: source.name ?? null,
    url,
    title,
    description: description ?? "",
    publishedTime: Date.parse(publishedAt),
    language,
    likes: 0,
    shares: 0,
  };
}

const refusalSchema = z.object({ status: z.literal("error"), code: z.string(), message: z.string().optional() });

/** `{"status":"error","code":"rateLimited","message":"..."}`, with HTTP 200 as well. @see https://newsapi.org/docs/errors */
export function refusalIn(body: unknown): Refusal | null {
  const found = refusalSchema.safeParse(body);
  if (!found.success) return null;
  const { code, message = "" } = found.data;
  return { code, message, status: statusOf(code) };
}

function statusOf(code: string): number {
  if (code === "rateLimited" || code === "apiKeyExhausted") return 429;
  if (code.startsWith("apiKey")) return 401;
  return code === "unexpectedError" ? 500 : 400;
}
