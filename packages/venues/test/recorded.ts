import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Folder of recorded market data that is not part of the repository. */
export const RECORDED = join(process.env["TICKFLEET_SHARED"] ?? join(ROOT, "../shared"), "data");

export const hasRecorded = existsSync(RECORDED);

/** Titles of suites say why they were skipped. */
export const recordedTitle = hasRecorded ? "on recorded data" : `on recorded data (skipped: no folder ${RECORDED}; set TICKFLEET_SHARED)`;

export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}
