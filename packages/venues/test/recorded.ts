import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sharedPath, sharedTitle } from "@tickfleet/testkit/shared-folder";

/** Folder of recorded market data that is not part of the repository. */
export const RECORDED = sharedPath("data");

export const hasRecorded = existsSync(RECORDED);

/** Titles of suites say why they were skipped. */
export const recordedTitle = sharedTitle("on recorded data", RECORDED);

export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}
