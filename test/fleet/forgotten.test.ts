import { expect, test } from "vitest";
import { createBatchColumns, encodeTradeBatch } from "../../packages/contracts/src/trade-batch.ts";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { DemoFleet, MINUTE_MS } from "./demo-fleet.ts";
import { sendAsRetried } from "./retried.ts";

const START_MS = Date.UTC(2026, 0, 5, 12);
const LATER_MS = START_MS + 2_880 * MINUTE_MS;

test.runIf(isLong)("a late trade does not replace a candle whose own trades were dropped by age", async () => {
  await using fleet = await DemoFleet.open();
  await fleet.start("aggregator");
  const ingest = await fleet.start("ingest", fleet.demo({ startMs: START_MS, endMs: START_MS + 10 * MINUTE_MS }));
  await fleet.settled();
  await ingest.stop();
  await fleet.start("ingest", fleet.demo({ startMs: LATER_MS, endMs: LATER_MS + 10 * MINUTE_MS }));
  await fleet.settled(2);
  const late = lateTrade((START_MS + 3 * MINUTE_MS) * 1_000);
  const before = await fleet.candles();
  await fleet.database.query("delete from ingest.trades where event_time < $1::timestamptz + interval '1 hour'", [
    new Date(START_MS).toISOString(),
  ]);

  // the answer to a retry comes before the message is stored
  const { lastSeq } = await fleet.bus.streamPosition("MARKET");
  await sendAsRetried(fleet, "BTC-USDT", late);
  const taken = "select count(*)::int as lanes from aggregator.pub_lanes where seq > $1";
  await expect.poll(async () => (await fleet.database.query(taken, [lastSeq]))[0]?.["lanes"], { timeout: 90_000 }).toBe(1);
  expect(await fleet.candles()).toEqual(before);
  const letter = await fleet.bus.getMessage("DLQ", 2);
  expect(JSON.parse(new TextDecoder().decode(letter?.data))).toMatchObject({
    service: "aggregator",
    kind: "invalid",
    error: expect.stringMatching(/of the \d+ trades of 2026-01-05T12:03:00.000Z only 0 are still recorded/),
  });
});

test("a late trade whose minute was not kept with its messages revises the candle from the record", async () => {
  await using fleet = await DemoFleet.open();
  await fleet.start("aggregator");
  await fleet.start("ingest", fleet.demo({ startMs: START_MS, endMs: START_MS + 10 * MINUTE_MS }));
  await fleet.settled();
  const candle = `select trades::int, revision from aggregator.pub_candles
    where venue = 'demo' and instrument = 'BTC-USDT' and timeframe = '1m' and open_time = '2026-01-05T12:03:00Z'`;
  const before = (await fleet.database.query(candle))[0] as { trades: number; revision: number };
  expect(before.trades).toBeGreaterThan(5);
  await fleet.database.query("delete from aggregator.trade_batches where instrument = 'BTC-USDT'");

  await sendAsRetried(fleet, "BTC-USDT", lateTrade((START_MS + 3 * MINUTE_MS) * 1_000));
  await expect
    .poll(async () => (await fleet.database.query(candle))[0], { timeout: 90_000 })
    .toEqual({ trades: before.trades + 1, revision: before.revision + 1 });
});

function lateTrade(timeUs: number): Uint8Array {
  const columns = createBatchColumns();
  Object.assign(columns, { venue: "demo", instrument: "BTC-USDT", epoch: "", priceScale: 2, sizeScale: 5, count: 1, tradeId: null });
  columns.eventTimeUs[0] = timeUs;
  columns.receivedTimeUs[0] = timeUs;
  columns.sourceSeq[0] = 8_000_000_000_000;
  columns.price[0] = 6_000_000;
  columns.size[0] = 100_000;
  columns.quoteAgeUs[0] = -1;
  return encodeTradeBatch(columns, {});
}
