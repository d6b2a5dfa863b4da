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
  { reader: "indicator", views: ["aggregator.pub_candles", "aggregator.pub_lanes"] },
  { reader: "pattern-detector", views: ["indicator.pub_enriched_candles", "indicator.pub_lanes"] },
  { reader: "sentiment", views: ["ingest.pub_instruments"] },
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
      "indicator.pub_enriched_candles",
      "indicator.pub_lanes",
      "pattern_detector.pub_patterns",
      "pattern_detector.pub_signals",
      "pattern_detector.pub_lanes",
      "pattern_detector.pub_parked",
      "sentiment.pub_news_events",
      "sentiment.pub_sentiment_scores",
      "futures_collector.pub_open_interest",
      "futures_collector.pub_funding_rates",
      "futures_collector.pub_leverage_snapshots",
    ],
  },
];
