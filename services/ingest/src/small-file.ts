import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** The text of a file, made by `make` where it is not there. */
export function readOrCreate(path: string, make: () => string): string {
  if (!existsSync(path)) replaceFile(path, make());
  return readFileSync(path, "utf8").trim();
}

/** Replaces a file in one step. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
