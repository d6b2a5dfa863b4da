import { enriched, enrichedRecomputed } from "@tickfleet/contracts/enriched-messages";
import { filterOf, subjectOf } from "@tickfleet/contracts/message";
import { partitionOf } from "@tickfleet/contracts/tokens";
import { type CandleHistory, type CandleViews, findPosition, type HistoryRow, openCandleHistory } from "@tickfleet/database/candle-history";
import type { Pool } from "@tickfleet/database/pool";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { LaneHistory } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { ENRICHED_FIELDS, INDICATOR_FIELDS } from "./enriched-input.ts";

const FIELDS = Object.keys(ENRICHED_FIELDS);
const INDICATORS = Object.keys(INDICATOR_FIELDS);
const VIEWS: CandleViews = {
  candles: "indicator.pub_enriched_candles",
  lanes: "indicator.pub_lanes",
  stream: "ENRICHED",
  columns: Object.fromEntries([...FIELDS, ...INDICATORS].map((wire) => [wire, snakeCase(wire)] as const)),
};
const TIMES = new Set(["openTime", "closeTime"]);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The enriched candles of a lane at their present revisions, in the order of their closes, and where ENRICHED goes on after them. null:
 * the indicator service has not begun to write the lane.
 */
export async function openHistory(pool: Pool, lane: number): Promise<LaneHistory | null> {
  const history = await openCandleHistory(pool, VIEWS, lane, (venue, instrument) => partitionOf(venue, instrument) === lane, TIMEFRAMES);
  if (history === null) return null;
  return {
    streamCreated: history.position.created,
    seq: history.position.seq,
    inputId: history.position.id,
    isLast: true,
    messages: readMessages(history),
    origin: {
      firstMessages: async () => {
        const first = await history.firstCandles();
        return first.map(({ venue, instrument, timeframe, anchor, session, openTime }) => ({
          subject: subjectOf(enriched, { venue, instrument, timeframe }),
          id: `enriched:${venue}:${instrument}:${timeframe}:${anchor}:${session}:${openTime / 1000}:0`,
        }));
      },
      notices: filterOf(enrichedRecomputed, { p: String(lane) }),
      isUntold: (notice) => (JSON.parse(decoder.decode(notice)) as { cause: string }).cause === "history",
    },
    close: history.close,
  };
}

/** Sequence of the last message that the indicator service sent to a lane of ENRICHED; null where it has sent none. */
export async function findLastInput(pool: Pool, lane: number): Promise<number | null> {
  return (await findPosition(pool, VIEWS, lane))?.seq ?? null;
}

async function* readMessages(history: CandleHistory): AsyncGenerator<InputMessage> {
  let seq = 1;
  for await (const row of history.rows()) yield messageOf(row, seq++);
}

/** What the detector reads of the message that the candle was last sent with; its running values are the present ones. */
function messageOf(row: HistoryRow, seq: number): InputMessage {
  const fields = Object.fromEntries(FIELDS.map((wire) => [wire, TIMES.has(wire) ? (row[wire] as number) / 1000 : row[wire]]));
  const indicators = Object.fromEntries(INDICATORS.map((wire) => [wire, row[wire]]));
  const { venue, instrument, timeframe } = fields as Record<string, string>;
  return {
    seq,
    subject: subjectOf(enriched, { venue, instrument, timeframe } as Record<string, string>),
    id: "",
    data: encoder.encode(JSON.stringify({ ...fields, indicators, stamps: {} })),
    header: () => "",
  };
}

function snakeCase(wire: string): string {
  return wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
