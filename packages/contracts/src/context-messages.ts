import { z } from "zod";
import { defineMessage } from "./message.ts";
import { nameText } from "./text-schemas.ts";

const integer = z.number().int();
const timeMs = integer.describe("epoch milliseconds");
const number = z.number().nullable();

/** When an item of context counts: from `validFrom` until `ttlMs` later, and never if it was stored later than 30 s before `validFrom`. */
const validity = {
  time: timeMs.describe("epoch milliseconds that it is of"),
  validFrom: timeMs.describe("epoch milliseconds, the first whole minute at least 60 s after publication"),
  ttlMs: integer.min(1).describe("milliseconds"),
};

export const sentiment = defineMessage({
  name: "sentiment",
  version: 1,
  template: "md.v1.sentiment.all.{provider}.{asset}",
  stream: "CONTEXT",
  owner: "sentiment",
  summary: "What news and social media say of an asset, over all sources that answered.",
  schema: z.object({
    provider: nameText,
    asset: nameText,
    ...validity,
    value: z.number().min(-1).max(1).describe("-1 bearish .. 1 bullish"),
    confidence: z.number().min(0).max(1).describe("0..1"),
    documents: integer.min(1),
    sources: z.array(
      z.object({
        name: nameText.describe("kind of source"),
        weight: z.number().describe("share of the value, 0..1"),
        documents: integer.min(1),
        value: z.number().min(-1).max(1).describe("-1..1"),
      }),
    ),
    algo: nameText,
  }),
});

export const futures = defineMessage({
  name: "futures",
  version: 1,
  template: "md.v1.futures.all.{venue}.{instrument}",
  stream: "CONTEXT",
  owner: "futures-collector",
  summary: "Open interest, funding and mark price of a perpetual contract.",
  schema: z.object({
    venue: nameText,
    instrument: nameText,
    asset: nameText,
    ...validity,
    openInterest: number.describe("contracts or base currency"),
    openInterestNotional: number.describe("quote currency"),
    fundingRate: number.describe("share of the position per interval"),
    fundingIntervalHours: number.describe("hours"),
    fundingApr: number.describe("percent a year, simple"),
    nextFundingTime: timeMs.nullable(),
    markPrice: number.describe("quote currency"),
    indexPrice: number.describe("quote currency"),
    basisBps: number.describe("basis points"),
    algo: nameText,
  }),
});
