import { ingestStatusCommand, ingestStatusReplySchema } from "@tickfleet/contracts/control-messages";
import { streams } from "@tickfleet/contracts/registry";
import {
  type DerivedLaneRow,
  FleetStatusStore,
  type LanePositionRow,
  type OpenGap,
  type RecordedInstrument,
} from "@tickfleet/database/fleet-status";
import { describeDatabaseError } from "@tickfleet/database/pool";
import type { FleetLocation } from "@tickfleet/local/fleet-location";
import type { CalendarName } from "@tickfleet/market/instrument";
import { rebuildableFrom } from "@tickfleet/market/rebuild-floor";
import type { Bus } from "@tickfleet/runtime/bus";
import { hidePassword } from "@tickfleet/runtime/config";
import { request } from "@tickfleet/runtime/request";
import type { ReplayJob } from "./replay-summary.ts";

/** A part of the fleet as its health endpoint tells; `detail` says what is wrong. */
export interface PartReport {
  name: string;
  ok: boolean;
  detail: string;
}

export interface StreamReport {
  name: string;
  created: string;
  firstSeq: number;
  lastSeq: number;
}

/** A reader of MARKET, or of what its readers write; `lag` counts the messages that it has not committed yet. */
export interface ReaderReport {
  name: string;
  seq: number;
  lag: number;
  detail: string;
}

/** A replay, and how many messages up to its last one a reader of MARKET has not committed yet. */
export interface ReplayReport extends ReplayJob {
  left: { reader: string; messages: number } | null;
}

/** The state of a fleet; what could not be asked is in `faults`. Times are epoch milliseconds. */
export interface FleetReport {
  ok: boolean;
  fleet: { nats: string; database: string | null; api: string | null; data: string | null };
  services: PartReport[];
  streams: StreamReport[];
  readers: ReaderReport[];
  /** `rebuildableFrom`: null before the first trade. */
  instruments: (RecordedInstrument & { rebuildableFrom: number | null })[];
  gaps: OpenGap[];
  replays: ReplayReport[];
  deadLetters: number;
  faults: string[];
}

/** Parts whose words are shown even where all is well. */
const TOLD = /^sources?\b|^assets$/;
const HEALTH_MS = 3_000;
const ANSWER_MS = 3_000;
const MOST_GAPS = 20;
const READERS_OF_MARKET: readonly string[] = ["recorder", "aggregator"];

/** Asks every part of the fleet at once. */
export async function createFleetReport(bus: Bus, fleet: FleetLocation): Promise<FleetReport> {
  const faults: string[] = [];
  const attempt = async <T>(what: string, otherwise: T, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      faults.push(`${what}: ${describeDatabaseError(error)}`);
      return otherwise;
    }
  };
  const store = fleet.database === null ? null : FleetStatusStore.open(fleet.database);
  try {
    const [services, positions, replays, instruments, gaps] = await Promise.all([
      askServices(fleet),
      Promise.all(streams.map(({ name }) => attempt(`stream ${name}`, null, async () => ({ name, ...(await bus.streamPosition(name)) })))),
      attempt("ingest", [], () => listJobs(bus)),
      attempt("database", [], async () => (await store?.instruments()) ?? []),
      attempt("gaps", [], async () => (await store?.gaps(MOST_GAPS)) ?? []),
    ]);
    const found = positions.filter((position) => position !== null);
    const market = found.find(({ name }) => name === "MARKET");
    const readers = store === null ? [] : await attempt("readers", [], () => readReaders(store, market));
    const letters = found.find(({ name }) => name === "DLQ");
    return {
      ok: faults.length === 0 && services.every((service) => service.ok),
      fleet: {
        nats: hidePassword(fleet.nats),
        database: fleet.database === null ? null : hidePassword(fleet.database),
        api: fleet.api,
        data: fleet.local?.data ?? null,
      },
      services,
      streams: found,
      readers,
      instruments: instruments.map((each) => ({
        ...each,
        rebuildableFrom: rebuildableFrom({ ...each, calendar: each.calendar as CalendarName }),
      })),
      gaps,
      replays: replays.map((job) => ({ ...job, left: leftOfReplay(job, market, readers) })),
      deadLetters: letters === undefined || letters.lastSeq === 0 ? 0 : letters.lastSeq - letters.firstSeq + 1,
      faults: [...new Set(faults)],
    };
  } finally {
    await store?.close();
  }
}

