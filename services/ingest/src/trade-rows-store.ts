import { type CopyColumn, type CopyValues, copyRows } from "@tickfleet/database/copy";
import type { PoolClient } from "@tickfleet/database/pool";
import type { TradeRows } from "./recorder-rows.ts";

const COLUMNS = [
  ["instrument_id", "int4"],
  ["event_time", "timestamptz"],
  ["event_time_ns_rest", "int2"],
  ["received_time", "timestamptz"],
  ["epoch", "text"],
  ["source_seq", "int8"],
  ["trade_id", "text"],
  ["price", "int8"],
  ["price_scale", "int2"],
  ["size", "int8"],
  ["size_scale", "int2"],
  ["side", "int2"],
  ["side_method", "int2"],
  ["bid", "int8"],
  ["ask", "int8"],
  ["bid_size", "int8"],
  ["ask_size", "int8"],
  ["quote_age_us", "int8"],
  ["quote_method", "text"],
  ["fill", "text"],
  ["input_generation", "int2"],
  ["input_seq", "int8"],
] as const;
export const COPY_COLUMNS: readonly CopyColumn[] = COLUMNS.map(([name, type]) => ({ name, type }));
const NAMES = COLUMNS.map(([name]) => name).join(", ");
const TIME_VALUES = COLUMNS.map(([name, type]) =>
  type === "timestamptz" ? `timestamptz 'epoch' + ${name} * interval '1 microsecond'` : name,
);
const INSERT = `insert into ingest.trades (${NAMES}) select ${TIME_VALUES.join(", ")}
  from unnest(${COLUMNS.map(([, type], i) => `$${i + 1}::${type === "timestamptz" ? "int8" : type}[]`).join(", ")}) as input(${NAMES})
  on conflict do nothing returning input_seq`;

export function valuesOf(rows: TradeRows, ids: ReadonlyMap<string, number>, generation: number): CopyValues[] {
  return [
    rows.instrument.map((key) => ids.get(key) as number),
    rows.eventTimeUs,
    rows.eventTimeNsRest,
    rows.receivedTimeUs,
    rows.epoch,
    rows.sourceSeq,
    rows.tradeId,
    rows.price,
    rows.priceScale,
    rows.size,
    rows.sizeScale,
    rows.side,
    rows.sideMethod,
    rows.bid,
    rows.ask,
    rows.bidSize,
    rows.askSize,
    rows.quoteAgeUs,
    rows.quoteMethod,
    rows.fill,
    new Float64Array(rows.count).fill(generation),
    rows.inputSeq,
  ];
}

/** As `pg` takes an array parameter; NaN stands for null. */
function parameterOf(values: CopyValues, count: number): unknown[] {
  return Array.from({ length: count }, (_, i) => (Number.isNaN(values[i]) ? null : values[i]));
}

/** Inserts the trades that are new; how many that are, by sequence of their message. */
export async function insertTrades(
  client: PoolClient,
  rows: TradeRows,
  ids: ReadonlyMap<string, number>,
  generation: number,
): Promise<Map<number, number>> {
  const { rows: inserted } = await client.query<{ input_seq: number }>({
    name: "insert-trades",
    text: INSERT,
    values: valuesOf(rows, ids, generation).map((values) => parameterOf(values, rows.count)),
  });
  const counts = new Map<number, number>();
  for (const { input_seq } of inserted) counts.set(input_seq, (counts.get(input_seq) ?? 0) + 1);
  return counts;
}

/** Copies the trades, all of them new. @throws 23505 where one is not */
export async function copyTrades(client: PoolClient, rows: TradeRows, ids: ReadonlyMap<string, number>, generation: number): Promise<void> {
  await copyRows(client, "ingest.trades", COPY_COLUMNS, rows.count, valuesOf(rows, ids, generation));
}
