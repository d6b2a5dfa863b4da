import { FleetStatusStore } from "@tickfleet/database/fleet-status";
import { startFleet } from "@tickfleet/local/fleet";
import type { FleetAddress } from "@tickfleet/local/fleet-events";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { removeScratch, scratchFolder } from "./scratch.ts";

/** The whole local fleet for a benchmark: what `npm start` starts, in a folder that goes with it. */
export interface BenchFleet extends AsyncDisposable {
  address: FleetAddress;
  bus: Bus;
  store: FleetStatusStore;
}

export interface BenchFleetOptions {
  demo?: boolean;
  /** Variables for the servers and services. */
  env?: Readonly<Record<string, string>>;
  tell: (line: string) => void;
}

const MARKET = "MARKET";
const POLL_MS = 20;

/** Starts the fleet on free ports; what its services warn of is told. */
export async function startBenchFleet({ demo = false, env = {}, tell }: BenchFleetOptions): Promise<BenchFleet> {
  Object.assign(process.env, { LOG_LEVEL: "warn", INGEST_SOURCES: demo ? "demo" : "", NATS_SYNC_INTERVAL: "", ...env });
  const dataDir = scratchFolder("bench-fleet");
  const fleet = await startFleet(
    { port: 0, dataDir, fresh: false, demo, json: false, help: false },
    (event) => {
      if (event.event === "part-log") tell(`${event.part} ${event.level}: ${event.message}`);
      if (event.event === "part-ended") tell(`${event.part} ended: ${event.reason}`);
    },
    new AbortController().signal,
  );
  const bus = await openBus({ url: fleet.address.nats, name: "bench" });
  const store = FleetStatusStore.open(fleet.address.database);
  return {
    address: fleet.address,
    bus,
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await bus.close();
      await fleet.stop();
      removeScratch(dataDir);
    },
  };
}

/** Resolves when recorder and aggregator have committed everything up to this sequence of MARKET, by default all of it. */
export async function untilStored({ bus, store }: BenchFleet, seq: number | null = null, timeoutMs = 600_000): Promise<void> {
  const target = seq ?? (await bus.streamPosition(MARKET)).lastSeq;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const [recorder, lanes] = await Promise.all([store.recorder(), store.lanes()]);
    const least = Math.min(recorder.seq, ...lanes.map((lane) => lane.seq));
    if (least >= target) return;
    if (Date.now() > deadline) throw new Error(`readers are at ${least} of ${target} after ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
