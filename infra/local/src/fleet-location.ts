import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { FleetAddress } from "./fleet-events.ts";
import { findRunningFleet } from "./fleet-folder.ts";
import { defaultDataDir } from "./folders.ts";

/** Where a fleet is, as far as it is known; `local` is there for one that runs on this machine. */
export interface FleetLocation {
  nats: string;
  natsUser: string | undefined;
  natsPassword: string | undefined;
  database: string | null;
  api: string | null;
  /** Addresses of the ops ports by service, as far as they are known. */
  ops: Readonly<Record<string, string>>;
  local: FleetAddress | null;
}

/** No fleet was found; the message says where was looked and what to do. */
export class NoFleetError extends Error {
  override name = "NoFleetError";
}

/** Commands that npm and its like run in the project's folder, wherever they were called. */
const LAUNCHED_BY_NPM = new Set(["npx", "tickfleet"]);

/** Folder that the person who gave the command is in; paths on the command line are relative to it. */
export function callerFolder(): string {
  const called = process.env["INIT_CWD"];
  const launched = LAUNCHED_BY_NPM.has(process.env["npm_lifecycle_event"] ?? "");
  return launched && called !== undefined && existsSync(called) ? called : process.cwd();
}

/**
 * The fleet that runs on a data folder, or the one that `NATS_URL`, `DATABASE_URL`, `API_URL` and `OPS_URLS` name.
 * @param dataDir asked for on the command line; without it the variables go first, then `.tickfleet` here and in the project
 * @throws NoFleetError
 */
export function findFleet(dataDir: string | undefined): FleetLocation {
  const { NATS_URL, NATS_USER, NATS_PASSWORD, DATABASE_URL, API_URL, OPS_URLS } = process.env;
  const login = { natsUser: NATS_USER || undefined, natsPassword: NATS_PASSWORD || undefined };
  if (dataDir === undefined && NATS_URL) {
    const ops = parseOpsUrls(OPS_URLS ?? "");
    return { nats: NATS_URL, ...login, database: DATABASE_URL || null, api: API_URL || null, ops, local: null };
  }
  const folders = new Set(dataDir === undefined ? [resolve(callerFolder(), ".tickfleet"), defaultDataDir] : [dataDir]);
  for (const folder of folders) {
    const local = findRunningFleet(resolve(callerFolder(), folder));
    if (local !== null) return { nats: local.nats, ...login, database: local.database, api: local.api, ops: opsOf(local), local };
  }
  throw new NoFleetError(
    `no fleet runs on ${[...folders].map((folder) => resolve(callerFolder(), folder)).join(" or ")}. ` +
      "Start one with `npm start`, name the folder of a running one with --data DIR, or set NATS_URL, DATABASE_URL and API_URL.",
  );
}

function opsOf({ opsPorts }: FleetAddress): Record<string, string> {
  return Object.fromEntries(Object.entries(opsPorts).map(([service, port]) => [service, `http://127.0.0.1:${port}`]));
}

/** `ingest=http://ingest:9100,api=http://api:9100` @throws NoFleetError */
function parseOpsUrls(text: string): Record<string, string> {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  return Object.fromEntries(
    entries.map((entry) => {
      const [, service, url] = /^([a-z-]+)=(https?:\/\/[^/]+)\/?$/.exec(entry) ?? [];
      if (service === undefined || url === undefined)
        throw new NoFleetError(`OPS_URLS: expected entries such as ingest=http://ingest:9100, found ${JSON.stringify(entry)}`);
      return [service, url];
    }),
  );
}

/** Address of the database alone, for work on its schemas. @throws NoFleetError */
export function findDatabase(dataDir: string | undefined): string {
  const { DATABASE_URL } = process.env;
  if (dataDir === undefined && DATABASE_URL) return DATABASE_URL;
  const { database } = findFleet(dataDir);
  if (database !== null) return database;
  throw new NoFleetError("NATS_URL is set and DATABASE_URL is not: set it to postgres://user:password@host:port/database");
}
