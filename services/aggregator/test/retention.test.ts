import type { OutgoingMessage } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { isLong } from "@tickfleet/testkit/long-form";
import { removeScratch, scratchFolder } from "@tickfleet/testkit/scratch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { candleRows, caughtUp, openSurroundings, publish, type Replica, type Surroundings, startReplica } from "./harness.ts";
import { batchOf, type ScriptTrade } from "./market-script.ts";
import { recordMarket } from "./recorder.ts";
import { CRYPTO, EQUITY, weeksScript } from "./weeks-script.ts";

const script = weeksScript(11);
const lastClock = script.filter(({ subject }) => subject.includes(".clock.")).slice(-1);
/** A day's boundary in the second week, and where the first whole week after it begins. */
const CUT = "2026-03-12T00:00:00Z";
const WEEK: Readonly<Record<string, number>> = {
  [CRYPTO]: Date.parse("2026-03-16T00:00:00Z"),
  [EQUITY]: Date.parse("2026-03-16T08:00:00Z"),
};

/** One spool for every run of ingest: it is one writer. */
let spoolFolder: string;
let around: Surroundings;
let replica: Replica | null = null;
/** The candles as they were folded; every test leaves them so. What one dropped stays dropped for those after it. */
let before: string[];

beforeAll(async () => {
  around = await openSurroundings();
  spoolFolder = scratchFolder("retention-spool");
  await publish(around.bus, script);
  await recordMarket(around, spoolFolder);
  await fold();
  before = await candleRows(around);
});

afterAll(async () => {
  await replica?.stop().catch(() => undefined);
  await around[Symbol.asyncDispose]();
  removeScratch(spoolFolder);
});

/** Reads up to the end of MARKET and stops. */
async function fold(): Promise<void> {
  replica = startReplica(around);
  await caughtUp(around);
  await replica.stop();
  replica = null;
}

/** Publishes, records and folds some more messages, and a clock after them for every lane. */
async function goOn(messages: readonly OutgoingMessage[]): Promise<void> {
  const { lastSeq } = await around.bus.streamPosition("MARKET");
  const more = [...messages, ...lastClock];
  await publish(
    around.bus,
    more.map((each, i) => ({ ...each, headers: { "Nats-Msg-Id": `more-${lastSeq + i}` } })),
  );
  await recordMarket(around, spoolFolder);
  await fold();
}

/** Lets no checkpoint hold any more. */
async function loseCheckpoints(): Promise<void> {
  await around.pool.query("delete from aggregator.kept_lanes");
  await around.pool.query("update aggregator.lanes set stream_created = 'another', seq = 0");
}

/** Builds again, after the candles' stream is gone too. */
async function rebuild(): Promise<void> {
  await around.bus.connection.request("$JS.API.STREAM.DELETE.CANDLES", "");
  await provisionStreams(around.bus);
  await loseCheckpoints();
  await fold();
}

/** Drops the record's oldest trades, as retention does. */
async function dropTrades(until: string): Promise<void> {
  await around.database.query("delete from ingest.trades where event_time < $1", [until]);
}

interface ParsedRow {
  instrument: string;
  timeframe: string;
  open_time: string;
  trades: number;
  revision: number;
  completeness: string;
  vwap_session: number | null;
}

function parse(rows: readonly string[]): ParsedRow[] {
  return rows.map((row) => JSON.parse(row) as ParsedRow);
}

test("while the recorder has not begun with the present stream, nothing is emptied", async () => {
  const [position] = await around.database.query("select stream_created, seq from ingest.lanes");
  await around.database.query("update ingest.lanes set stream_created = null, seq = 0");
  await loseCheckpoints();
  const reasons: string[] = [];
  replica = startReplica(around, { onReady: (ok, detail) => void (ok || reasons.push(detail)) });
  await expect.poll(() => reasons.join("\n"), { timeout: 20_000 }).toContain("waits for the recorder");
  await replica.stop();
  expect(await candleRows(around)).toEqual(before);
  await around.database.query("update ingest.lanes set stream_created = $1, seq = $2", [position?.["stream_created"], position?.["seq"]]);
});

