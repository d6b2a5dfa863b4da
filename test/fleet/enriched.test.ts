import { expect, test } from "vitest";
import type { Candle } from "../../packages/market/src/candle.ts";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { plainIndicators } from "../../services/indicator/test/plain-indicators.ts";
import { DemoFleet, MINUTE_MS } from "./demo-fleet.ts";

/** Over midnight, so that days close and sessions begin anew. */
const START_MS = Date.UTC(2026, 0, 5, 23, 30);
const stretch = { startMs: START_MS, endMs: START_MS + 60 * MINUTE_MS };
type Row = Record<string, string | number | string[] | null>;

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const keyOf = (row: Row): string => [row["venue"], row["instrument"], row["timeframe"]].join(" ");

async function untilEnriched(fleet: DemoFleet): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const [at] = await fleet.database.query<{ unread: string }>(
      `select count(*) as unread from aggregator.pub_lanes as writer join indicator.pub_lanes as reader using (lane)
       where reader.seq < (writer.outputs -> 'CANDLES' ->> 'seq')::int8`,
    );
    if (Number(at?.unread) === 0) return;
    if (Date.now() > deadline) throw new Error(`${at?.unread} lanes have candles left to read\n${fleet.logged()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function rowsOf(fleet: DemoFleet, source: string): Promise<Row[]> {
  const rows = await fleet.database.query<{ row: Row }>(
    `select to_jsonb(row) as row from ${source} as row where state <> 'forming' order by venue, instrument, timeframe, open_time`,
  );
  return rows.map(({ row }) => row);
}

function candleOf(row: Row): Candle {
  const fields = Object.fromEntries(Object.entries(row).map(([name, value]) => [camelCase(name), value]));
  return {
    ...fields,
    openTime: Date.parse(String(row["open_time"])),
    closeTime: Date.parse(String(row["close_time"])),
  } as unknown as Candle;
}

/** Differences of the enriched candles from what the candles give, in words. */
function differences(candles: readonly Row[], enriched: readonly Row[]): string[] {
  const expected = new Map([...Map.groupBy(candles, keyOf)].map(([key, rows]) => [key, plainIndicators(rows.map(candleOf))] as const));
  return enriched.flatMap((row, i) => {
    const candle = candles[i] as Row;
    const columns = Object.keys(candle).filter((name) => !name.startsWith("cvd") && name !== "revision" && name !== "algo");
    const copied = columns.filter((name) => row[name] !== candle[name]);
    if (row["candle_revision"] !== candle["revision"] || row["candle_algo"] !== candle["algo"]) copied.push("candle_revision");
    const values = expected.get(keyOf(row))?.get(Date.parse(String(row["open_time"]))) ?? {};
    const wrong = Object.entries(values).filter(([name, wanted]) => {
      const found = row[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] as number | null;
      if (name === "vwapSession" && row["timeframe"] === "1w") return found !== null;
      return wanted === null || found === null ? wanted !== found : Math.abs(wanted - found) > 1e-9 * Math.max(1, Math.abs(wanted));
    });
    return [...copied, ...wrong.map(([name]) => name)].map((name) => `${keyOf(row)} ${row["open_time"]} ${name}`);
  });
}

// the short form leaves it to the service's own tests, which compare every column with the same definitions
test.runIf(isLong)(
  "every enriched candle of the demo is its candle with what the candles before it give, also built again from history",
  {
    timeout: 300_000,
  },
  async () => {
    await using fleet = await DemoFleet.open();
    const [, , indicator] = await Promise.all([
      fleet.start("ingest", fleet.demo(stretch)),
      fleet.start("aggregator"),
      fleet.start("indicator"),
    ]);
    await fleet.settled();
    await untilEnriched(fleet);
    const candles = await rowsOf(fleet, "aggregator.pub_candles");
    const enriched = await rowsOf(fleet, "indicator.pub_enriched_candles");
    expect(enriched).toHaveLength(candles.length);
    expect(candles.length).toBeGreaterThan(300);
    expect(differences(candles, enriched).slice(0, 10)).toEqual([]);
    expect(enriched.filter((row) => row["sma50"] !== null).length).toBeGreaterThan(5);

    expect((await indicator.stop()).code).toBe(0);
    // no stream has this name: every lane is emptied and built again
    await fleet.database.query("update indicator.lanes set stream_created = 'of another history', seq = 0");
    await fleet.start("indicator");
    await untilEnriched(fleet);
    const again = await rowsOf(fleet, "indicator.pub_enriched_candles");
    const values = (rows: readonly Row[]): Row[] => rows.map(({ revision: _, ...row }) => row);
    expect(values(again)).toEqual(values(enriched));
  },
);
