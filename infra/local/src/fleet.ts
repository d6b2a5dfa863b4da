import type { FleetAddress, Report } from "./fleet-events.ts";
import { type FleetFolder, takeFleetFolder } from "./fleet-folder.ts";
import { type FleetService, listServices, serviceEnvironment } from "./fleet-services.ts";
import { findNatsServer } from "./nats-server.ts";
import { choosePort, freePort, isFree } from "./ports.ts";
import { descendants } from "./process-identity.ts";
import { type ServerPart, startDatabasePart, startNatsPart } from "./server-parts.ts";
import { pause } from "./server-process.ts";
import { openServiceLog } from "./service-log.ts";
import { type ServiceProcess, startService } from "./service-part.ts";
import type { StartOptions } from "./start-options.ts";
import { type PartProcess, type SupervisedPart, supervise } from "./supervisor.ts";

/** A fleet that runs until it is stopped. */
export interface Fleet {
  address: FleetAddress;
  /** Ends all parts in order and gives the folder back. */
  stop(): Promise<void>;
}

interface Running {
  folder: FleetFolder;
  report: Report;
  address: FleetAddress;
  options: StartOptions;
  signal: AbortSignal;
  /** What must end, the last one first. */
  stops: (() => Promise<void>)[];
  /** All parts have come up; from now on changes are written down. */
  isUp: boolean;
}

const UNWIND_MS = 2_000;

/**
 * Starts the whole fleet and resolves when all of it is ready. Throws after it has ended what was started, also when the
 * signal asks for that.
 */
