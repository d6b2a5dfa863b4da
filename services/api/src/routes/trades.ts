import { createRoute, z } from "@hono/zod-openapi";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import { TRADE_COLUMNS, tradeRowSchema } from "../columns.ts";
import { knownInstrument } from "../known-instrument.ts";
import { answerList } from "../list-answer.ts";
import { listParameters, parameter, readInstrument, readListQuery } from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";

const query = z.object({
  ...listParameters,
  columns: parameter("Wire names, with commas between; all of them by default.", "time,price,size,side"),
});

const route = createRoute({
  method: "get",
  path: "/api/v1/trades",
  operationId: "listTrades",
  summary: "Recorded trades of one instrument, ascending by (eventTimeUs, epoch, sourceSeq).",
  description: "Ranges and paging as in /api/v1/candles; a cursor never splits or repeats trades of the same instant.",
  tags: ["trades"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": {
          schema: z.object({ data: z.array(tradeRowSchema.partial().openapi("Trade")), cursor: z.string().nullable() }),
        },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addTrades(app: ApiApp, { store, now }: ApiParts): void {
  app.openapi(route, async (context) => {
    const faults: Fault[] = [];
    const asked = context.req.valid("query");
    checkParameters(context, Object.keys(query.shape), faults);
    const { venue, instrument } = readInstrument(asked, faults);
    const list = readListQuery(asked, { venue, instrument }, TRADE_COLUMNS, ["number", "string", "number"], now(), faults);
    if (faults.length > 0) throw new RequestError(faults);
    const row = await knownInstrument(store, venue, instrument);
    return answerList(context, list, await store.listTrades(row, list.page));
  });
}
