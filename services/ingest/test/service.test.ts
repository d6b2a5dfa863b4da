import { join } from "node:path";
import { deadLetter } from "@tickfleet/contracts/dead-letter-messages";
import { clock } from "@tickfleet/contracts/market-messages";
import { STORED_SUBJECTS, subjectOf } from "@tickfleet/contracts/message";
import { openOrderedReader } from "@tickfleet/runtime/ordered-reader";
import { isLong } from "@tickfleet/testkit/long-form";
import { timescale } from "@tickfleet/testkit/timescale";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFixture, type IngestFixture, sharedData } from "./ingest-process.ts";

const timescaleUrl = await timescale();
let fixture: IngestFixture;

beforeEach(async () => {
  fixture = await createFixture({ duplicateWindowMs: 100 });
});
afterEach(async () => {
  await fixture.close();
});

/** All of MARKET in its order, without what differs from run to run. */
async function stored({ bus }: IngestFixture = fixture): Promise<string[]> {
  const { firstSeq, lastSeq } = await bus.streamPosition("MARKET");
  const reader = await openOrderedReader(bus, "MARKET", firstSeq, [STORED_SUBJECTS]);
  const found: string[] = [];
  while (found.length < lastSeq - firstSeq + 1) {
    for (const { subject, data } of await reader.take(1_000, 1_000)) found.push(`${subject} ${Buffer.from(data).toString()}`);
  }
  await reader.close();
  return found;
}

/** Starts a process, and kills it some time after it has begun to publish. */
async function killInTheMiddle(afterMs: number, env: Record<string, string>): Promise<void> {
  const before = (await fixture.bus.streamPosition("MARKET")).lastSeq;
  await fixture.start(env);
  await expect
    .poll(async () => (await fixture.bus.streamPosition("MARKET")).lastSeq, { timeout: 60_000, interval: 5 })
    .toBeGreaterThan(before);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await fixture.kill();
}

