import { z } from "zod";
import { defineMessage } from "./message.ts";

const text = z.string().min(1);
const integer = z.number().int();

export const deadLetter = defineMessage({
  name: "dead-letter",
  version: 1,
  template: "dlq.v1.{service}.{stream}",
  stream: "DLQ",
  owner: "all",
  summary: "A message that a service could not process, as it was, with the reason.",
  schema: z.object({
    service: text,
    stream: text,
    streamSeq: integer,
    subject: text,
    headers: z.record(z.string(), z.string()),
    payload: z.string().describe("the original bytes, base64"),
    kind: z.enum(["invalid", "fault"]).describe("invalid: refused by its schema; fault: a handler threw three times"),
    error: z.string(),
    time: integer.describe("epoch milliseconds"),
  }),
});
