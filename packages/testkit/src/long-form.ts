/** Whether tests that have a long form run it (`npm run test:long`). */
export const isLong: boolean = process.env["TICKFLEET_LONG"] === "1";

/** Messages of a micro-batch that results may not depend on; the short form tries the one that cuts most unevenly. */
export const MICRO_BATCHES: readonly number[] = isLong ? [1, 7, 1_000] : [7];
