import { createRoute, z } from "@hono/zod-openapi";
import { DEFAULT_ANCHOR, DEFAULT_SESSION } from "@tickfleet/market/calendar";
import type { SessionName } from "@tickfleet/market/candle";
import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import { AUTO_TIMEFRAME, autoTimeframe } from "../auto-timeframe.ts";
import { CANDLE_COLUMNS, candleRowSchema } from "../columns.ts";
import { knownInstrument } from "../known-instrument.ts";
import { answerList } from "../list-answer.ts";
import {
  type ListParameters,
  listParameters,
  parameter,
  readChoice,
  readChoices,
  readInstrument,
  readLimit,
  readListQuery,
  readRange,
  required,
} from "../list-query.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";
import type { ApiStore, CandleSeriesKey } from "../store.ts";

const STATES = ["forming", "closed", "revised"] as const;
const SESSIONS = ["regular", "extended", "all"] as const satisfies readonly SessionName[];

const query = z.object({
  ...listParameters,
  timeframe: parameter(
    `One of ${TIMEFRAMES.join(", ")}, or auto: the shortest of which the range holds at most \`limit\`. With \`from\` it may be left out, which is auto.`,
    "1m",
  ),
  anchor: parameter("Zone of days and weeks, UTC or an IANA zone; by default the one of the instrument's calendar.", "UTC"),
  session: parameter("Trading hours: regular, extended or all; by default all.", "all"),
  state: parameter("Only candles of these states, with commas between: forming, closed, revised.", "closed,revised"),
});

const route = createRoute({
  method: "get",
  path: "/api/v1/candles",
  operationId: "listCandles",
  summary: "Candles of one instrument and timeframe, ascending, of every state.",
  description:
    "`from` is included, `to` is not. With `from`: the oldest rows from there, and the cursor goes on towards `to`. Without it: the latest rows before `to` (or of all), and the cursor goes on towards the past. `cursor` is null if and only if nothing is left; no page before the last is short. `timeframe` says which one the candles are of.",
  tags: ["candles"],
  request: { query },
  responses: {
    200: {
      description: "A page; with `columns` only those.",
      content: {
        "application/json": {
          schema: z.object({
            data: z.array(candleRowSchema.partial().openapi("Candle")),
            cursor: z.string().nullable(),
            timeframe: z.enum(TIMEFRAMES),
          }),
        },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addCandles(app: ApiApp, { store, now }: ApiParts): void {
  app.openapi(route, async (context) => {
    const faults: Fault[] = [];
    const asked = context.req.valid("query");
    checkParameters(context, Object.keys(query.shape), faults);
    const { venue, instrument } = readInstrument(asked, faults);
    const timeframe = readTimeframe(asked, now(), faults);
    const states = readChoices("state", asked.state, STATES, "invalid-parameter", faults);
    const { state } = asked;
    const anchor = asked.anchor || undefined;
    const session = asked.session ? readChoice("session", asked.session, SESSIONS, "unknown-session", faults) : undefined;
    const list = readListQuery(asked, { venue, instrument, timeframe, anchor, session, state }, CANDLE_COLUMNS, ["number"], now(), faults);
    if (faults.length > 0) throw new RequestError(faults);
    const { calendar } = await knownInstrument(store, venue, instrument);
    const usual = { venue, instrument, timeframe, anchor: DEFAULT_ANCHOR[calendar], session: DEFAULT_SESSION };
    const series = { ...usual, anchor: anchor ?? usual.anchor, session: session ?? usual.session };
    if (series.anchor !== usual.anchor || series.session !== usual.session) await checkStored(store, series, usual);
    return answerList(context, list, await store.listCandles(series, states, list.page), { timeframe });
  });
}

/** The timeframe that is named, or the one that the range decides. */
function readTimeframe(asked: ListParameters & { timeframe?: string | undefined }, nowMs: number, faults: Fault[]): Timeframe {
  const isAuto = asked.timeframe === AUTO_TIMEFRAME || (!asked.timeframe && !!asked.from);
  if (!isAuto) {
    const text = required("timeframe", asked.timeframe, "1m", faults);
    return text === "" ? "1m" : (readChoice("timeframe", text, [...TIMEFRAMES, AUTO_TIMEFRAME], "unknown-timeframe", faults) as Timeframe);
  }
  // faults of the range and the limit are told where the list is read
  const { from, to } = readRange(asked, nowMs, []);
  if (from !== null) return autoTimeframe({ from, to: to ?? nowMs * 1_000 }, readLimit(asked.limit, []) || 1);
  if (!asked.from) {
    const fix = "add from=..., such as from=-24h, or name a timeframe";
    faults.push({ code: "missing-parameter", field: "from", detail: "timeframe=auto needs the range that decides it", fix });
  }
  return "1m";
}

/**
 * @param usual the key that an instrument's candles have, stored or not yet
 * @throws RequestError naming what is stored, where nothing is stored under this anchor or session
 */
async function checkStored(store: ApiStore, series: CandleSeriesKey, usual: CandleSeriesKey): Promise<void> {
  const stored = [usual, ...(await store.listStoredKeys(series.venue, series.instrument, series.timeframe))];
  const faults: Fault[] = [];
  for (const field of ["anchor", "session"] as const) {
    const known = [...new Set(stored.map((key) => key[field]))];
    const value = series[field];
    if (known.includes(value)) continue;
    const detail = `no candles of ${series.instrument} are stored with ${field} ${JSON.stringify(value.slice(0, 64))}`;
    faults.push({ code: `unknown-${field}`, field, detail, fix: `stored: ${known.join(", ")}` });
  }
  if (faults.length > 0) throw new RequestError(faults);
}
