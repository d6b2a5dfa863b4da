import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "@tickfleet/database/migrator";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { startNats, type TestNats } from "@tickfleet/testkit/nats";
import { putAway } from "@tickfleet/testkit/process-end";
import { sharedPath } from "@tickfleet/testkit/shared-folder";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** Recorded data beside the repository, null where it is not there. */
export const sharedData = ((): string | null => {
  const folder = sharedPath("data");
  return existsSync(folder) ? folder : null;
})();

/** A broker, a database and an ingest of their own. */
export interface IngestFixture extends AsyncDisposable {
  nats: TestNats;
  database: TestDatabase;
  bus: Bus;
  spoolFolder: string;
  /** Starts a process, the one that `kill` and `stop` end; the environment is added to what the fixture sets. */
  start(env?: Record<string, string>): Promise<ChildProcess>;
  kill(): Promise<void>;
  stop(): Promise<number | null>;
  /** Lines that the process logged, newest last. */
  readonly log: string[];
  command<T = Record<string, unknown>>(name: string, body: object): Promise<T>;
  /** Replays files and waits until all of it is recorded; the job as `ingest-status` tells it. */
  replay(id: string, files: readonly string[], more?: object): Promise<Record<string, unknown>>;
  recordedUpTo(seq: number): Promise<void>;
  close(): Promise<void>;
}

export async function createFixture(options: { duplicateWindowMs?: number; edition?: "plain" | "timescale" } = {}): Promise<IngestFixture> {
  const nats = await startNats();
  const database = await startDatabase({ edition: options.edition ?? "plain" });
  await migrate({ url: database.url, service: "ingest", folder: new URL("../migrations/", import.meta.url) });
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus, options);
  const spoolFolder = mkdtempSync(join(tmpdir(), "ingest-spool-"));
  const log: string[] = [];
  let child: ChildProcess | null = null;
  const children: ChildProcess[] = [];

  async function start(env: Record<string, string> = {}): Promise<ChildProcess> {
    const started = spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        NATS_URL: nats.url,
        DATABASE_URL: database.url,
        INGEST_SPOOL_DIR: spoolFolder,
        INGEST_LEASE_MS: "1000",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (data: Buffer): void =>
      void log.push(
        ...data
          .toString()
          .split("\n")
          .filter((line) => line !== ""),
      );
    started.stdout?.on("data", keep);
    started.stderr?.on("data", keep);
    children.push(started);
    child = started;
    return started;
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return ending?.exitCode ?? null;
    const exited = once(ending, "exit");
    ending.kill(signal);
    await exited;
    return ending.exitCode;
  }

  async function command<T>(name: string, body: object): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await bus.connection.request(`ctl.v1.ingest.${name}`, JSON.stringify(body), { timeout: 10_000 })).json<T>();
      } catch (error) {
        if (attempt === 600) throw new Error(`ingest does not answer; it logged\n${log.slice(-20).join("\n")}`, { cause: error });
        await new Promise((done) => setTimeout(done, 100));
      }
    }
  }

  async function recordedUpTo(seq: number): Promise<void> {
    for (let attempt = 0; attempt < 1_000; attempt++) {
      const [row] = await database.query<{ seq: string }>("select seq from ingest.pub_recorder");
      if (Number(row?.seq) >= seq) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`the recorder does not reach ${seq}; ingest logged\n${log.slice(-20).join("\n")}`);
  }

  async function replay(id: string, files: readonly string[], more: object = {}): Promise<Record<string, unknown>> {
    const reply = await command<Record<string, unknown>>("replay", { id, files, speed: "max", ...more });
    if (reply["error"] !== undefined) return reply;
    for (;;) {
      const { jobs } = await command<{ jobs: Record<string, unknown>[] }>("status", { id });
      const job = jobs[0];
      if (job !== undefined && job["state"] !== "running") {
        if (job["lastSeq"] !== null) await recordedUpTo(job["lastSeq"] as number);
        return (await command<{ jobs: Record<string, unknown>[] }>("status", { id })).jobs[0] as Record<string, unknown>;
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async function close(): Promise<void> {
    await Promise.all(children.map(putAway));
    await bus.close();
    await nats.close();
    await database.close();
    rmSync(spoolFolder, { recursive: true, force: true });
  }

  return {
    nats,
    database,
    bus,
    spoolFolder,
    log,
    start,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    command,
    replay,
    recordedUpTo,
    close,
    [Symbol.asyncDispose]: close,
  };
}
