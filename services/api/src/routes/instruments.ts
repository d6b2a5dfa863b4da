import { createRoute, z } from "@hono/zod-openapi";
import { DEFAULT_ANCHOR, DEFAULT_SESSION } from "@tickfleet/market/calendar";
import { rebuildableFrom } from "@tickfleet/market/rebuild-floor";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import type { InstrumentSource } from "../connection-states.ts";
import { checkVenue } from "../known-instrument.ts";
import { parameter } from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";
import type { CandleSpan } from "../store.ts";

const time = z.number().int().nullable().describe("epoch milliseconds");

const instrumentSchema = z
  .object({
    venue: z.string(),
    instrument: z.string().describe("canonical name, used everywhere"),
    venueSymbol: z.string().describe("the venue's own spelling"),
    calendar: z.enum(["crypto", "us-equity"]),
    kind: z.enum(["spot", "linear", "inverse"]),
    contractSize: z.number(),
    priceScale: z.number().int().describe("decimals of prices"),
    sizeScale: z.number().int().describe("decimals of sizes"),
    closeDelayMs: z.number().int().describe("how long a candle waits for late trades"),
    anchor: z.string().describe("anchor of its days and weeks"),
    session: z.string(),
    timeframes: z.array(z.enum(TIMEFRAMES)),
    firstTradeTime: time,
    lastTradeTime: time,
    firstCandleTime: time.describe("epoch milliseconds at which its first minute candle opens"),
    lastCandleTime: time.describe("epoch milliseconds at which its newest minute candle opens"),
    live: z.boolean().describe("whether a connection brings its trades now"),
    sources: z
      .array(z.object({ connection: z.string(), state: z.enum(["live", "down", "ended"]).describe("ended: a file") }))
      .describe("connections and files that list it, as far as MARKET reaches back; empty while the broker is away"),
    rebuildableFrom: time.describe("epoch milliseconds from which recorded trades can rebuild its candles, null before the first"),
  })
  .openapi("Instrument");

const query = z.object({ venue: parameter("Only instruments of this venue.", "binance") });

const route = createRoute({
  method: "get",
  path: "/api/v1/instruments",
  operationId: "listInstruments",
  summary: "Every instrument with what is recorded of it, and whether it is live.",
  tags: ["instruments"],
  request: { query },
  responses: {
    200: {
      description: "Sorted by venue and instrument.",
      content: { "application/json": { schema: z.object({ data: z.array(instrumentSchema), cursor: z.null() }) } },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addInstruments(app: ApiApp, { store, instruments, connections }: ApiParts): void {
  app.openapi(route, async (context) => {
    const faults: Fault[] = [];
    checkParameters(context, Object.keys(query.shape), faults);
    if (faults.length > 0) throw new RequestError(faults);
    const venue = context.req.valid("query").venue || null;
    const known = await instruments.list();
    if (venue !== null) checkVenue(venue, known);
    const rows = known.filter((row) => venue === null || row.venue === venue);
    const series = rows.map(({ venue: of, instrument, calendar }) => ({
      venue: of,
      instrument,
      anchor: DEFAULT_ANCHOR[calendar],
      session: DEFAULT_SESSION,
    }));
    const [spans, records, sourcesOf] = await Promise.all([
      store.listCandleSpans(series),
      store.listTradeRecords(),
      connections.sourcesOf().catch(() => (): InstrumentSource[] => []),
    ]);
    const dropped = new Map(records.map((each) => [`${each.venue} ${each.instrument}`, each.wholeFrom]));
    const data = rows.map((row, i) => {
      const from = sourcesOf(row.venue, row.instrument);
      return {
        ...row,
        ...(spans[i] as CandleSpan),
        anchor: DEFAULT_ANCHOR[row.calendar],
        session: DEFAULT_SESSION,
        timeframes: [...TIMEFRAMES],
        live: from.some(({ state }) => state === "live"),
        sources: from,
        rebuildableFrom: rebuildableFrom({ ...row, wholeFrom: dropped.get(`${row.venue} ${row.instrument}`) ?? null }),
      };
    });
    return context.json({ data, cursor: null }, 200, { "cache-control": "no-cache" });
  });
}