test("candles of another algorithm are made again from the record, with the columns that they lacked", async () => {
  expect(parse(before).filter((row) => row.vwap_session !== null).length).toBeGreaterThan(100);
  await around.database.query("update aggregator.candles set vwap_session = null, smp = null, algo = 'candle@1.0.0'");
  await around.database.query(
    `update aggregator.series_states set state = jsonb_set(state::jsonb, '{algo}', '"candle@1.0.0"')::text where venue <> ''`,
  );
  await fold();
  expect(await candleRows(around)).toEqual(before);
});

test("a rebuild after retention leaves every candle as it was", async () => {
  // the script bites: late trades, gaps and holes are in the week that is made again
  const rows = parse(before).filter((row) => Date.parse(row.open_time) > (WEEK[CRYPTO] as number));
  expect(rows.filter((row) => row.timeframe === "1m" && row.revision > 0).length).toBeGreaterThan(5);
  expect(new Set(rows.map((row) => row.completeness))).toEqual(new Set(["full", "backfilled", "partial", "no-trades", "venue-down"]));
  await dropTrades(CUT);
  await rebuild();
  expect(await candleRows(around)).toEqual(before);
});

test.runIf(isLong)("trades that come again from before the floor, recorded or dropped, change no candle", async () => {
  const again = script.filter(({ subject }) => subject.includes(".trade.")).filter((_, i) => i % 40 === 0);
  for (const round of [1, 2]) {
    await goOn(again);
    expect(await candleRows(around), `round ${round}`).toEqual(before);
  }
  const letter = await around.bus.getMessage("DLQ", 1);
  expect(new TextDecoder().decode(letter?.data)).toMatch(/of the \d+ trades of 2026-03-\S+ only 0 are still recorded/);
  await rebuild();
  expect(await candleRows(around)).toEqual(before);
});

test.runIf(isLong)("candles that are gone are made again from the first whole week on, and none before it", async () => {
  await around.database.query("create table saved as table aggregator.candles");
  await around.database.query("truncate aggregator.candles");
  await rebuild();
  const isWhole = (row: ParsedRow): boolean => Date.parse(row.open_time) >= (WEEK[row.instrument] as number);
  expect(await candleRows(around)).toEqual(before.filter((row) => isWhole(JSON.parse(row) as ParsedRow)));
  await around.database.query("truncate aggregator.candles");
  await around.database.query("insert into aggregator.candles select * from saved");
});

test.runIf(isLong)("with less than a week of trades, and with less than a day, every candle stays as it was too", async () => {
  for (const until of ["2026-03-17T00:00:00Z", "2026-03-19T17:00:00Z"]) {
    await dropTrades(until);
    await rebuild();
    expect(await candleRows(around), `dropped until ${until}`).toEqual(before);
  }
});

test.runIf(isLong)(
  "a late trade of the minutes before the floor counts where the record has their trades, and is refused where not",
  async () => {
    const late = (text: string): ScriptTrade => {
      return {
        instrument: CRYPTO,
        seq: 900_000 + Number(text.slice(11, 13)),
        timeUs: Date.parse(text) * 1000,
        price: 10_001,
        size: 7,
        side: 1,
      };
    };
    const texts = ["2026-03-19T17:00:30Z", "2026-03-19T16:00:30Z"];
    await goOn(texts.map((text) => batchOf([late(text)], "")));
    const minutes = (rows: readonly string[]): number[] =>
      texts.map((text) => {
        const open = Date.parse(text.replace(":30Z", ":00Z"));
        return (
          parse(rows).find((row) => row.instrument === CRYPTO && row.timeframe === "1m" && Date.parse(row.open_time) === open)?.trades ?? 0
        );
      });
    const [counted = 0, refused = 0] = minutes(before);
    const after = await candleRows(around);
    expect(minutes(after)).toEqual([counted + 1, refused]);
    before = after;
  },
);

test.runIf(isLong)("with no trade left, or no record at all, every candle stays as it was", async () => {
  await dropTrades("2026-04-01T00:00:00Z");
  await rebuild();
  expect(await candleRows(around)).toEqual(before);
  await around.database.query("truncate ingest.instruments, ingest.trades, ingest.market_events, ingest.input_logs");
  await around.database.query("update ingest.lanes set stream_created = null, seq = 0");
  await around.bus.connection.request("$JS.API.STREAM.DELETE.MARKET", "");
  await provisionStreams(around.bus);
  await publish(around.bus, lastClock);
  await rebuild();
  expect(await candleRows(around)).toEqual(before);
});
