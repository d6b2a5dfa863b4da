import { z } from "zod";

/** Variables that the pattern-detector adds to the shared ones. */
export const patternDetectorConfig = {
  PATTERN_DETECTOR_MAX_MESSAGES: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(2_000)
    .describe("most messages folded before publish and commit"),
  PATTERN_DETECTOR_COMMIT_MS: z.coerce
    .number()
    .int()
    .min(10)
    .max(10_000)
    .default(500)
    .describe("longest time without a commit, milliseconds"),
  PATTERN_DETECTOR_LEASE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .default(10_000)
    .describe("time after which a dead process's partitions are taken over"),
};