/** Every service whose ops port is known, else the gateway alone. */
async function askServices({ ops, api }: FleetLocation): Promise<PartReport[]> {
  const known = Object.entries(ops).sort(([a], [b]) => (a < b ? -1 : 1));
  if (known.length > 0) return Promise.all(known.map(([name, url]) => askHealth(name, `${url}/readyz`)));
  return api === null ? [] : [await askHealth("api", `${api.replace(/\/+$/, "")}/api/v1/health`)];
}

async function askHealth(name: string, url: string): Promise<PartReport> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(HEALTH_MS) });
    const body = (await answer.json()) as { components?: Record<string, { ok: boolean; detail?: string }> };
    const found = Object.entries(body.components ?? {});
    const wrong = found.filter(([, { ok }]) => !ok).map(([component, { detail }]) => `${component}: ${detail || "not ready"}`);
    // a service may be ready and have something to say, such as that it is idle and why
    const told = found.filter(([component, { ok, detail }]) => ok && detail && TOLD.test(component)).map(([, { detail }]) => detail);
    return { name, ok: answer.ok, detail: [...wrong, ...told].join("; ") };
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    return { name, ok: false, detail: `no answer at ${url} (${(cause instanceof Error ? cause : (error as Error)).message})` };
  }
}

async function listJobs(bus: Bus): Promise<ReplayJob[]> {
  const reply = await request(bus, ingestStatusCommand, { id: null }, ingestStatusReplySchema, ANSWER_MS);
  if ("error" in reply) throw new Error(reply.error);
  return reply.jobs;
}

/** The reader of MARKET that is furthest behind a job's last message; null where none is, or the job's MARKET is gone. */
export function leftOfReplay(
  { lastSeq, streamCreated }: Pick<ReplayJob, "lastSeq" | "streamCreated">,
  market: Pick<StreamReport, "created" | "lastSeq"> | undefined,
  readers: readonly Pick<ReaderReport, "name" | "lag">[],
): ReplayReport["left"] {
  if (lastSeq === null || market === undefined || streamCreated !== market.created) return null;
  let most: ReplayReport["left"] = null;
  for (const { name, lag } of readers) {
    if (!READERS_OF_MARKET.includes(name)) continue;
    const messages = lastSeq - (market.lastSeq - lag);
    if (messages > (most?.messages ?? 0)) most = { reader: name, messages };
  }
  return most;
}

async function readReaders(store: FleetStatusStore, market: StreamReport | undefined): Promise<ReaderReport[]> {
  const [recorder, lanes, indicatorLanes, patternLanes] = await Promise.all([
    store.recorder(),
    store.lanes(),
    store.indicatorLanes(),
    store.patternLanes(),
  ]);
  const reports = [{ name: "recorder", ...recorder, detail: "" }];
  const slowest = lanes.reduce<(typeof lanes)[number] | null>(
    (least, lane) => (least === null || lane.seq < least.seq ? lane : least),
    null,
  );
  if (slowest !== null) {
    reports.push({
      name: "aggregator",
      ...slowest,
      detail: ownersOf(lanes),
    });
  }
  const found = reports.map(({ name, seq, streamCreated, detail }) => {
    const isOther = market !== undefined && streamCreated !== market.created;
    return {
      name,
      seq,
      lag: Math.max(0, (market?.lastSeq ?? 0) - (isOther ? 0 : seq)),
      detail: isOther ? [detail, "has not begun with this MARKET"].filter(Boolean).join("; ") : detail,
    };
  });
  return [
    ...found,
    ...derivedReader("indicator", "CANDLES", indicatorLanes),
    ...derivedReader("pattern-detector", "ENRICHED", patternLanes),
  ];
}

/** A service behind a stream in which each lane has only the messages of its instruments. */
function derivedReader(name: string, stream: string, lanes: readonly DerivedLaneRow[]): ReaderReport[] {
  if (lanes.length === 0) return [];
  const others = lanes.filter(({ written, streamCreated }) => written.seq > 0 && streamCreated !== written.streamCreated);
  const lag = lanes.reduce((sum, { seq, written }) => sum + Math.max(0, written.seq - seq), 0);
  const faults = [ownersOf(lanes), others.length === 0 ? "" : `has not begun with this ${stream}`];
  return [{ name, seq: Math.max(...lanes.map(({ seq }) => seq)), lag, detail: faults.filter(Boolean).join("; ") }];
}

function ownersOf(lanes: readonly LanePositionRow[]): string {
  const held = lanes.filter((lane) => lane.held).length;
  return held === lanes.length ? "" : `${lanes.length - held} of ${lanes.length} lanes have no owner`;
}
