import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Recorded data and reference results, which are no part of the repository: `TICKFLEET_SHARED`, else `shared` beside it. It may be absent. */
const FOLDER = resolve(process.env["TICKFLEET_SHARED"] || join(import.meta.dirname, "../../../../shared"));

/** Absolute path of a file or folder in it, such as `data/dbn`. */
export function sharedPath(path: string): string {
  return join(FOLDER, path);
}

/** A suite's title, which says why it is skipped where one of these paths is not there. */
export function sharedTitle(title: string, ...paths: readonly string[]): string {
  const absent = paths.find((path) => !existsSync(path));
  return absent === undefined ? title : `${title} (skipped: no ${absent}; set TICKFLEET_SHARED)`;
}
