import { removeTemplate } from "./cluster-template.ts";
import { stopTimescale } from "./timescale.ts";

const testRun = `${process.pid}-${Date.now()}`;

/** Start of a whole test run: gives it a name, which its test processes inherit. */
export function setup(): void {
  process.env["TICKFLEET_TEST_RUN"] = testRun;
}

/** End of a whole test run: ends the servers that its processes shared, and removes what they copied. */
export function teardown(): Promise<void> {
  removeTemplate(testRun);
  return stopTimescale(testRun);
}
