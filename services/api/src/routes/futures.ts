import { createRoute, z } from "@hono/zod-openapi";
import { futures } from "@tickfleet/contracts/context-messages";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import { columnsOf } from "../columns.ts";
import { ContextStore } from "../context-store.ts";
import { answerList } from "../list-answer.ts";
import { listParameters, parameter, readInstrument, readListQuery } from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";

const { ttlMs: _ttl, algo: _algo, ...fields } = futures.schema.shape;

const futuresRowSchema = z.object({
  ...fields,
  publishedTime: fields.time.nullable().describe("epoch milliseconds, null where it was not published"),
});

const COLUMNS = columnsOf(futuresRowSchema, ["time", "validFrom", "nextFundingTime", "publishedTime"]);

const query = z.object({
  ...listParameters,
  venue: parameter("Venue, such as binance-usdm or demo; may stand before the instrument with a colon instead.", "binance-usdm", true),
  instrument: parameter("Canonical name of a perpetual, case exact.", "BTC-USDT-PERP", true),
  columns: parameter("Wire names, with commas between; all of them by default.", "validFrom,openInterest,fundingApr"),
});

const route = createRoute({
  method: "get",
  path: "/api/v1/futures",
  operationId: "listFutures",
  summary: "Open interest, funding and basis of one perpetual, a row per minute, ascending by validFrom.",
  description: "Ranges and paging as in /api/v1/candles, over `validFrom`. What the venue did not tell is null.",
  tags: ["context"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": {
          schema: z.object({ data: z.array(futuresRowSchema.partial().openapi("Futures")), cursor: z.string().nullable() }),
        },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addFutures(app: ApiApp, { store, now }: ApiParts): void {
  const context = new ContextStore(store);
  app.openapi(route, async (request) => {
    const faults: Fault[] = [];
    const asked = request.req.valid("query");
    checkParameters(request, Object.keys(query.shape), faults);
    const { venue, instrument } = readInstrument(asked, faults);
    const list = readListQuery(asked, { venue, instrument }, COLUMNS, ["number"], now(), faults);
    if (faults.length > 0) throw new RequestError(faults);
    return answerList(request, list, await context.listFutures(venue, instrument, list.page));
  });
}
