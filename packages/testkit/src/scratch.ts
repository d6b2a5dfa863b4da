import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "@tickfleet/local/server-process";

const PREFIX = "tickfleet-test-";
const folders = new Set<string>();
const processes = new Set<number>();
let watching = false;

/** A folder of this test process, removed when it exits; folders of test processes that were killed go first. */
export function scratchFolder(name: string): string {
  watch();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${name}-`));
  folders.add(folder);
  return folder;
}

/** Removes a scratch folder early. */
export function removeScratch(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.delete(folder);
}

/** The process is killed at the latest when this one exits. Returns a function that forgets it. */
export function killAtExit(pid: number): () => void {
  watch();
  processes.add(pid);
  return () => {
    processes.delete(pid);
  };
}

function watch(): void {
  if (watching) return;
  watching = true;
  for (const entry of readdirSync(tmpdir())) {
    const owner = Number(/^tickfleet-test-(\d+)-/.exec(entry)?.[1]);
    if (Number.isInteger(owner) && !isAlive(owner)) rmSync(join(tmpdir(), entry), { recursive: true, force: true });
  }
  process.once("exit", () => {
    for (const pid of processes) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it is gone already
      }
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
}