describe.skipIf(sharedData === null)("recorded data (skipped where ../shared is absent)", () => {
  const captures = ["20240808", "20240809"].map((day) => join(sharedData ?? "", `crypto_ws/binance_spot_btcusdt_${day}.txt.gz`));

  // in the short form replay.test.ts of the command has counts, sums and the candles' quotes; only the long form sees that there is no gap
  test.runIf(isLong)("both spot captures give 19,904 trades, a second run none", async () => {
    await fixture.start();
    expect(await fixture.replay("both", captures)).toMatchObject({ state: "done", trades: 19_904, recorded: 19_904, quarantined: 0 });
    expect(await fixture.replay("again", captures)).toMatchObject({
      state: "done",
      trades: 19_904,
      recorded: 0,
      venue: "binance",
      instruments: ["BTC-USDT"],
    });
    const sums = `select count(*)::int as count, sum(size_scaled * power(10, 8 - size_scale)) as size,
      sum(size_scaled * power(10, 8 - size_scale)) filter (where side = 'buy') as buy, count(bid)::int as quoted, min(input_seq)::int as first
      from ingest.pub_trades where venue = 'binance' and instrument = 'BTC-USDT'`;
    const [row] = await fixture.database.query<{ count: number; size: string; buy: string }>(sums);
    expect(row).toMatchObject({ count: 19_904, quoted: 19_904 });
    expect([Number(row?.size), Number(row?.buy)]).toEqual([43_791_552_000, 20_449_112_000]);
    expect(await fixture.database.query("select from ingest.pub_gaps")).toEqual([]);
    expect(await fixture.stop()).toBe(0);
  });

  test.skipIf(timescaleUrl === null || !isLong)(
    "on TimescaleDB the trades are a hypertable and the same (skipped where no such server is at hand)",
    async () => {
      await using timescaled = await createFixture({ edition: "timescale" });
      await timescaled.start();
      expect(await timescaled.replay("both", captures)).toMatchObject({ state: "done", recorded: 19_904 });
      expect(await timescaled.replay("again", captures)).toMatchObject({ state: "done", recorded: 0 });
      const [table] = await timescaled.database.query(
        "select hypertable_name from timescaledb_information.hypertables where hypertable_schema = 'ingest'",
      );
      expect(table).toEqual({ hypertable_name: "trades" });
    },
  );

  // in the short form replay.test.ts of the command has sides and counts, on the day of AIG, and files.test.ts clocks of other instruments
  test.runIf(isLong)("SPY of one day: 250,601 trades, sides by the tick rule; another instrument of that day is not late", async () => {
    await fixture.start();
    const job = await fixture.replay("spy", [join(sharedData ?? "", "ticks_lean/equity_spy_20131007_trade.zip")]);
    expect(job).toMatchObject({ state: "done", recorded: 250_601 });
    const rows = await fixture.database.query(
      `select side_method, count(*)::int as count from ingest.pub_trades where instrument = 'SPY' group by side_method order by side_method`,
    );
    expect(rows.map((row) => row["side_method"])).toEqual(["none", "tick"]);
    const [instrument] = await fixture.database.query("select calendar, close_delay_ms from ingest.pub_instruments");
    expect(instrument).toEqual({ calendar: "us-equity", close_delay_ms: 2_000 });
    await fixture.replay("aig", [join(sharedData ?? "", "ticks_lean/equity_aig_20131007_trade.zip")]);
    const [clocks] = await fixture.database.query<{ count: number }>(
      "select count(*)::int as count from ingest.pub_market_events where kind = 'clock' and subject_tail = 'replay-AIG'",
    );
    expect(clocks?.count).toBeGreaterThan(100);
  });

  test("kills in the middle leave the same messages in MARKET, and every trade once", async () => {
    await using reference = await createFixture();
    await reference.start();
    await reference.replay("job", captures);
    const undisturbed = await stored(reference);
    const done = fixture.replay("job", captures, { speed: 150 });
    for (let i = 0; i < (isLong ? 6 : 1); i++) {
      await killInTheMiddle(50 * (i + 1), {});
      const { lastSeq } = await fixture.bus.streamPosition("MARKET");
      expect(lastSeq).toBeGreaterThan(0);
      expect(lastSeq).toBeLessThan(undisturbed.length);
    }
    await fixture.start();
    expect(await done).toMatchObject({ state: "done", recorded: 19_904 });
    const killed = await stored();
    expect(killed.length).toBe(undisturbed.length);
    expect(killed).toEqual(undisturbed);
    const trades = "select source_seq, price, side, bid from ingest.pub_trades order by source_seq";
    expect(await fixture.database.query(trades)).toEqual(await reference.database.query(trades));
  });

  test("a file that is not there or cut off is told; what could be read counts", async () => {
    await fixture.start();
    expect(await fixture.replay("absent", ["/nowhere/file.gz"])).toMatchObject({ error: expect.stringContaining("/nowhere/file.gz") });
    const { readFile, writeFile } = await import("node:fs/promises");
    const cut = join(fixture.spoolFolder, "cut.txt.gz");
    await writeFile(cut, (await readFile(captures[0] as string)).subarray(0, 400_000));
    const job = await fixture.replay("cut", [cut]);
    expect(job).toMatchObject({ state: "failed", error: expect.stringContaining("cut.txt.gz") });
    expect(job["recorded"]).toBeGreaterThan(1_000);
  });
});

