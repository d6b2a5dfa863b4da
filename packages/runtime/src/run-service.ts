import { flushCompileCache } from "node:module";
import { deadLetter } from "@tickfleet/contracts/dead-letter-messages";
import { classOf, type ServiceName } from "@tickfleet/contracts/message";
import type { z } from "zod";
import { type Bus, type OutgoingMessage, openBus } from "./bus.ts";
import { type Config, ConfigError, hidePassword, readConfig } from "./config.ts";
import { createHealth, type Health } from "./health.ts";
import { createLogger, type Logger } from "./logger.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { startOpsServer } from "./ops-server.ts";

/** What a service gets to work with. */
export interface ServiceContext<Shape extends z.ZodRawShape> {
  name: ServiceName;
  config: Config<Shape>;
  logger: Logger;
  bus: Bus;
  metrics: Metrics;
  health: Health;
  /** Aborted when the shutdown begins. */
  signal: AbortSignal;
  /** Registers what must end before the process does; the last registered ends first. */
  onShutdown(name: string, stop: () => Promise<void>): void;
  /** Ends the process with an error, after the shutdown. */
  fail(error: unknown): void;
}

export interface ServiceDefinition<Shape extends z.ZodRawShape> {
  name: ServiceName;
  version: string;
  /** The variables that the service adds to the shared ones. */
  config: Shape;
  /** Begins the work; returns once it runs. */
  start(context: ServiceContext<Shape>): Promise<void>;
}

/** Exit code of a process whose configuration is wrong (`EX_CONFIG` of sysexits.h). */
const EXIT_CONFIG = 78;
const WAIT_LOG_EVERY_MS = 5_000;
/** Subjects of the dead letters begin so. */
const DEAD_LETTERS = deadLetter.template.slice(0, deadLetter.template.indexOf("{"));

/**
 * Runs a service until SIGTERM, SIGINT or an error: reads its configuration, opens the ops server and
 * the broker (waiting for one that is away), starts it, and at the end stops in reverse order.
 */
export async function runService<Shape extends z.ZodRawShape>(definition: ServiceDefinition<Shape>): Promise<void> {
  const config = configOrExit(definition);
  const logger = createLogger(definition.name, definition.version, config.LOG_LEVEL);
  const health = createHealth();
  const metrics = createMetrics(definition.name);
  const abort = new AbortController();
  const stops: { name: string; stop: () => Promise<void> }[] = [];
  let ending: Promise<void> | null = null;

  const end = (code: number, reason: string): Promise<void> => {
    ending ??= shutDown(code, reason);
    return ending;
  };
  const fail = (error: unknown): void => {
    if (!abort.signal.aborted) logger.fatal({ err: error }, "the service cannot go on");
    void end(1, "an error");
  };
  // Nothing that is in memory can be trusted after this, so nothing is stopped in order and nothing more is written.
  const crash = (error: unknown): void => {
    if (abort.signal.aborted) {
      logger.warn({ err: error }, "an error during the shutdown");
      return;
    }
    logger.fatal({ err: error }, "an error that nobody handled");
    process.exit(1);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(0, signal));

  try {
    const ops = await startOpsServer({ host: config.OPS_HOST, port: config.OPS_PORT, portFile: config.OPS_PORT_FILE, health, metrics });
    stops.push({ name: "ops server", stop: ops.close });
    logger.info({ opsPort: ops.port }, "ops server listens");
    metrics.gauge("ready", "1 while the service says that it is ready", [], (gauge) => {
      gauge.set(health.snapshot().status === "ready" ? 1 : 0);
    });
    const bus = await connectBus(definition.name, config, logger, health, countStored(metrics));
    stops.push({ name: "broker", stop: bus.close });
    void bus.connection.closed().then((error) => {
      if (!abort.signal.aborted) fail(new Error(`the connection to the broker is closed for good: ${error?.message ?? "no reason given"}`));
    });
    await definition.start({
      name: definition.name,
      config,
      logger,
      bus,
      metrics,
      health,
      signal: abort.signal,
      onShutdown: (name, stop) => stops.push({ name, stop }),
      fail,
    });
    health.started();
    // where NODE_COMPILE_CACHE is set: the next start is twice as quick, also after a kill
    flushCompileCache();
    logger.info("started");
  } catch (error) {
    fail(error);
  }

  async function shutDown(code: number, reason: string): Promise<void> {
    logger.info({ reason }, "stopping");
    health.stopping();
    abort.abort();
    const deadline = setTimeout(() => {
      logger.error({ seconds: config.SHUTDOWN_SECONDS }, "did not stop in time");
      process.exit(code === 0 ? 1 : code);
    }, config.SHUTDOWN_SECONDS * 1000);
    deadline.unref();
    for (const { name, stop } of stops.reverse()) {
      await stop().catch((error: unknown) => logger.warn({ err: error, part: name }, "did not stop cleanly"));
    }
    logger.info("stopped");
    process.exit(code);
  }
}

function configOrExit<Shape extends z.ZodRawShape>(definition: ServiceDefinition<Shape>): Config<Shape> {
  try {
    return readConfig(definition.config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${definition.name}: ${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

/** Counts messages that the broker has stored, by their class. */
function countStored(metrics: Metrics): (messages: readonly OutgoingMessage[]) => void {
  const stored = metrics.counter("stored_messages_total", "messages of this service that the broker has stored", ["class"]);
  return (messages) => {
    for (const { subject } of messages) stored.inc({ class: subject.startsWith(DEAD_LETTERS) ? deadLetter.name : classOf(subject) });
  };
}

async function connectBus<Shape extends z.ZodRawShape>(
  name: string,
  config: Config<Shape>,
  logger: Logger,
  health: Health,
  onStored: (messages: readonly OutgoingMessage[]) => void,
): Promise<Bus> {
  const address = hidePassword(config.NATS_URL);
  health.ready("broker", false, `waiting for ${address}`);
  const waiting = setInterval(() => logger.warn({ address }, "waiting for the broker"), WAIT_LOG_EVERY_MS);
  try {
    const bus = await openBus({
      url: config.NATS_URL,
      name,
      user: config.NATS_USER,
      password: config.NATS_PASSWORD,
      onStored,
      onStatus: (event, detail) => {
        if (event === "disconnect") health.ready("broker", false, `connection to ${address} lost`);
        if (event === "reconnect") health.ready("broker", true);
        logger.warn({ event, detail }, "broker connection");
      },
    });
    health.ready("broker", true);
    return bus;
  } finally {
    clearInterval(waiting);
  }
}
