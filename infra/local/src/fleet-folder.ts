import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FleetAddress } from "./fleet-events.ts";
import { processIdentity } from "./process-identity.ts";
import { pause } from "./server-process.ts";

/** What the fleet makes in its folder, and `--fresh` removes. */
const PARTS = ["nats", "database", "spool", "logs", "ops", "cache", "fleet.json", "processes.json"] as const;
const LOCK = "fleet.lock";
const ATTEMPTS = 20;
const LEFTOVER_STEPS = [
  { signal: "SIGTERM", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
] as const;

interface KnownProcess {
  pid: number;
  identity: string;
}

/** Another fleet runs on the same folder. */
export class FolderInUseError extends Error {
  override name = "FolderInUseError";
}

/** The fleet's folder, held by this process alone. */
export interface FleetFolder {
  readonly path: string;
  /** Path below the folder. */
  at(...names: string[]): string;
  /** Remembers a process, for a later start to clear away should this one be killed. */
  keepProcess(name: string, pid: number): void;
  keepAddress(address: FleetAddress): void;
  /** Gives the folder back; nothing runs on it any more. */
  release(): void;
}

/**
 * Takes the folder, ends what a killed predecessor left running on it, and empties it where a fresh start is asked for.
 * @throws FolderInUseError while another fleet runs on it
 */
export async function takeFleetFolder(path: string, fresh: boolean, onNotice: (notice: string) => void): Promise<FleetFolder> {
  const isNew = !existsSync(join(path, LOCK));
  mkdirSync(path, { recursive: true });
  const lock = join(path, LOCK);
  takeLock(lock, path);
  const list = join(path, "processes.json");
  await endLeftovers(list, onNotice);
  // only a folder that a start has marked as its own is emptied, whatever else is called "logs"
  if (fresh && !isNew) {
    for (const part of PARTS) rmSync(join(path, part), { recursive: true, force: true, maxRetries: 5 });
    onNotice("removed what earlier starts had left");
  }
  rmSync(join(path, "fleet.json"), { force: true });
  for (const part of ["nats", "database", "spool", "logs", "ops", "cache"]) mkdirSync(join(path, part), { recursive: true });

  const processes: Record<string, KnownProcess> = {};
  return {
    path,
    at: (...names) => join(path, ...names),
    keepProcess(name, pid) {
      processes[name] = { pid, identity: processIdentity(pid) ?? "" };
      writeWhole(list, JSON.stringify(processes));
    },
    keepAddress: (address) => writeWhole(join(path, "fleet.json"), `${JSON.stringify(address)}\n`),
    release() {
      for (const file of [list, join(path, "fleet.json")]) rmSync(file, { force: true });
      writeWhole(lock, "");
    },
  };
}

/** Address of the fleet that runs on this folder, null where none does. */
export function findRunningFleet(path: string): FleetAddress | null {
  const holder = readJson<KnownProcess>(join(path, LOCK));
  return isRunning(holder) ? readJson<FleetAddress>(join(path, "fleet.json")) : null;
}

/** The lock is a link made in one step, so of two starts at the same moment one wins. The file stays after a clean end, empty. */
function takeLock(lock: string, path: string): void {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) }));
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (tryLink(mine, lock)) return;
      const holder = readJson<KnownProcess>(lock);
      if (isRunning(holder)) throw new FolderInUseError(inUse(path, holder.pid));
      // whoever moves a stale lock away looks at what he moved: it may be the new one of a third
      const stale = `${lock}.stale-${process.pid}`;
      if (!tryMove(lock, stale)) continue;
      const moved = readJson<KnownProcess>(stale);
      if (isRunning(moved)) tryLink(stale, lock);
      rmSync(stale, { force: true });
    }
    throw new FolderInUseError(`${path} could not be taken: other starts are busy with it`);
  } finally {
    rmSync(mine, { force: true });
  }
}

function inUse(path: string, pid: number): string {
  const api = readJson<FleetAddress>(join(path, "fleet.json"))?.api;
  const where = api ? `, its gateway is ${api}` : "";
  return `a fleet already runs on ${path} (process ${pid}${where}). Stop it with Ctrl-C there, or start another one with --data DIR --port 0.`;
}

async function endLeftovers(list: string, onNotice: (notice: string) => void): Promise<void> {
  const known = Object.entries(readJson<Record<string, KnownProcess>>(list) ?? {});
  const left = known.filter(([, entry]) => isRunning(entry));
  if (left.length === 0) return;
  onNotice(`ending what a killed start left behind: ${left.map(([name, { pid }]) => `${name} (process ${pid})`).join(", ")}`);
  const serversLast = left.sort(([a], [b]) => rank(a) - rank(b));
  for (const servers of [false, true]) {
    const entries = serversLast.filter(([name]) => rank(name) > 0 === servers).map(([, entry]) => entry);
    for (const { signal, waitMs } of LEFTOVER_STEPS) await signalAll(entries, signal, waitMs);
  }
}

function rank(name: string): number {
  return ["nats", "database"].indexOf(name) + 1;
}

async function signalAll(entries: readonly KnownProcess[], signal: NodeJS.Signals, waitMs: number): Promise<void> {
  for (const entry of entries) if (isRunning(entry)) process.kill(entry.pid, signal);
  const deadline = Date.now() + waitMs;
  while (entries.some(isRunning) && Date.now() < deadline) await pause(50);
}

function isRunning(entry: KnownProcess | null): entry is KnownProcess {
  return entry !== null && typeof entry.identity === "string" && entry.identity !== "" && processIdentity(entry.pid) === entry.identity;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function tryMove(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.part`, text, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return null;
  }
}
