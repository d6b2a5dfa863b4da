import type { z } from "@hono/zod-openapi";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { Context } from "hono";
import { type ApiEnvironment, type ApiParts, checkParameters } from "./app.ts";
import { checkVenue, knownInstrument } from "./known-instrument.ts";
import { type ListQuery, listParameters, parameter, readChoice, readListQuery } from "./list-query.ts";
import { type Fault, RequestError } from "./problem.ts";
import { payloadColumns } from "./store.ts";

/** The parameters of lists of patterns and signals: all instruments and timeframes where none is named. */
export const judgedParameters = {
  ...listParameters,
  columns: parameter("Wire names, with commas between; all of them by default.", "openTime,direction,weightedConfidence"),
  venue: parameter("Venue, such as binance or demo; all of them by default.", "binance"),
  instrument: parameter("Canonical name, case exact; all of them by default.", "BTC-USDT"),
  timeframe: parameter(`One of ${TIMEFRAMES.join(", ")}; all of them by default.`, "1m"),
  kind: parameter("TA-Lib's name of the pattern; of a signal the pattern that leads it.", "CDLENGULFING"),
  direction: parameter("1 bullish, -1 bearish, 0 none.", "1"),
};

type JudgedQuery = { [Name in keyof typeof judgedParameters]?: string | undefined };

/** What a list of patterns or signals asks for. */
export interface JudgedList {
  list: ListQuery;
  /** By column of the view. */
  filters: Record<string, string | number | undefined>;
}

/**
 * Reads a query of patterns or signals.
 * @param more filters beside the common ones, already read
 * @throws RequestError
 */
export async function readJudgedList(
  context: Context<ApiEnvironment>,
  query: JudgedQuery,
  known: readonly string[],
  fields: z.ZodRawShape,
  more: Readonly<Record<string, string | undefined>>,
  { store, now }: Pick<ApiParts, "store" | "now">,
  faults: Fault[],
): Promise<JudgedList> {
  checkParameters(context, known, faults);
  const { venue, instrument } = namesOf(query);
  const timeframe = query.timeframe ? readChoice("timeframe", query.timeframe, TIMEFRAMES, "unknown-timeframe", faults) : undefined;
  const direction = query.direction ? readChoice("direction", query.direction, ["1", "0", "-1"], "invalid-parameter", faults) : undefined;
  const kind = query.kind || undefined;
  const identity = { venue, instrument, timeframe, kind, direction, ...more };
  const names = Object.keys(fields).filter((name) => name !== "stamps");
  const list = readListQuery(query, identity, payloadColumns(names), ["number", "string"], now(), faults);
  if (faults.length > 0) throw new RequestError(faults);
  if (venue !== undefined && instrument !== undefined) await knownInstrument(store, venue, instrument);
  else if (venue !== undefined) checkVenue(venue, await store.listInstruments());
  return { list, filters: { ...identity, direction: direction === undefined ? undefined : Number(direction) } };
}

/** `binance:BTC-USDT` in `instrument` names both. */
function namesOf({ venue, instrument }: JudgedQuery): { venue: string | undefined; instrument: string | undefined } {
  const colon = instrument?.indexOf(":") ?? -1;
  if (!venue && instrument && colon > 0) return { venue: instrument.slice(0, colon), instrument: instrument.slice(colon + 1) };
  return { venue: venue || undefined, instrument: instrument || undefined };
}
