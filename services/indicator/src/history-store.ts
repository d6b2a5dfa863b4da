import { candle, candleRecomputed } from "@tickfleet/contracts/candle-messages";
import { filterOf, subjectOf } from "@tickfleet/contracts/message";
import { partitionOf } from "@tickfleet/contracts/tokens";
import { type CandleHistory, type CandleViews, findPosition, type HistoryRow, openCandleHistory } from "@tickfleet/database/candle-history";
import type { Pool } from "@tickfleet/database/pool";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { LaneHistory } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { CANDLE_COLUMNS } from "./enriched-columns.ts";

const VIEWS: CandleViews = {
  candles: "aggregator.pub_candles",
  lanes: "aggregator.pub_lanes",
  stream: "CANDLES",
  columns: Object.fromEntries(
    CANDLE_COLUMNS.map(({ wire }) => [wire, wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] as const),
  ),
};
const TIMES = new Set(["openTime", "closeTime"]);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The candles of a lane at their present revisions, in the order of their closes, and where CANDLES goes on after them. null: the
 * aggregator has not begun to write the lane.
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
          subject: subjectOf(candle, { venue, instrument, timeframe }),
          id: `candle:${venue}:${instrument}:${timeframe}:${anchor}:${session}:${openTime / 1000}:0`,
        }));
      },
      notices: filterOf(candleRecomputed, { p: String(lane) }),
      isUntold: (notice) => (JSON.parse(decoder.decode(notice)) as { cause: string }).cause === "history",
    },
    close: history.close,
  };
}

/** Sequence of the last message that the aggregator sent to a lane of CANDLES; null where it has sent none. */
export async function findLastInput(pool: Pool, lane: number): Promise<number | null> {
  return (await findPosition(pool, VIEWS, lane))?.seq ?? null;
}

async function* readMessages(history: CandleHistory): AsyncGenerator<InputMessage> {
  let seq = 1;
  for await (const row of history.rows()) yield messageOf(row, seq++);
}

/** The message that the candle was last sent with; its running columns are the present ones. */
function messageOf(row: HistoryRow, seq: number): InputMessage {
  const payload = Object.fromEntries(
    Object.entries(row).map(([wire, value]) => [wire, TIMES.has(wire) ? (value as number) / 1000 : value]),
  );
  const { venue, instrument, timeframe } = payload as Record<string, string>;
  return {
    seq,
    subject: subjectOf(candle, { venue, instrument, timeframe } as Record<string, string>),
    id: "",
    data: encoder.encode(JSON.stringify({ ...payload, stamps: {} })),
    header: () => "",
  };
}
