import { stopTimescale } from "./timescale.ts";

/** Set-up of a whole test run: names the run, and ends the servers that its processes shared. */
export default function sharedServers(): () => Promise<void> {
  const testRun = `${process.pid}-${Date.now()}`;
  process.env["TICKFLEET_TEST_RUN"] = testRun;
  return () => stopTimescale(testRun);
}
