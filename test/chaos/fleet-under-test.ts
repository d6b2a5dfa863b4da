import { streams } from "../../packages/contracts/src/registry.ts";
import { type Bus, openBus } from "../../packages/runtime/src/bus.ts";
import { provisionStreams } from "../../packages/runtime/src/provision.ts";
import { startDatabase, type TestDatabase } from "../../packages/testkit/src/database.ts";
import { startNats, type TestNats } from "../../packages/testkit/src/nats.ts";
import { type ServiceUnderTest, spawnService } from "../../packages/testkit/src/process.ts";
import { removeScratch, scratchFolder } from "../../packages/testkit/src/scratch.ts";
import { besideOf, migrateServices, type Stage, stagesOf, unreadLanesSql, variablePrefix } from "./chain.ts";
import { type FleetOptions, type Progress, pause, say, sharedFor, warningsOf } from "./chaos-run.ts";

const POLL_MS = 20;
const KEEP_STREAMS_MS = 1_000;
const LOGGED_LINES = 15;

/** A service that is started again when it dies, as a supervisor does. */
export interface Part {
  readonly name: string;
  /** Null between a death and the next start. */
  service: ServiceUnderTest | null;
  wanted: boolean;
  starts: number;
  /** Everything that it logged as a warning or worse, over all its lives. */
  readonly told: string[];
  readonly ends: string[];
  running: Promise<void>;
  readonly env: Readonly<Record<string, string>>;
}

/** Broker, database and services of their own, run by one job. */
export class FleetUnderTest implements AsyncDisposable {
  readonly nats: TestNats;
  readonly database: TestDatabase;
  readonly bus: Bus;
  readonly parts: Part[] = [];
  readonly stages: readonly Stage[];
  readonly #options: FleetOptions;
  readonly #spool = scratchFolder("chaos-spool");
  readonly #keeper: NodeJS.Timeout;
  #closing = false;
  #submitted = false;
  /** Where it is, asked once for all who wait at the same time. */
  readonly #recent = sharedFor(POLL_MS, () => this.progress());
  /** Streams that had to be made again. */
  readonly remade: string[] = [];

  private constructor(nats: TestNats, database: TestDatabase, bus: Bus, options: FleetOptions) {
    this.nats = nats;
    this.database = database;
    this.bus = bus;
    this.#options = options;
    this.stages = stagesOf(options.length ?? "aggregator");
    this.#keeper = setInterval(() => void this.#keepStreams(), KEEP_STREAMS_MS);
  }

  /** Servers, streams and schemas; services come with `start`. */
  static async open(options: FleetOptions): Promise<FleetUnderTest> {
    const [nats, database] = await Promise.all([startNats(), startDatabase({ ownServer: true })]);
    const bus = await openBus({ url: nats.url, name: "chaos" });
    await provisionStreams(bus, windowOf(options));
    await migrateServices(database.url);
    return new FleetUnderTest(nats, database, bus, options);
  }

  /** Makes the schemas that are not there. */
  migrate(): Promise<void> {
    return migrateServices(this.database.url);
  }

