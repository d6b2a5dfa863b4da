import { INSTRUMENT_NAME_RULE, isInstrumentName, isVenueName, VENUE_NAME_RULE } from "@tickfleet/market/market-names";
import { z } from "zod";
import { defineMessage } from "./message.ts";
import { freeText, nameText } from "./text-schemas.ts";

const text = z.string().min(1);
const integer = z.number().int();
const count = integer.min(0);

/** What a service answers to a command that it could not follow. */
export const refusalSchema = z.object({ error: text });

export const replayCommand = defineMessage({
  name: "ingest-replay",
  version: 1,
  template: "ctl.v1.ingest.replay",
  stream: null,
  owner: "all",
  summary: "Request to replay files through ingest; answered with the job's id, or an error.",
  schema: z.object({
    id: nameText.describe("chosen by the caller: the same id again is the same job"),
    files: z.array(freeText.min(1)).min(1).describe("absolute paths on ingest's machine, in order of time"),
    venue: z
      .string()
      .min(1, VENUE_NAME_RULE)
      .refine(isVenueName, VENUE_NAME_RULE)
      .optional()
      .describe("venue of the trades, [a-z0-9][a-z0-9_-]* and at most 32 characters; told by the content where absent"),
    instrument: z
      .string()
      .min(1, INSTRUMENT_NAME_RULE)
      .refine(isInstrumentName, INSTRUMENT_NAME_RULE)
      .optional()
      .describe("canonical name of letters, digits and . _ - / + = ^ @ # & $, at most 64 characters; needed for files that do not name it"),
    format: z
      .enum(["binance-capture", "lean-ticks", "csv-trades"])
      .optional()
      .describe("kind of the files; told by the content where absent"),
    calendar: z.enum(["crypto", "us-equity"]).optional().describe("trading hours of CSV files; crypto where absent"),
    columns: z
      .partialRecord(z.enum(["time", "price", "size", "side", "maker", "id", "symbol"]), freeText.min(1))
      .optional()
      .describe("columns of CSV files whose header calls them otherwise: a name, or a place from 1"),
    speed: z.union([z.literal("max"), z.number().positive()]).describe("max, or a multiple of real time"),
  }),
});

export const replayReplySchema = z.union([z.object({ accepted: z.literal(true), jobId: text }), refusalSchema]);

/** One replay job as the status command tells it. */
export const replayJobSchema = z.object({
  id: text,
  state: z.enum(["running", "done", "failed"]),
  files: z.array(text),
  trades: count.describe("trades read from the files"),
  recorded: count.describe("trades that were new to the record"),
  quarantined: count,
  ignored: count,
  outsideSession: count.describe("trades outside the calendar's hours: on record, in no candle"),
  firstTime: integer.nullable().describe("time of the earliest trade, epoch milliseconds"),
  lastTime: integer.nullable().describe("time of the latest trade, epoch milliseconds"),
  lastSeq: integer.nullable().describe("sequence in MARKET by which everything of a finished job is stored"),
  streamCreated: z.string().nullable().describe("incarnation of MARKET that lastSeq belongs to"),
  error: z.string().nullable(),
  venue: z.string().nullable().describe("venue of the trades, null until the job's turn came"),
  instruments: z.array(text).describe("instruments of the files, none until the files were looked through"),
});

export const ingestStatusCommand = defineMessage({
  name: "ingest-status",
  version: 1,
  template: "ctl.v1.ingest.status",
  stream: null,
  owner: "all",
  summary: "Request for the replay jobs and how far they are.",
  schema: z.object({ id: nameText.nullable().describe("only this job; null for all") }),
});

export const ingestStatusReplySchema = z.union([z.object({ jobs: z.array(replayJobSchema) }), refusalSchema]);

export const deadLetterRetryCommand = defineMessage({
  name: "ingest-dead-letter-retry",
  version: 1,
  template: "ctl.v1.ingest.dead-letter-retry",
  stream: null,
  owner: "all",
  summary: "Request to send dead letters that came from MARKET there again.",
  schema: z.object({ dlqSeqs: z.array(integer.min(1)).min(1).max(1000).describe("sequences in stream DLQ") }),
});

export const deadLetterRetryReplySchema = z.union([
  z.object({ retried: count, skipped: z.array(z.object({ dlqSeq: integer, reason: text })) }),
  refusalSchema,
]);

/** Header of messages that a replay job made: the job's id. */
export const REPLAY_HEADER = "Replay";

/** Header of a message that was sent again: sequence in MARKET of the one that became a dead letter. */
export const DLQ_RETRY_HEADER = "Dlq-Retry";
