/** Name of the test run that this process belongs to; undefined outside of one, as in a benchmark. */
export const testRun: string | undefined = process.env["TICKFLEET_TEST_RUN"];
