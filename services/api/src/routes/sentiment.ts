import { createRoute, z } from "@hono/zod-openapi";
import { sentiment } from "@tickfleet/contracts/context-messages";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import { columnsOf } from "../columns.ts";
import { ContextStore } from "../context-store.ts";
import { answerList } from "../list-answer.ts";
import { contextParameters, parameter, readListQuery, required } from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";

const { provider, asset, time, validFrom, value, confidence, sources } = sentiment.schema.shape;

const sentimentRowSchema = z.object({
  provider,
  asset,
  time,
  validFrom,
  value: value.nullable(),
  confidence: confidence.nullable(),
  documents: z.number().int().min(0),
  sources,
  reason: z.string().nullable().describe("why there is no value, null where there is one"),
  publishedTime: time.nullable().describe("epoch milliseconds, null where it was not published"),
});

const COLUMNS = columnsOf(sentimentRowSchema, ["time", "validFrom", "publishedTime"]);

const query = z.object({
  asset: parameter("Base of an instrument's name.", "BTC", true),
  provider: parameter("fleet for what real sources say, demo for invented ones; both by default.", "fleet"),
  ...contextParameters,
  columns: parameter("Wire names, with commas between; all of them by default.", "validFrom,value,confidence"),
});

const route = createRoute({
  method: "get",
  path: "/api/v1/sentiment",
  operationId: "listSentiment",
  summary: "What news and social media say of an asset, ascending by (validFrom, provider).",
  description:
    "Ranges and paging as in /api/v1/candles, over `validFrom`. Where no source says anything the value is null, never a neutral 0, and `reason` says why.",
  tags: ["context"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": {
          schema: z.object({ data: z.array(sentimentRowSchema.partial().openapi("Sentiment")), cursor: z.string().nullable() }),
        },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addSentiment(app: ApiApp, { store, now }: ApiParts): void {
  const context = new ContextStore(store);
  app.openapi(route, async (request) => {
    const faults: Fault[] = [];
    const asked = request.req.valid("query");
    checkParameters(request, Object.keys(query.shape), faults);
    const wanted = required("asset", asked.asset, "BTC", faults);
    const from = asked.provider || null;
    const list = readListQuery(asked, { asset: wanted, provider: asked.provider }, COLUMNS, ["number", "string"], now(), faults);
    if (faults.length > 0) throw new RequestError(faults);
    return answerList(request, list, await context.listSentiment(wanted, from, list.page));
  });
}