describe("the demo", () => {
  const START_MS = Date.UTC(2026, 0, 5, 12);
  const env = {
    INGEST_SOURCES: "demo",
    INGEST_DEMO_SEED: "7",
    INGEST_DEMO_START_MS: String(START_MS),
    INGEST_DEMO_END_MS: String(START_MS + 30 * 60_000),
  };

  const ended = async (): Promise<boolean> =>
    (await fixture.database.query("select from ingest.pub_market_events where kind = 'status' and payload ->> 'state' = 'ended'")).length >
    0;

  // the short form leaves it to the chaos tests
  test.runIf(isLong)("is the same after kills, with gaps that opened and closed", async () => {
    await fixture.start(env);
    await expect.poll(ended, { timeout: 60_000, interval: 200 }).toBe(true);
    const undisturbed = await stored();
    const gaps = "select id, state, missing, filled, from_time, to_time from ingest.pub_gaps order by id";
    const trades = "select instrument, source_seq, price, side, fill from ingest.pub_trades order by 1, 2";
    const expected = [await fixture.database.query(gaps), await fixture.database.query(trades)];
    expect(expected[0]?.length).toBeGreaterThan(0);
    await fixture.close();
    fixture = await createFixture({ duplicateWindowMs: 100 });
    for (let i = 0; i < 8; i++) await killInTheMiddle(20 * i, env);
    await fixture.start(env);
    await expect.poll(ended, { timeout: 60_000, interval: 200 }).toBe(true);
    expect(await stored()).toEqual(undisturbed);
    expect([await fixture.database.query(gaps), await fixture.database.query(trades)]).toEqual(expected);
  });

  test("a process that was stopped and woken after another took over ends, and has changed nothing", async () => {
    await fixture.start(env);
    await expect.poll(ended, { timeout: 60_000, interval: 200 }).toBe(true);
    const undisturbed = await stored();
    await fixture.close();
    fixture = await createFixture({ duplicateWindowMs: 100 });
    const zombie = await fixture.start(env);
    await expect
      .poll(async () => (await fixture.bus.streamPosition("MARKET")).lastSeq, { timeout: 20_000, interval: 5 })
      .toBeGreaterThan(500);
    zombie.kill("SIGSTOP");
    await fixture.start(env);
    await expect.poll(ended, { timeout: 60_000, interval: 200 }).toBe(true);
    const exited = new Promise((resolve) => zombie.once("exit", (code) => resolve(code)));
    zombie.kill("SIGCONT");
    expect(await exited).toBe(1);
    expect(await stored()).toEqual(undisturbed);
  });
});

test("dead letters of MARKET go there again, marked; others are skipped with the reason", async () => {
  await fixture.start();
  const subject = subjectOf(clock, { venue: "test", connection: "c" });
  const letter = (stream: string): Uint8Array =>
    Buffer.from(
      JSON.stringify({
        service: "aggregator",
        stream,
        streamSeq: 41,
        subject,
        headers: {},
        payload: Buffer.from("{}").toString("base64"),
        kind: "invalid",
        error: "test",
        time: 1,
      }),
    );
  for (const stream of ["MARKET", "CANDLES"]) {
    await fixture.bus.publishBatch([
      { subject: subjectOf(deadLetter, { service: "aggregator", stream }), headers: {}, data: letter(stream) },
    ]);
  }
  expect(await fixture.command("dead-letter-retry", { dlqSeqs: [1, 2, 9] })).toEqual({
    retried: 1,
    skipped: [
      { dlqSeq: 2, reason: "came from stream CANDLES" },
      { dlqSeq: 9, reason: "no dead letter at this sequence" },
    ],
  });
  await expect.poll(async () => (await fixture.bus.streamPosition("MARKET")).lastSeq, { timeout: 10_000 }).toBe(1);
  const message = await fixture.bus.getMessage("MARKET", 1);
  expect([message?.subject, message?.headers?.get("Dlq-Retry")]).toEqual([subject, "41"]);
  await expect.poll(async () => (await fixture.bus.streamPosition("DLQ")).lastSeq, { timeout: 10_000 }).toBe(3);
});

test("commands that are no commands, and a database and a broker that go away, are told or waited out", async () => {
  await fixture.start();
  expect(await fixture.command("replay", { id: "x" })).toMatchObject({ error: expect.stringContaining("files") });
  expect(await fixture.command("status", { id: null })).toEqual({ jobs: [] });
  await fixture.nats.kill();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await fixture.nats.start();
  expect(await fixture.command("status", { id: null })).toEqual({ jobs: [] });
});
