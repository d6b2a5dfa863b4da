import { fileURLToPath } from "node:url";
import { viewGrants } from "../../packages/contracts/src/view-grants.ts";
import { migrate } from "../../packages/database/src/migrator.ts";
import { schemaOf } from "../../packages/database/src/roles.ts";

/** A service of the chain: what it reads, what it writes, and the tables that a run leaves. */
export interface Stage {
  service: string;
  reads: string;
  writes: readonly string[];
  /** View -> the order in which its rows are compared. */
  tables: Readonly<Record<string, string>>;
}

export const STAGES: readonly [Stage, ...Stage[]] = [
  {
    service: "aggregator",
    reads: "MARKET",
    writes: ["CANDLES"],
    tables: { "aggregator.pub_candles": "venue, instrument, timeframe, open_time" },
  },
  {
    service: "indicator",
    reads: "CANDLES",
    writes: ["ENRICHED"],
    tables: { "indicator.pub_enriched_candles": "venue, instrument, timeframe, open_time" },
  },
  {
    service: "pattern-detector",
    reads: "ENRICHED",
    writes: ["PATTERNS", "SIGNALS"],
    tables: {
      "pattern_detector.pub_patterns": "venue, instrument, timeframe, open_time, kind",
      "pattern_detector.pub_signals": "venue, instrument, timeframe, open_time",
    },
  },
];

/** How far a run goes: the aggregator alone, all of the chain, or the chain with the services beside it. */
export type ChainLength = "aggregator" | "chain" | "fleet";

/** Services beside the chain, with their variables: what they write follows the clock, so runs are not compared in it. */
const BESIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sentiment: { SENTIMENT_SOURCES: "demo", SENTIMENT_SCHEDULE: "* * * * * *", SENTIMENT_LEASE_MS: "1500" },
  "futures-collector": { FUTURES_SOURCES: "demo", FUTURES_SCHEDULE: "* * * * * *", FUTURES_LEASE_MS: "1500" },
  api: { API_PORT: "0" },
};

export function stagesOf(length: ChainLength): readonly Stage[] {
  return length === "aggregator" ? STAGES.slice(0, 1) : STAGES;
}

export function besideOf(length: ChainLength): typeof BESIDE {
  return length === "fleet" ? BESIDE : {};
}

/** `pattern-detector` -> `PATTERN_DETECTOR`, as its variables begin. */
export function variablePrefix(service: string): string {
  return service.replaceAll("-", "_").toUpperCase();
}

/** Counts the lanes of later stages that have not read what the stage before them says it wrote. */
export function unreadLanesSql(stages: readonly Stage[]): string {
  const counts = stages.slice(1).map((stage, i) => {
    const upstream = stages[i] as Stage;
    const position = `(upstream.outputs -> '${stage.reads}' ->> 'seq')::int8`;
    return `(select count(*)::int from ${schemaOf(upstream.service)}.lanes as upstream left join ${schemaOf(stage.service)}.lanes as reader using (lane)
      where ${position} > 0 and (reader.stream_created is distinct from upstream.outputs -> '${stage.reads}' ->> 'created'
        or reader.seq < ${position}))`;
  });
  return `select ${["0", ...counts].join(" + ")} as unread`;
}

/** Tables of every service that has some, as their owners' migrations make them. */
export async function migrateServices(url: string): Promise<void> {
  for (const service of ["ingest", ...STAGES.map((stage) => stage.service), "sentiment", "futures-collector"]) {
    const schema = schemaOf(service);
    const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(`${schema}.`)) }));
    const folder = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
    await migrate({ url, service, folder, grants });
  }
}