export async function startFleet(options: StartOptions, report: Report, signal: AbortSignal): Promise<Fleet> {
  const folder = await takeFleetFolder(options.dataDir, options.fresh, (message) => report({ event: "progress", message }));
  const address: FleetAddress = {
    event: "ready",
    api: null,
    nats: "",
    database: "",
    opsPorts: {},
    pids: {},
    data: folder.path,
    pid: process.pid,
  };
  const running: Running = { folder, report, address, options, signal, stops: [], isUp: false };
  const work = startParts(running);
  const stop = once(async () => {
    await endParts(running);
    // a step that could not be cut short may have started something since
    await Promise.race([work.catch(() => {}), pause(UNWIND_MS)]);
    await endParts(running);
    for (const pid of descendants()) killIfThere(pid);
    folder.release();
  });
  try {
    await unlessAborted(work, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  running.isUp = true;
  folder.keepAddress(address);
  report(address);
  return { address, stop };
}

async function endParts({ stops }: Running): Promise<void> {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
}

async function startParts(running: Running): Promise<void> {
  const { report, address, signal } = running;
  const binary = await findNatsServer((message) => report({ event: "progress", message }));
  signal.throwIfAborted();
  const nats = superviseServer(running, "nats", (port) => startNatsPart(running.folder, binary, port, report));
  const database = superviseServer(running, "database", (port) => startDatabasePart(running.folder, port, report));
  const { keepStreams, migrateServices } = await import("./streams-and-schemas.ts");
  await Promise.all([nats.ready, database.ready]);

  let began = performance.now();
  const seconds = (): number => secondsSince(began);
  const keeper = await keepStreams(address.nats, (streams) => {
    report({ event: "progress", message: `streams ${streams.join(", ")} had vanished and were made again` });
  });
  running.stops.push(keeper.close);
  const made = keeper.made.length === 0 ? "all there" : `made ${keeper.made.join(", ")}`;
  report({ event: "part-ready", part: "streams", seconds: seconds(), detail: made });
  signal.throwIfAborted();

  began = performance.now();
  const services = listServices();
  const names = services.map(({ name }) => name);
  const lines = await migrateServices(address.database, names, signal);
  report({ event: "part-ready", part: "migrations", seconds: seconds(), detail: lines.join(", ") });
  await startServices(running, services);
}

function superviseServer(running: Running, name: "nats" | "database", start: (port: number | null) => Promise<ServerPart>): SupervisedPart {
  let port: number | null = null;
  const part = supervise({
    name,
    start: async () => {
      const server = await start(port);
      port = server.port;
      running.address[name] = server.url;
      return server;
    },
    onReady: (process, seconds) => partIsReady(running, name, process, seconds, withoutLogin(running.address[name])),
    onEnded: (reason, retryMs) => running.report({ event: "part-ended", part: name, reason, retryMs }),
  });
  running.stops.push(part.stop);
  return part;
}

async function startServices(running: Running, services: readonly FleetService[]): Promise<void> {
  const { options, signal, report } = running;
  const given = new Set<number>();
  let apiPort: number | null = null;
  if (services.some(({ name }) => name === "api")) {
    apiPort = options.port === 0 ? await freePort() : await choosePort(options.port);
    if (options.port !== 0 && apiPort !== options.port) report({ event: "port-moved", part: "api", wanted: options.port, port: apiPort });
    given.add(apiPort);
  }
  const parts: SupervisedPart[] = [];
  for (const service of services) {
    const opsPort = await choosePort(service.opsPort, given);
    given.add(opsPort);
    if (opsPort !== service.opsPort) report({ event: "port-moved", part: `${service.name} (ops)`, wanted: service.opsPort, port: opsPort });
    parts.push(superviseService(running, service.name, opsPort, apiPort));
  }
  running.stops.push(() => Promise.all(parts.map((part) => part.stop())).then(() => {}));
  await Promise.all(parts.map((part) => part.ready));
  signal.throwIfAborted();
  if (apiPort !== null) running.address.api = `http://127.0.0.1:${apiPort}`;
}

function superviseService(running: Running, name: string, wantedOpsPort: number, apiPort: number | null): SupervisedPart {
  const { folder, report, options, address } = running;
  const log = openServiceLog(folder.at("logs", `${name}.log`), (level, message) => {
    report({ event: "part-log", part: name, level, message });
  });
  return supervise({
    name,
    async start(signal) {
      const opsPort = (await isFree(wantedOpsPort)) ? wantedOpsPort : 0;
      const env = serviceEnvironment({
        natsUrl: address.nats,
        databaseUrl: address.database,
        opsPort,
        apiPort,
        spoolDir: folder.at("spool"),
        cacheDir: folder.at("cache"),
        demo: options.demo,
      });
      const onProcess = (pid: number): void => {
        folder.keepProcess(name, pid);
        address.pids[name] = pid;
        if (running.isUp) folder.keepAddress(address);
      };
      const onWaiting = (reason: string): void => report({ event: "part-waiting", part: name, reason });
      return startService({ name, folder, env, log, signal, onProcess, onWaiting });
    },
    onReady: (process, seconds) => {
      const { opsPort } = process as ServiceProcess;
      address.opsPorts[name] = opsPort;
      partIsReady(running, name, process, seconds, `ops http://127.0.0.1:${opsPort}`);
    },
    onEnded: (reason, retryMs) => report({ event: "part-ended", part: name, reason, retryMs }),
  });
}

function partIsReady(running: Running, part: string, process: PartProcess, seconds: number, detail: string): void {
  const { folder, address, report } = running;
  folder.keepProcess(part, process.pid);
  address.pids[part] = process.pid;
  if (running.isUp) folder.keepAddress(address);
  report({ event: "part-ready", part, seconds, detail });
}

function secondsSince(began: number): number {
  return Math.round(performance.now() - began) / 1000;
}

/** The login is told once, when all is up, as it is needed to connect. */
function withoutLogin(url: string): string {
  return url.replace(/(\w+:\/\/)[^@/]*@/, "$1");
}

/** Rejects at once when the signal says so, though the work may still be at a step that cannot be cut short. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    const refuse = (): void => reject(signal.reason as Error);
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true });
  });
  work.catch(() => {});
  return Promise.race([work, aborted]);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it is gone
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= action();
    return done;
  };
}
