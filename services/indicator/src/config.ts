import { z } from "zod";

/** Variables that the indicator service adds to the shared ones. */
export const indicatorConfig = {
  INDICATOR_MAX_MESSAGES: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(2_000)
    .describe("most messages folded before publish and commit"),
  INDICATOR_COMMIT_MS: z.coerce.number().int().min(10).max(10_000).default(500).describe("longest time without a commit, milliseconds"),
  INDICATOR_LEASE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .default(10_000)
    .describe("time after which a dead process's partitions are taken over"),
};
