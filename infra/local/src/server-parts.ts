import { startEmbeddedDatabase } from "./embedded-database.ts";
import type { Report } from "./fleet-events.ts";
import type { FleetFolder } from "./fleet-folder.ts";
import { startNatsServer } from "./nats-server.ts";
import { choosePort, PortTakenError } from "./ports.ts";
import type { PartProcess } from "./supervisor.ts";

/** A server's process and where it listens. */
export interface ServerPart extends PartProcess {
  url: string;
  port: number;
}

/** Ports of the servers where those are free. */
export const NATS_PORT = 4222;
export const DATABASE_PORT = 54_320;

/** The recorder finds duplicates by the error of a COPY: its statements would fill the log. */
export const DATABASE_SETTINGS = { log_min_error_statement: "fatal", max_wal_size: "2GB", checkpoint_completion_target: "0.9" } as const;
const ATTEMPTS = 5;

/** Starts nats-server; `port` is where it was before, null the first time, when a free one will do as well. */
export function startNatsPart(folder: FleetFolder, binary: string, port: number | null, report: Report): Promise<ServerPart> {
  return onSomePort("nats", NATS_PORT, port, report, (chosen) =>
    startNatsServer({ dataDir: folder.at("nats"), port: chosen, binary, dieWithParent: true, ...syncInterval() }),
  );
}

/** Starts PostgreSQL; `port` as for NATS. */
export function startDatabasePart(folder: FleetFolder, port: number | null, report: Report): Promise<ServerPart> {
  return onSomePort("database", DATABASE_PORT, port, report, (chosen) =>
    startEmbeddedDatabase({ dataDir: folder.at("database"), port: chosen, settings: DATABASE_SETTINGS, dieWithParent: true }),
  );
}

/** The others know a server's address, so once it has one it keeps it; before, a port taken a moment ago is changed for another. */
async function onSomePort(
  part: string,
  wanted: number,
  kept: number | null,
  report: Report,
  start: (port: number) => Promise<ServerPart>,
): Promise<ServerPart> {
  for (let attempt = 1; ; attempt++) {
    const port = kept ?? (await choosePort(wanted));
    try {
      const server = await start(port);
      if (kept === null && port !== wanted) report({ event: "port-moved", part, wanted, port });
      return server;
    } catch (error) {
      if (!(error instanceof PortTakenError) || kept !== null || attempt === ATTEMPTS) throw error;
    }
  }
}

/** `NATS_SYNC_INTERVAL`: how often the broker brings its streams to the disk, such as `30s`, or `always` for every message. */
function syncInterval(): { syncInterval?: string } {
  const wanted = process.env["NATS_SYNC_INTERVAL"];
  return wanted ? { syncInterval: wanted } : {};
}
