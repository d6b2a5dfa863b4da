import { isLong } from "@tickfleet/testkit/long-form";
import { restoreStore, snapshotStore } from "@tickfleet/testkit/nats";
import { timescale } from "@tickfleet/testkit/timescale";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  candleRows,
  caughtUp,
  connected,
  openSurroundings,
  outputsByPartition,
  publish,
  type Surroundings,
  startReplica,
} from "./harness.ts";
import { marketScript } from "./market-script.ts";

const script = marketScript(7, 90);
const timescaleUrl = await timescale();

interface Outcome {
  rows: string[];
  outputs: Record<string, string[]>;
}

let opened: Surroundings[] = [];

afterEach(async () => {
  for (const around of opened) await around[Symbol.asyncDispose]();
  opened = [];
});

async function open(edition: "plain" | "timescale"): Promise<Surroundings> {
  const around = await openSurroundings(edition);
  opened.push(around);
  return around;
}

/** The first place at or after `index` that follows a clock: there every lane has something to read. */
function cut(index: number): number {
  return script.messages.findIndex((message, i) => i >= Math.floor(index) && message.subject.includes(".clock.")) + 1;
}

async function outcomeOf(around: Surroundings): Promise<Outcome> {
  return { rows: await candleRows(around), outputs: await outputsByPartition(around.bus) };
}

async function play(around: Surroundings, from: number, to: number): Promise<void> {
  const replica = startReplica(around, { keepEveryMs: 1, maxMessages: 300 });
  await publish(around.bus, script.messages.slice(from, to));
  await caughtUp(around);
  await replica.stop();
}

const hypertables = "select hypertable_schema || '.' || hypertable_name as name from timescaledb_information.hypertables order by 1";

describe.skipIf(timescaleUrl === null)("on TimescaleDB (skipped where TIMESCALE_URL is not set and no test host is at hand)", () => {
  let expected: Outcome;

  beforeAll(async () => {
    const plain = await open("plain");
    await play(plain, 0, script.messages.length);
    expected = await outcomeOf(plain);
  });

  test("the candles are a hypertable, with the rows and messages of plain PostgreSQL", async () => {
    const around = await open("timescale");
    expect(await around.database.query(hypertables)).toEqual([{ name: "aggregator.candles" }, { name: "ingest.trades" }]);
    await play(around, 0, cut(script.messages.length / 2));
    await play(around, cut(script.messages.length / 2), script.messages.length);
    expect(await outcomeOf(around)).toEqual(expected);
  });

  test.runIf(isLong)("lanes step back in the hypertable, to the same rows and messages", async () => {
    const around = await open("timescale");
    const half = cut(script.messages.length / 2);
    await play(around, 0, cut(half / 2));
    const saved = await snapshotStore(around.nats);
    await connected(around.bus);
    await play(around, cut(half / 2), half);
    await restoreStore(around.nats, saved);
    await connected(around.bus);
    const count = async (): Promise<number> => (await candleRows(around)).length;
    const before = await count();
    const replica = startReplica(around, { keepEveryMs: 1, maxMessages: 300 });
    await expect.poll(count, { timeout: 20_000 }).toBeLessThan(before);
    await publish(around.bus, script.messages.slice(cut(half / 2)));
    await caughtUp(around);
    await replica.stop();
    expect(await outcomeOf(around)).toEqual(expected);
  });

  test.runIf(isLong)("a lane that is emptied for a rebuild leaves no row of what is on record, the others keep theirs", async () => {
    const around = await open("timescale");
    const half = cut(script.messages.length / 2);
    const replica = startReplica(around);
    await publish(around.bus, script.messages.slice(0, half));
    await caughtUp(around);
    const lanes = (await around.pool.query<{ lane: number }>("select distinct lane from aggregator.candles order by lane")).rows;
    const lane = lanes[0]?.lane as number;
    const [owned] = (await around.pool.query<{ epoch: number }>("select epoch from aggregator.lanes where lane = $1", [lane])).rows;
    await around.database.query(
      `insert into ingest.instruments (venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms)
       select distinct venue, instrument, instrument, 'crypto', 'spot', 1, 2, 3, 250 from aggregator.candles`,
    );
    await around.database.query("insert into ingest.input_logs (stream_created) values ('a stream')");
    await around.database.query("update ingest.lanes set stream_created = 'a stream'");
    await (await replica.handler.history(lane))?.close();
    await replica.handler.wipe(lane, owned?.epoch as number);
    expect((await around.pool.query("select distinct lane from aggregator.candles order by lane")).rows).toEqual(lanes.slice(1));
    await replica.stop().catch(() => undefined);
  });
});
