import { isSchedule } from "@tickfleet/runtime/poll";
import { z } from "zod";

/** Entries of a comma-separated list. */
function entriesOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

const address = z.url({ protocol: /^https?$/ }).optional();

/** Variables that the sentiment service adds to the shared ones. */
export const sentimentConfig = {
  SENTIMENT_SOURCES: z
    .string()
    .transform(entriesOf)
    .pipe(z.array(z.enum(["demo", "reddit", "newsapi"])))
    .prefault("")
    .describe("where texts are read, separated by commas: reddit, newsapi, demo (invented)"),
  SENTIMENT_REDDIT_SUBREDDITS: z
    .string()
    .transform(entriesOf)
    .pipe(
      z
        .array(z.string().regex(/^\w{2,30}$/, "expected names such as CryptoCurrency"))
        .min(1)
        .max(20),
    )
    .prefault("CryptoCurrency,Bitcoin,ethereum")
    .describe("subreddits, separated by commas"),
  SENTIMENT_REDDIT_CLIENT_ID: z.string().min(1).optional().describe("id of your Reddit application; without it Reddit answers seldom"),
  SENTIMENT_REDDIT_CLIENT_SECRET: z.string().min(1).optional().describe("secret of your Reddit application"),
  SENTIMENT_REDDIT_USER_AGENT: z
    .string()
    .min(1)
    .default("node:tickfleet-sentiment:0.1.0")
    .describe("who asks, as Reddit wants it: platform:name:version (by /u/you)"),
  SENTIMENT_REDDIT_URL: address.describe("address in place of Reddit's own"),
  SENTIMENT_NEWSAPI_KEY: z.string().min(1).optional().describe("key of NewsAPI"),
  SENTIMENT_NEWSAPI_URL: address.describe("address in place of NewsAPI's own"),
  SENTIMENT_SCHEDULE: z
    .string()
    .refine(isSchedule, "expected a cron pattern such as */5 * * * *")
    .default("*/5 * * * *")
    .describe("when sources are read and scores are made: cron pattern in UTC"),
  SENTIMENT_LEASE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .default(10_000)
    .describe("time after which a dead process's work is taken over, milliseconds"),
  SENTIMENT_DEMO_SEED: z.coerce.number().int().min(0).default(7).describe("seed of the demo: the same seed as ingest's fits its market"),
};
