import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** The text of a file, made by `make` where it is not there or holds nothing. */
export function readOrCreate(path: string, make: () => string): string {
  const found = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  if (found !== "") return found;
  replaceFile(path, make());
  return readFileSync(path, "utf8").trim();
}

/** Replaces a file in one step: after a loss of power it is the old one or the new one, and the new one once this has returned. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { flush: true });
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
