import { CALENDARS } from "@tickfleet/market/instrument";
import { z } from "zod";
import { defineMessage } from "./message.ts";
import { freeText, idText, nameText } from "./text-schemas.ts";

const integer = z.number().int();
const timeUs = integer.describe("epoch microseconds");
const accumulated = z.array(integer).describe("first value, then differences: accumulate to read");

/** Head and columns of a batch of trades of one instrument. */
export const tradeBatchSchema = z.object({
  venue: nameText,
  instrument: nameText,
  epoch: idText.describe("id space of sourceSeq: empty for the venue's own ids, else the file or connection"),
  count: integer.min(1).max(500),
  priceScale: integer.min(0).max(18).describe("prices are integers in units of 10^-priceScale"),
  sizeScale: integer.min(0).max(18).describe("sizes are integers in units of 10^-sizeScale"),
  eventTimeUs: accumulated.describe("venue time, epoch microseconds; first value, then differences"),
  eventTimeNsRest: z.array(integer.min(0).max(999)).optional().describe("nanoseconds beyond the microsecond; absent where all are 0"),
  receivedTimeUs: accumulated.describe("our time of receipt, epoch microseconds; first value, then differences"),
  sourceSeq: accumulated.describe("identity with venue, instrument and epoch; first value, then differences"),
  price: accumulated.describe("scaled price; first value, then differences"),
  size: z.array(integer.min(0)).describe("scaled size"),
  side: z.array(integer.min(-1).max(1)).describe("the taker's side: 1 buy, -1 sell, 0 unknown"),
  sideMethod: z
    .union([integer.min(0).max(3), z.array(integer.min(0).max(3))])
    .describe("0 venue flag, 1 quote rule, 2 tick rule, 3 none; one number where all are alike"),
  quote: z
    .object({
      method: z.enum(["venue", "arrival"]).describe("which clock chose the quote"),
      bid: accumulated,
      ask: accumulated,
      bidSize: z.array(integer),
      askSize: z.array(integer),
      ageUs: z.array(integer.min(-1)).describe("microseconds since the quote was last confirmed; -1 where the trade carries none"),
    })
    .optional()
    .describe("best bid and offer that stood before each trade, at the batch's scales; absent where no trade has one"),
  tradeId: z.array(freeText.nullable()).optional().describe("the venue's ids; absent where each is the text of sourceSeq"),
  fill: nameText.optional().describe("id of the gap that these trades fill"),
  stamps: z.record(z.string(), timeUs).describe("time at each hop, epoch microseconds"),
});

export const tradeBatch = defineMessage({
  name: "trade-batch",
  version: 1,
  template: "md.v1.trade.{p}.{venue}.{instrument}",
  stream: "MARKET",
  owner: "ingest",
  summary: "Trades of one instrument, column by column, each with its side and the best bid and offer that stood before it.",
  schema: tradeBatchSchema,
});

export const clock = defineMessage({
  name: "clock",
  version: 1,
  template: "md.v1.clock.all.{venue}.{connection}",
  stream: "MARKET",
  owner: "ingest",
  summary: "Promise of one connection, once a second: no live trade with a venue time below this will come.",
  schema: z.object({
    venue: nameText,
    connection: nameText,
    time: timeUs.describe("venue time, epoch microseconds"),
    state: z.enum(["live", "down"]).describe("down: the promise does not move"),
    version: integer.describe("version of the connection's instrument list, as last told by status"),
    held: z.array(nameText).describe("instruments with a gap being filled: their candles wait"),
  }),
});

export const instrumentSchema = z.object({
  venue: nameText,
  instrument: nameText,
  venueSymbol: nameText,
  calendar: z.enum(CALENDARS),
  kind: z.enum(["spot", "linear", "inverse"]),
  contractSize: z.number().positive(),
  priceScale: integer.min(0).max(18),
  sizeScale: integer.min(0).max(18),
  closeDelayMs: integer.min(0),
});

export const status = defineMessage({
  name: "status",
  version: 1,
  template: "md.v1.status.all.{venue}.{connection}",
  stream: "MARKET",
  owner: "ingest",
  summary: "State of a connection and the instruments it lists; sent when either changes.",
  schema: z.object({
    venue: nameText,
    connection: nameText,
    state: z.enum(["live", "down", "ended"]).describe("ended: a source that came to its end, such as a file"),
    time: timeUs.describe("venue time of the change, epoch microseconds"),
    version: integer,
    instruments: z.array(instrumentSchema),
    reason: freeText,
  }),
});

export const gap = defineMessage({
  name: "gap",
  version: 1,
  template: "md.v1.gap.{p}.{venue}.{instrument}",
  stream: "MARKET",
  owner: "ingest",
  summary: "A stretch of time in which trades of one instrument may be missing, and what became of it.",
  schema: z.object({
    id: nameText,
    venue: nameText,
    instrument: nameText,
    from: timeUs.describe("last time known complete, epoch microseconds"),
    to: timeUs.describe("first time known complete again, epoch microseconds"),
    state: z
      .enum(["open", "none", "filled", "unfilled"])
      .describe("open: being filled; none: nothing was missing; filled: all came; unfilled: trades stay missing"),
    missing: integer.nullable().describe("trades known to be missing when it opened, null where ids cannot tell"),
    filled: integer.min(0).describe("trades that came"),
    reason: freeText,
  }),
});
