import { z } from "zod";

/** Variables that the aggregator adds to the shared ones. */
export const aggregatorConfig = {
  AGGREGATOR_MAX_MESSAGES: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(2_000)
    .describe("most messages folded before publish and commit"),
  AGGREGATOR_COMMIT_MS: z.coerce.number().int().min(10).max(10_000).default(500).describe("longest time without a commit, milliseconds"),
  AGGREGATOR_FORMING_MS: z.coerce
    .number()
    .int()
    .min(5)
    .max(10_000)
    .default(10)
    .describe("shortest time between two updates of a forming candle of a minute, milliseconds"),
  AGGREGATOR_FORMING_LONGER_MS: z.coerce
    .number()
    .int()
    .min(5)
    .max(60_000)
    .default(15)
    .describe("the same for the longer timeframes, milliseconds"),
  AGGREGATOR_LEASE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .default(10_000)
    .describe("time after which a dead process's partitions are taken over"),
};
