import { createRoute, z } from "@hono/zod-openapi";
import { pattern } from "@tickfleet/contracts/pattern-messages";
import type { ApiApp, ApiParts } from "../app.ts";
import { judgedParameters, readJudgedList } from "../judged-list.ts";
import { answerList } from "../list-answer.ts";
import { problemSchema } from "../problem.ts";

const fields = pattern.schema.omit({ stamps: true });
const query = z.object(judgedParameters);

const route = createRoute({
  method: "get",
  path: "/api/v1/patterns",
  operationId: "listPatterns",
  summary: "Patterns on closed candles, a row per candle and kind, ascending.",
  description:
    "Ranges and paging as in /api/v1/candles, by openTime. Rows of every state: one that is `withdrawn` was taken back after its candle was revised.",
  tags: ["patterns"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": { schema: z.object({ data: z.array(fields.partial().openapi("Pattern")), cursor: z.string().nullable() }) },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addPatterns(app: ApiApp, parts: ApiParts): void {
  app.openapi(route, async (context) => {
    const asked = context.req.valid("query");
    const { list, filters } = await readJudgedList(context, asked, Object.keys(query.shape), fields.shape, {}, parts, []);
    return answerList(context, list, await parts.store.listJudged("patterns", filters, list.page));
  });
}
