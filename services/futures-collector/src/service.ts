import { LaneStore } from "@tickfleet/database/checkpoint";
import { openPool, waitForDatabase } from "@tickfleet/database/pool";
import { type PollTurn, runPolls } from "@tickfleet/runtime/poll";
import type { ServiceContext, ServiceDefinition } from "@tickfleet/runtime/run-service";
import type { PerpetualSource } from "@tickfleet/venues/perpetual";
import { futuresConfig } from "./config.ts";
import { onPerpetualPoll, type SettledPlan } from "./on-perpetual-poll.ts";
import { onSnapshotsDue } from "./on-snapshots-due.ts";
import { createSources, IDLE } from "./sources.ts";
import { FuturesStore } from "./store.ts";

type Context = ServiceContext<typeof futuresConfig>;

/** sources -> tables -> CONTEXT */
export const futuresCollector: ServiceDefinition<typeof futuresConfig> = {
  name: "futures-collector",
  version: "0.1.0",
  config: futuresConfig,
  async start(context) {
    const { config, health, logger, signal } = context;
    const sources = createSources(config);
    if (sources.length === 0) {
      logger.warn(IDLE);
      health.ready("sources", true, IDLE);
      return;
    }
    const pool = openPool(config.DATABASE_URL, { max: 4, name: "futures-collector", schema: "futures_collector" });
    context.onShutdown("database", () => pool.end());
    await waitForDatabase(pool, signal, (reason) => {
      health.ready("database", false, reason);
      logger.warn({ reason }, "waiting for the database");
    });
    health.ready("database", true);
    const lanes = new LaneStore(pool, "futures_collector", `futures-collector-${crypto.randomUUID()}`, config.FUTURES_LEASE_MS);
    const round = createRound(context, sources, new FuturesStore(pool));
    const onReady = (ok: boolean, detail: string): void => health.ready("polling", ok, detail);
    const polling = runPolls({ lanes, schedule: config.FUTURES_SCHEDULE, logger, signal, onReady, poll: round });
    polling.catch((error: unknown) => context.fail(error));
    context.onShutdown("polling", () => polling);
  },
};

function createRound(context: Context, sources: readonly PerpetualSource[], store: FuturesStore): (turn: PollTurn) => Promise<null> {
  const { bus, health, logger, metrics } = context;
  const polls = metrics.counter("futures_polls_total", "Reads of one perpetual.", ["source", "outcome"]);
  const published = metrics.counter("futures_published_total", "Snapshots stored in CONTEXT.");
  const settled: SettledPlan = new Map();
  const told = new Map<string, string>();

  async function pollSource(source: PerpetualSource, turn: PollTurn): Promise<void> {
    const answers = await Promise.all(
      source.instruments.map(async (instrument) => ({
        instrument,
        fault: await onPerpetualPoll(source, instrument, store, settled, turn),
      })),
    );
    const faults = answers.filter(({ fault }) => fault !== null);
    polls.inc({ source: source.venue, outcome: "answered" }, answers.length - faults.length);
    polls.inc({ source: source.venue, outcome: "failed" }, faults.length);
    const [first] = faults;
    const detail = first === undefined ? "" : `${faults.length} of ${answers.length} not read; ${first.instrument}: ${first.fault}`;
    // one source that is away does not make the service unready: the others go on
    health.ready(`source ${source.venue}`, true, detail);
    if (detail !== "" && told.get(source.venue) !== detail) logger.warn({ source: source.venue, detail }, "a source does not answer");
    told.set(source.venue, detail);
  }

  return async (turn) => {
    await Promise.all(sources.map((source) => pollSource(source, turn)));
    published.inc(await onSnapshotsDue(bus, store, turn));
    return null;
  };
}
