import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

/** Copies a folder with owners and modes; the target must not exist. */
export async function copyFolder(source: string, target: string): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  await promisify(execFile)("cp", ["-a", source, target]);
}
