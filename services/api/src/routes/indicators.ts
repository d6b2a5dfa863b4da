import { createRoute, z } from "@hono/zod-openapi";
import { enriched, indicatorsSchema } from "@tickfleet/contracts/enriched-messages";
import { DEFAULT_ANCHOR, DEFAULT_SESSION } from "@tickfleet/market/calendar";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import type { Column } from "../columns.ts";
import { knownInstrument } from "../known-instrument.ts";
import { answerList } from "../list-answer.ts";
import { listParameters, parameter, readChoice, readInstrument, readListQuery, required } from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";

const { openTime, closeTime, close, completeness, revision, candleRevision, undefined: degenerate } = enriched.schema.shape;

/** The indicators of a candle as the gateway gives them. */
const indicatorRowSchema = z.object({
  openTime,
  closeTime,
  close,
  completeness,
  revision,
  candleRevision,
  ...indicatorsSchema.shape,
  undefined: degenerate.describe("indicators whose input was degenerate: the value is TA-Lib's and means nothing"),
});

const TIMES: readonly string[] = ["openTime", "closeTime"];

const COLUMNS: readonly Column[] = Object.keys(indicatorRowSchema.shape).map((wire) => ({
  wire,
  name: wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  conversion: TIMES.includes(wire) ? "us-to-ms" : "same",
}));

const query = z.object({
  ...listParameters,
  timeframe: parameter(`One of ${TIMEFRAMES.join(", ")}.`, "1m", true),
  columns: parameter("Wire names, with commas between; all of them by default.", "openTime,close,rsi14,sma50"),
});

const route = createRoute({
  method: "get",
  path: "/api/v1/indicators",
  operationId: "listIndicators",
  summary: "Indicators of one instrument and timeframe, a row per closed candle, ascending.",
  description:
    "Ranges and paging as in /api/v1/candles. A value is null before the indicator's warm-up and for candles without trades. `revision` counts the messages of the row, `candleRevision` says which revision of the candle it is of.",
  tags: ["indicators"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": {
          schema: z.object({ data: z.array(indicatorRowSchema.partial().openapi("Indicators")), cursor: z.string().nullable() }),
        },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addIndicators(app: ApiApp, { store, now }: ApiParts): void {
  app.openapi(route, async (context) => {
    const faults: Fault[] = [];
    const asked = context.req.valid("query");
    checkParameters(context, Object.keys(query.shape), faults);
    const { venue, instrument } = readInstrument(asked, faults);
    const text = required("timeframe", asked.timeframe, "1m", faults);
    const timeframe = text === "" ? "1m" : readChoice("timeframe", text, TIMEFRAMES, "unknown-timeframe", faults);
    const list = readListQuery(asked, { venue, instrument, timeframe }, COLUMNS, ["number"], now(), faults);
    if (faults.length > 0) throw new RequestError(faults);
    const { calendar } = await knownInstrument(store, venue, instrument);
    const series = { venue, instrument, timeframe, anchor: DEFAULT_ANCHOR[calendar], session: DEFAULT_SESSION };
    return answerList(context, list, await store.listEnrichedCandles(series, list.page));
  });
}
