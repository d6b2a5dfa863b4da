import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNatsServer, type NatsServer, startNatsServer } from "@tickfleet/local/nats-server";
import { startContainer, usesDocker } from "./docker.ts";
import { copyFolder } from "./folder-copy.ts";
import { killAtExit, removeScratch, scratchFolder } from "./scratch.ts";

export interface TestNatsOptions {
  /** Time between two fsyncs, such as `30s`, or `always`. */
  syncInterval?: string;
  /** Lines added to the server's configuration. */
  extraConfig?: string;
}

/** A nats-server of one test file, with JetStream. */
export interface TestNats extends AsyncDisposable {
  /** The same over all restarts. */
  readonly url: string;
  readonly port: number;
  /** Process id, null while it is down or where it runs in a container. */
  readonly pid: number | null;
  /** Folder of the streams. */
  readonly storeDir: string;
  /** Ends it cleanly. */
  stop(): Promise<void>;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
  /** Starts it again on the same port and store. */
  start(): Promise<void>;
  /** Ends it for good and removes its data. */
  close(): Promise<void>;
}

/** Starts a nats-server of its own for the caller (about 50 ms): a real process, or a container where Docker answers. */
export async function startNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const folder = scratchFolder("nats");
  return usesDocker() ? inContainer(folder, options) : asProcess(folder, options);
}

async function asProcess(folder: string, options: TestNatsOptions): Promise<TestNats> {
  const binary = await findNatsServer(() => {});
  let server: NatsServer | null = null;
  let forget = (): void => {};
  let port = 0;
  const storeDir = join(folder, "store");
  const launch = async (): Promise<void> => {
    if (server !== null) return;
    server = await startNatsServer({ dataDir: folder, storeDir, port, binary, dieWithParent: true, ...options });
    port = server.port;
    forget = killAtExit(server.pid);
  };
  const end = async (how: "stop" | "kill"): Promise<void> => {
    if (server === null) return;
    await server[how]();
    forget();
    server = null;
  };
  await launch();
  const close = async (): Promise<void> => {
    await end("kill");
    removeScratch(folder);
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    storeDir,
    get pid() {
      return server?.pid ?? null;
    },
    stop: () => end("stop"),
    kill: () => end("kill"),
    start: launch,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function inContainer(folder: string, options: TestNatsOptions): Promise<TestNats> {
  const storeDir = join(folder, "store");
  mkdirSync(storeDir);
  const config = `port: 4222
jetstream { store_dir: "/data/store", max_file_store: 64GB, sync_interval: ${options.syncInterval ?? "30s"} }
${options.extraConfig ?? ""}
`;
  writeFileSync(join(folder, "nats-server.conf"), config);
  const container = await startContainer({
    image: "nats:2.15.1-alpine",
    command: ["-c", "/data/nats-server.conf"],
    env: {},
    containerPort: 4222,
    data: { source: folder, target: "/data" },
    readyLine: /Server is ready/,
    readyTimes: 1,
  });
  const close = async (): Promise<void> => {
    await container.remove();
    removeScratch(folder);
  };
  const { port, stop, kill, start } = container;
  return { url: `nats://127.0.0.1:${port}`, port, pid: null, storeDir, stop, kill, start, close, [Symbol.asyncDispose]: close };
}

/** Copies the streams as they are now (the server is down for a moment); returns the folder of the copy. */
export async function snapshotStore(nats: TestNats): Promise<string> {
  const copy = scratchFolder("nats-snapshot");
  await nats.stop();
  await copyFolder(nats.storeDir, join(copy, "store"));
  await nats.start();
  return copy;
}

/**
 * Puts the streams back to a snapshot, as a broker that lost its newest data: all of them, or only those named.
 * The server is killed for it and started again; a stream that the snapshot does not hold is removed.
 */
export async function restoreStore(nats: TestNats, snapshot: string, streams?: readonly string[]): Promise<void> {
  await nats.kill();
  const below = streams === undefined ? ["."] : streams.map((stream) => join("jetstream", "$G", "streams", stream));
  for (const part of below) {
    const source = join(snapshot, "store", part);
    rmSync(join(nats.storeDir, part), { recursive: true, force: true });
    if (existsSync(source)) await copyFolder(source, join(nats.storeDir, part));
  }
  await nats.start();
}
