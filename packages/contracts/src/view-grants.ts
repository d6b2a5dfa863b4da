import type { ServiceName } from "./message.ts";

/** Views of other services that a service may SELECT, for rebuild, warm-up and history; no live step reads them. */
export interface ViewGrants {
  reader: ServiceName;
  views: readonly string[];
}

export const viewGrants: readonly ViewGrants[] = [
  {
    reader: "aggregator",
    views: ["ingest.pub_instruments", "ingest.pub_trades", "ingest.pub_trade_record", "ingest.pub_market_events", "ingest.pub_recorder"],
  },
  {
    reader: "api",
    views: [
      "ingest.pub_instruments",
      "ingest.pub_trades",
      "ingest.pub_trade_record",
      "ingest.pub_gaps",
      "ingest.pub_recorder",
      "ingest.pub_replays",
      "ingest.pub_quality_events",
      "aggregator.pub_candles",
      "aggregator.pub_lanes",
      "aggregator.pub_parked",
    ],
  },
];
