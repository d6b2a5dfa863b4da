import { candleSchema } from "@tickfleet/contracts/candle-messages";
import type { Candle } from "@tickfleet/market/candle";
import { laneEnds, type Surroundings } from "./harness.ts";

/** Fills the aggregator's tables as it leaves them: these candles, and all that is in CANDLES written by it. */
export async function fillAggregatorTables({ bus, database }: Surroundings, candles: readonly Candle[]): Promise<void> {
  const names = Object.keys(candleSchema.shape) as (keyof Candle)[];
  const columns = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  const rows = candles.map((row) => ({
    ...Object.fromEntries(names.map((name, i) => [columns[i], row[name]])),
    open_time: new Date(row.openTime).toISOString(),
    close_time: new Date(row.closeTime).toISOString(),
  }));
  await database.query("delete from aggregator.candles");
  await database.query(
    `insert into aggregator.candles (${columns.join(", ")}, lane, input_seq, absent_minutes, sums)
     select ${columns.join(", ")}, 0, 0, 0, '' from json_populate_recordset(null::aggregator.candles, $1)`,
    [JSON.stringify(rows)],
  );
  const { created } = await bus.streamPosition("CANDLES");
  const ends = await laneEnds(bus, "CANDLES");
  for (let lane = 0; lane < 16; lane++) {
    const outputs = { CANDLES: { created, ...(ends.get(lane) ?? { seq: 0, id: "" }) } };
    await database.query("update aggregator.lanes set outputs = $1 where lane = $2", [JSON.stringify(outputs), lane]);
  }
}
