import { createRoute, z } from "@hono/zod-openapi";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import { columnsOf } from "../columns.ts";
import { ContextStore } from "../context-store.ts";
import { answerList } from "../list-answer.ts";
import { contextParameters, parameter, readListQuery } from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";

const timeMs = z.number().int().describe("epoch milliseconds");

const newsRowSchema = z.object({
  source: z.string().describe("who told it, such as reddit; what begins with demo- is invented"),
  externalId: z.string().describe("the source's own name of it"),
  provider: z.string().describe("fleet for real sources, demo for invented ones"),
  kind: z.enum(["news", "reddit"]),
  origin: z.string().nullable().describe("subreddit or publisher"),
  url: z.string().nullable(),
  title: z.string(),
  description: z.string(),
  publishedTime: timeMs,
  fetchedTime: timeMs,
  language: z.string().nullable().describe("ISO 639-1, null where the source does not say"),
  score: z.number().min(-1).max(1).nullable().describe("-1 bearish .. 1 bullish, null where the text does not say"),
  confidence: z.number().min(0).max(1).describe("of the score, 0..1; below 0.3 it counts in no value"),
  assets: z.array(z.string()),
  likes: z.number().int(),
  shares: z.number().int(),
  repeatOf: z.string().nullable().describe("source and id of the text that says the same and counts in its place"),
});

const COLUMNS = columnsOf(newsRowSchema, ["publishedTime", "fetchedTime"]);

const query = z.object({
  asset: parameter("Only texts about this asset.", "BTC"),
  provider: parameter("fleet or demo; both by default.", "fleet"),
  source: parameter("Only texts of this source.", "reddit"),
  ...contextParameters,
  columns: parameter("Wire names, with commas between; all of them by default.", "publishedTime,title,score"),
});

const route = createRoute({
  method: "get",
  path: "/api/v1/news",
  operationId: "listNews",
  summary: "Headlines and posts with their scores, ascending by (publishedTime, source, externalId).",
  description: "Ranges and paging as in /api/v1/candles, over `publishedTime`. Texts are kept for 30 days.",
  tags: ["context"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": {
          schema: z.object({ data: z.array(newsRowSchema.partial().openapi("News")), cursor: z.string().nullable() }),
        },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addNews(app: ApiApp, { store, now }: ApiParts): void {
  const context = new ContextStore(store);
  app.openapi(route, async (request) => {
    const faults: Fault[] = [];
    const asked = request.req.valid("query");
    checkParameters(request, Object.keys(query.shape), faults);
    const { asset, provider, source } = asked;
    const list = readListQuery(asked, { asset, provider, source }, COLUMNS, ["number", "string", "string"], now(), faults);
    if (faults.length > 0) throw new RequestError(faults);
    const filter = { asset: asset || null, provider: provider || null, source: source || null };
    return answerList(request, list, await context.listNews(filter, list.page));
  });
}
