import { createRoute, z } from "@hono/zod-openapi";
import { SIGNAL_LEVEL_NAMES, signal } from "@tickfleet/contracts/pattern-messages";
import type { Context } from "hono";
import { type ApiApp, type ApiEnvironment, type ApiParts, checkParameters } from "../app.ts";
import { explainSignal, explanationSchema } from "../explanation.ts";
import { judgedParameters, readJudgedList } from "../judged-list.ts";
import { answerList } from "../list-answer.ts";
import { parameter, readChoice } from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";
import type { ApiStore } from "../store.ts";

const fields = signal.schema.omit({ stamps: true });
const query = z.object({ ...judgedParameters, level: parameter(`One of ${SIGNAL_LEVEL_NAMES.join(", ")}.`, "buy") });
const params = z.object({
  id: z
    .string()
    .openapi({ description: "venue:instrument:timeframe:anchor:session:openTime", example: "demo:BTC-USDT:1m:UTC:all:1767657600000" }),
});
const problem = { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } };

const listRoute = createRoute({
  method: "get",
  path: "/api/v1/signals",
  operationId: "listSignals",
  summary: "Trading signals, a row per candle, ascending.",
  description:
    "Ranges and paging as in /api/v1/candles, by openTime. Rows of every state: one that is `withdrawn` was taken back after a candle was revised.",
  tags: ["signals"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": { schema: z.object({ data: z.array(fields.partial().openapi("Signal")), cursor: z.string().nullable() }) },
      },
    },
    default: problem,
  },
});

const oneRoute = createRoute({
  method: "get",
  path: "/api/v1/signals/{id}",
  operationId: "getSignal",
  summary: "One signal.",
  tags: ["signals"],
  request: { params },
  responses: { 200: { description: "It.", content: { "application/json": { schema: fields } } }, default: problem },
});

const explainRoute = createRoute({
  method: "get",
  path: "/api/v1/signals/{id}/explain",
  operationId: "explainSignal",
  summary: "Why a signal is what it is: recomputed from what was recorded with it.",
  description:
    "`same` tells whether the recomputation gave the same bytes. Values are those of the moment at which the signal was made; candles may have been revised since, and what a link gives is their present state.",
  tags: ["signals"],
  request: { params },
  responses: {
    200: { description: "The way to the signal.", content: { "application/json": { schema: explanationSchema } } },
    default: problem,
  },
});

export function addSignals(app: ApiApp, parts: ApiParts): void {
  const { store } = parts;
  app.openapi(listRoute, async (context) => {
    const faults: Fault[] = [];
    const asked = context.req.valid("query");
    const level = asked.level ? readChoice("level", asked.level, SIGNAL_LEVEL_NAMES, "invalid-parameter", faults) : undefined;
    const { list, filters } = await readJudgedList(context, asked, Object.keys(query.shape), fields.shape, { level }, parts, faults);
    return answerList(context, list, await store.listJudged("signals", filters, list.page));
  });
  app.openapi(oneRoute, async (context) => {
    const { payload } = await findSignal(context, store, context.req.valid("param").id);
    return context.json(payload as z.infer<typeof fields>, 200, { "cache-control": "no-cache" });
  });
  app.openapi(explainRoute, async (context) => {
    const { payload, inputs } = await findSignal(context, store, context.req.valid("param").id);
    return context.json(explainSignal(payload, inputs), 200, { "cache-control": "no-cache" });
  });
}

/** @throws RequestError where there is none of this id */
async function findSignal(context: Context<ApiEnvironment>, store: ApiStore, id: string) {
  const faults: Fault[] = [];
  checkParameters(context, [], faults);
  if (faults.length > 0) throw new RequestError(faults);
  const found = id.includes("\0") ? null : await store.findSignal(id);
  if (found !== null) return found;
  const detail = `there is no signal ${JSON.stringify(id.slice(0, 200))}`;
  const fix = "an id is venue:instrument:timeframe:anchor:session:openTime, as /api/v1/signals gives it";
  throw new RequestError([{ code: "unknown-signal", field: "id", detail, fix }]);
}
