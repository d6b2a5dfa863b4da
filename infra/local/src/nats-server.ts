import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { cacheFolder } from "./folders.ts";
import { fetchFromDebian, fetchRelease } from "./nats-download.ts";
import { PortTakenError } from "./ports.ts";
import { freshLog, type ProcessEnd, pause, spawnServer, tailOf } from "./server-process.ts";

/** Receives one line of progress. */
export type Log = (line: string) => void;

const MINIMUM = [2, 14] as const;

/**
 * Path of a nats-server that is new enough: `NATS_SERVER`, PATH, the local cache, then Debian's archive
 * and the official release, both brought into the cache. Throws with all that was tried.
 */
export async function findNatsServer(log: Log): Promise<string> {
  const tried: string[] = [];
  const explicit = process.env["NATS_SERVER"];
  if (explicit) {
    const found = accept(explicit, "NATS_SERVER", tried);
    if (found !== null) return found;
    log(`NATS_SERVER=${explicit} cannot be used (${tried.at(-1)}), looking further`);
  }
  const name = process.platform === "win32" ? "nats-server.exe" : "nats-server";
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (folder !== "" && existsSync(path) && accept(path, "PATH", tried) !== null) return path;
  }
  const cache = join(cacheFolder(), "nats-server");
  const cached = join(cache, name);
  if (existsSync(cached) && accept(cached, "the cache", tried) !== null) return cached;

  for (const [source, fetch] of [
    ["Debian's archive", fetchFromDebian],
    ["the official release", fetchRelease],
  ] as const) {
    log(`nats-server: not found on this machine, trying ${source} (once; kept in ${cache})`);
    try {
      await fetch(cache, log);
      if (accept(cached, source, tried) !== null) return cached;
    } catch (error) {
      tried.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
    }
    log(`nats-server: ${tried.at(-1)}`);
  }
  throw new Error(
    `no nats-server ${MINIMUM.join(".")} or later could be had.\n  tried ${tried.join("\n  tried ")}\n` +
      "Install it (https://github.com/nats-io/nats-server/releases, `brew install nats-server`, or your distribution) " +
      "and put it on PATH, or set NATS_SERVER to its path.",
  );
}

function accept(path: string, source: string, tried: string[]): string | null {
  const answer = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 });
  const version = /v(\d+)\.(\d+)\.(\d+)/.exec(answer.stdout ?? "");
  if (version === null) {
    tried.push(`${source}: ${path} does not run (${answer.error?.message ?? `exit code ${answer.status}`})`);
    return null;
  }
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return path;
  tried.push(`${source}: ${path} is ${version[0]}, ${MINIMUM.join(".")} or later is needed`);
  return null;
}

export interface NatsServerOptions {
  /** Folder for the configuration, the log and (unless `storeDir` says otherwise) the streams. */
  dataDir: string;
  /** 0 takes a free one. */
  port: number;
  storeDir?: string;
  /** Time between two fsyncs of a stream, such as `30s`, or `always`. */
  syncInterval?: string;
  /** Lines added to the configuration file. */
  extraConfig?: string;
  /** Binary to run; found by `findNatsServer` where absent. */
  binary?: string;
  dieWithParent?: boolean;
}

/** A running nats-server with JetStream. */
export interface NatsServer {
  url: string;
  port: number;
  pid: number;
  storeDir: string;
  logFile: string;
  exited: Promise<ProcessEnd>;
  /** Ends it cleanly; resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/**
 * Starts nats-server on 127.0.0.1 and resolves when it takes connections. Throws PortTakenError where the
 * port is busy; never returns the address of somebody else's server, because the name in the greeting is compared.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const binary = options.binary ?? (await findNatsServer(() => {}));
  const storeDir = options.storeDir ?? join(options.dataDir, "store");
  const portsDir = join(options.dataDir, "ports");
  const configFile = join(options.dataDir, "nats-server.conf");
  const logFile = join(options.dataDir, "nats-server.log");
  const name = `tickfleet-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  rmSync(portsDir, { recursive: true, force: true });
  mkdirSync(portsDir, { recursive: true });
  mkdirSync(storeDir, { recursive: true });
  writeFileSync(configFile, configOf(name, options, storeDir));
  freshLog(logFile);
  const server = await spawnServer({
    command: binary,
    args: ["-c", configFile, "--ports_file_dir", portsDir],
    logFile,
    dieWithParent: options.dieWithParent ?? false,
  });
  const stop = (): Promise<void> => server.stop([{ signal: "SIGTERM", waitMs: 15_000 }]).then(() => {});
  try {
    const port = await listeningPort(portsDir, server.ended, logFile, options.port);
    const greeted = await greetingName(port);
    if (greeted !== name) throw new PortTakenError(port, `a server named ${greeted} answers there`);
    const kill = (): Promise<void> => server.stop([]).then(() => {});
    return { url: `nats://127.0.0.1:${port}`, port, pid: server.pid, storeDir, logFile, exited: server.exited, stop, kill };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configOf(name: string, options: NatsServerOptions, storeDir: string): string {
  return `# written by the local launcher at every start
server_name: ${JSON.stringify(name)}
host: "127.0.0.1"
port: ${options.port === 0 ? -1 : options.port}
jetstream {
  store_dir: ${JSON.stringify(storeDir)}
  max_file_store: 64GB
  sync_interval: ${options.syncInterval ?? "30s"}
}
${options.extraConfig ?? ""}
`;
}

async function listeningPort(portsDir: string, ended: () => ProcessEnd | null, logFile: string, wanted: number): Promise<number> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const file = readdirSync(portsDir).find((entry) => entry.endsWith(".ports"));
    const urls = file === undefined ? null : portsIn(join(portsDir, file));
    if (urls?.[0] !== undefined) return Number(new URL(urls[0]).port);
    if (ended() !== null) {
      const log = tailOf(logFile);
      if (log.includes("address already in use")) throw new PortTakenError(wanted, "nats-server could not listen there");
      throw new Error(`nats-server ended while starting (${JSON.stringify(ended())}):\n${log}`);
    }
    if (Date.now() > deadline) throw new Error(`nats-server did not start within 60 s:\n${tailOf(logFile)}`);
    await pause(10);
  }
}

/** Client addresses in a ports file, null while it is half written. */
function portsIn(file: string): string[] | null {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { nats?: string[] }).nats ?? [];
  } catch {
    return null;
  }
}

/** Name in the greeting of the NATS server on this port of 127.0.0.1. */
function greetingName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(`nats-server on port ${port} ${reason}`));
    };
    socket.setTimeout(10_000, () => fail("sent no greeting within 10 s"));
    socket.once("error", (error) => fail(`refused the connection: ${error.message}`));
    socket.on("data", (data) => {
      text += data.toString("utf8");
      const greeting = /^INFO (\{.*\})\s*\r\n/.exec(text);
      if (greeting === null) return;
      socket.destroy();
      resolve(String((JSON.parse(greeting[1] as string) as { server_name?: string }).server_name));
    });
    socket.once("close", () => fail("closed the connection before its greeting"));
  });
}
