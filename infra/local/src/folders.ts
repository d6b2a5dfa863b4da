import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Absolute path of the repository. */
export const projectRoot: string = resolve(import.meta.dirname, "../../..");

/** Where `npm start` keeps everything unless told otherwise. */
export const defaultDataDir: string = join(projectRoot, ".tickfleet");

/**
 * A writable folder that outlives the checkout, for what was downloaded: `$XDG_CACHE_HOME/tickfleet`,
 * else `~/.cache/tickfleet`, else `<root>/.cache`. Created where missing.
 */
export function cacheFolder(): string {
  const candidates = [
    process.env["XDG_CACHE_HOME"] ? join(process.env["XDG_CACHE_HOME"], "tickfleet") : null,
    process.env["HOME"] ? join(homedir(), ".cache", "tickfleet") : null,
    join(projectRoot, ".cache"),
  ];
  for (const folder of candidates) {
    if (folder !== null && isWritable(folder)) return folder;
  }
  throw new Error(`no writable cache folder; tried ${candidates.filter(Boolean).join(", ")}; set XDG_CACHE_HOME to a folder you may write`);
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, `.probe-${process.pid}`);
    writeFileSync(probe, "");
    rmSync(probe);
    return true;
  } catch {
    return false;
  }
}
