import { candleSchema } from "@tickfleet/contracts/candle-messages";
import { INDICATOR_NAMES } from "@tickfleet/contracts/enriched-messages";
import type { EnrichedCandle } from "./enriched-script.ts";
import { laneEnds, type Surroundings } from "./harness.ts";

/** Columns of a candle that an enriched one has under another name, or among the indicators. */
const OTHERWISE = ["revision", "algo", "vwapSession"];

const snakeCase = (wire: string): string => wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Fills the indicator service's tables as it leaves them: these candles, and all that is in ENRICHED written by it. */
export async function fillIndicatorTables({ bus, database }: Surroundings, candles: readonly EnrichedCandle[]): Promise<void> {
  const kept = Object.keys(candleSchema.shape).filter((name) => !OTHERWISE.includes(name));
  const columns = [...kept, "candleRevision", "candleAlgo", "revision", ...INDICATOR_NAMES].map(snakeCase);
  const rows = candles.map((candle) => ({
    ...Object.fromEntries(Object.entries({ ...candle, ...candle.indicators }).map(([wire, value]) => [snakeCase(wire), value])),
    open_time: new Date(candle.openTime).toISOString(),
    close_time: new Date(candle.closeTime).toISOString(),
  }));
  await database.query("delete from indicator.enriched_candles");
  await database.query("insert into indicator.algorithm_sets (ids) values ('test@1.0.0') on conflict do nothing");
  await database.query(
    `insert into indicator.enriched_candles (${columns.join(", ")}, algo_set, undefined_names, lane, running)
     select ${columns.join(", ")}, (select id from indicator.algorithm_sets limit 1), '', 0, ''
     from json_populate_recordset(null::indicator.enriched_candles, $1)`,
    [JSON.stringify(rows)],
  );
  const { created } = await bus.streamPosition("ENRICHED");
  const ends = await laneEnds(bus, "ENRICHED");
  for (let lane = 0; lane < 16; lane++) {
    const outputs = { ENRICHED: { created, ...(ends.get(lane) ?? { seq: 0, id: "" }) } };
    await database.query("update indicator.lanes set outputs = $1 where lane = $2", [JSON.stringify(outputs), lane]);
  }
}