  /** Starts the services and the job. */
  async start(): Promise<void> {
    const { job, leaseMs = 1_500, maxMessages = 2_000, aggregators = 1 } = this.#options;
    const demo =
      job.kind === "demo"
        ? {
            INGEST_SOURCES: "demo",
            INGEST_DEMO_SEED: String(job.seed),
            INGEST_DEMO_START_MS: String(job.startMs),
            INGEST_DEMO_END_MS: String(job.endMs),
          }
        : {};
    this.add("ingest", { INGEST_SPOOL_DIR: this.#spool, INGEST_LEASE_MS: String(leaseMs), ...demo });
    for (const [i, { service }] of this.stages.entries()) {
      const prefix = variablePrefix(service);
      const env = { [`${prefix}_MAX_MESSAGES`]: String(maxMessages), [`${prefix}_LEASE_MS`]: String(leaseMs) };
      for (let n = 0; n < (i === 0 ? aggregators : 1); n++) this.add(service, env);
    }
    for (const [service, env] of Object.entries(besideOf(this.#options.length ?? "aggregator"))) this.add(service, env);
    if (job.kind === "replay") await this.#submit(job.replays);
    this.#submitted = true;
  }

  /** Runs a service, and again whenever it dies, until `retire`. */
  add(name: string, env: Readonly<Record<string, string>>): Part {
    const part: Part = { name, service: null, wanted: true, starts: 0, told: [], ends: [], running: Promise.resolve(), env };
    part.running = this.#supervise(part);
    this.parts.push(part);
    return part;
  }

  /** Another aggregator like the first. */
  addAggregator(): Part {
    return this.add("aggregator", (this.parts.find((part) => part.name === "aggregator") as Part).env);
  }

  part(name: string): Part {
    return this.parts.find((part) => part.name === name && part.wanted) as Part;
  }

  /** Ends a part for good, cleanly. */
  async retire(part: Part): Promise<void> {
    part.wanted = false;
    await part.service?.stop();
    await part.running;
    this.parts.splice(this.parts.indexOf(part), 1);
  }

  /** Kills a part as it stands; it comes back by itself. */
  async kill(part: Part): Promise<void> {
    await part.service?.kill();
  }

  async progress(): Promise<Progress> {
    const market = await this.bus.streamPosition("MARKET").catch(() => null);
    const rows = await this.database
      .query<{ aggregated: string; recorded: string }>(
        `select (select coalesce(min(case when stream_created = $1 then seq else 0 end), 0) from aggregator.lanes) as aggregated,
           (select coalesce(max(case when stream_created = $1 then seq else 0 end), 0) from ingest.pub_recorder) as recorded`,
        [market?.created ?? ""],
      )
      .catch(() => []);
    const written: Record<string, number> = {};
    for (const stream of this.stages.slice(1).flatMap(({ writes }) => writes)) {
      const position = await this.bus.streamPosition(stream).catch(() => null);
      written[stream] = position?.lastSeq ?? 0;
    }
    const { aggregated = 0, recorded = 0 } = rows[0] ?? {};
    return { market: market?.lastSeq ?? 0, aggregated: Number(aggregated), recorded: Number(recorded), written };
  }

  /** Whether the later stages have read all that the ones before them wrote. */
  async #chainIsRead(): Promise<boolean> {
    const rows = await this.database.query<{ unread: number }>(unreadLanesSql(this.stages)).catch(() => []);
    return rows[0]?.unread === 0;
  }

  /** Resolves when a condition on the progress holds. */
  async until(holds: (progress: Progress) => boolean, timeoutMs: number, what: string): Promise<Progress> {
    const deadline = Date.now() + timeoutMs;
    let told = Date.now();
    for (;;) {
      const progress = await this.#recent();
      if (holds(progress)) return progress;
      if (Date.now() - told > 10_000) {
        told = Date.now();
        say(`waiting for ${what}: ${JSON.stringify(progress)}`);
      }
      if (Date.now() > deadline)
        throw new Error(`${what}: not after ${timeoutMs / 1000} s, at ${JSON.stringify(progress)}\n${this.logged()}`);
      await pause(POLL_MS);
    }
  }

  /** Resolves when the job has ended and everything has read MARKET to its end. */
  async done(timeoutMs: number): Promise<Progress> {
    const deadline = Date.now() + timeoutMs;
    let told = Date.now();
    for (;;) {
      const ended = this.#submitted && (await this.#jobEnded());
      const first = await this.progress();
      if (ended && first.market > 0 && first.aggregated >= first.market && first.recorded >= first.market) {
        // the publisher looks at the stream every so often: nothing may come after what is there
        await pause(300);
        const second = await this.progress();
        if (second.market === first.market && (await this.#spoolIsOut()) && (await this.#chainIsRead())) return second;
      }
      if (Date.now() - told > 10_000) {
        told = Date.now();
        say(`job ${ended ? "ended" : "runs"}: ${JSON.stringify(first)}`);
      }
      if (Date.now() > deadline) throw new Error(`not done after ${timeoutMs / 1000} s: ${JSON.stringify(first)}\n${this.logged()}`);
      await pause(100);
    }
  }

  /** Last lines of every part. */
  logged(): string {
    return this.parts
      .map(
        (part) =>
          `${part.name} (${part.starts} starts; ends ${part.ends.slice(-5).join(" ")})\n${(part.service?.lines ?? part.told).slice(-LOGGED_LINES).join("\n")}`,
      )
      .join("\n");
  }

  /** What all parts of a name logged as a warning or worse. */
  told(name: string): string[] {
    return this.parts.filter((part) => part.name === name).flatMap((part) => [...part.told, ...warningsOf(part.service?.lines ?? [])]);
  }

  /** Ends the services; servers stay, to be looked into. */
  async stopServices(): Promise<void> {
    for (const part of this.parts) part.wanted = false;
    await Promise.all(this.parts.map((part) => part.service?.[Symbol.asyncDispose]()));
    await Promise.all(this.parts.map((part) => part.running));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    clearInterval(this.#keeper);
    await this.stopServices();
    await this.bus.close().catch(() => undefined);
    await this.nats.close();
    await this.database.close();
    removeScratch(this.#spool);
  }

  async #supervise(part: Part): Promise<void> {
    while (part.wanted && !this.#closing) {
      const env = { NATS_URL: this.nats.url, DATABASE_URL: this.database.url, LOG_LEVEL: "info", ...part.env };
      const service = await spawnService(part.name, env, { until: "spawned" });
      part.starts += 1;
      part.service = service;
      if (!part.wanted) await service.kill();
      const end = await service.exited;
      part.service = null;
      part.ends.push(end.signal ?? String(end.code));
      part.told.push(...warningsOf(service.lines));
      if (end.signal === null && end.code !== 0) part.told.push(...service.lines.slice(-3));
    }
  }

  async #keepStreams(): Promise<void> {
    if (this.#closing || this.bus.connection.isClosed()) return;
    try {
      for (const { name } of streams) await this.bus.streamPosition(name);
    } catch (error) {
      if ((error as Error).name !== "StreamMissingError") return;
      const made = await provisionStreams(this.bus, windowOf(this.#options)).catch(() => []);
      this.remade.push(...made);
    }
  }

  async #submit(replays: readonly { id: string; files: readonly string[] }[]): Promise<void> {
    for (const { id, files } of replays) {
      const reply = await this.#command<{ error?: string }>("replay", { id, files, speed: "max", venue: "lean" });
      if (reply.error !== undefined) throw new Error(reply.error);
    }
  }

  async #command<T>(name: string, body: object, attempts = 300): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.bus.connection.request(`ctl.v1.ingest.${name}`, JSON.stringify(body), { timeout: 2_000 })).json<T>();
      } catch (error) {
        if (attempt >= attempts) throw new Error(`ingest does not answer\n${this.logged()}`, { cause: error });
        await pause(100);
      }
    }
  }

  async #jobEnded(): Promise<boolean> {
    const { job } = this.#options;
    try {
      if (job.kind === "demo") {
        const last = await this.bus.getLast("MARKET", "md.v1.status.all.demo.>");
        return last !== null && (JSON.parse(new TextDecoder().decode(last.data)) as { state: string }).state === "ended";
      }
      const { jobs } = await this.#command<{ jobs: { state: string; error: string | null }[] }>("status", { id: null }, 1);
      const failed = jobs.find((each) => each.state === "failed");
      if (failed) throw new JobFailedError(`the replay failed: ${failed.error}`);
      return jobs.length === job.replays.length && jobs.every((each) => each.state === "done");
    } catch (error) {
      if (error instanceof JobFailedError) throw error;
      return false;
    }
  }

  /** Whether ingest has published everything that it holds. */
  async #spoolIsOut(): Promise<boolean> {
    const port = this.part("ingest")?.service?.opsPort ?? -1;
    if (port === -1) return false;
    try {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
      return /^tickfleet_ingest_spool_depth_messages(\{.*\})? 0$/m.test(text);
    } catch {
      return false;
    }
  }
}

class JobFailedError extends Error {
  override name = "JobFailedError";
}

function windowOf({ duplicateWindowMs }: FleetOptions): { duplicateWindowMs?: number } {
  return duplicateWindowMs === undefined ? {} : { duplicateWindowMs };
}
