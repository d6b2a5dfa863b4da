import { expect, test } from "vitest";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { DemoFleet, MINUTE_MS } from "./demo-fleet.ts";
import { sendAsRetried } from "./retried.ts";

const START_MS = Date.UTC(2026, 0, 5, 12);
const HALF_MS = START_MS + 20 * MINUTE_MS;

test.runIf(isLong)("a message that cannot be read makes its minute partial, also after a rebuild from history", async () => {
  await using fleet = await DemoFleet.open();
  const ingest = await fleet.start("ingest", fleet.demo({ startMs: START_MS, endMs: HALF_MS }));
  const aggregator = await fleet.start("aggregator");
  await fleet.settled();
  await sendAsRetried(fleet, "BTC-USDT", Buffer.from('{"venue":'));
  await expect.poll(async () => (await fleet.bus.streamPosition("DLQ")).lastSeq, { timeout: 20_000 }).toBe(3);
  await ingest.stop();
  await fleet.start("ingest", fleet.demo({ startMs: HALF_MS, endMs: HALF_MS + 20 * MINUTE_MS }));
  await fleet.settled(2);
  const candles = await fleet.candles();
  const partial = candles.filter((line) => /"timeframe": "1m"/.test(line) && /"completeness": "partial"/.test(line));
  expect(partial.filter((line) => line.includes('"BTC-USDT"')).map((line) => JSON.parse(line).open_time)).toContainEqual(
    expect.stringContaining("12:20:00"),
  );

  await aggregator.stop();
  await fleet.database.query("drop schema aggregator cascade");
  await fleet.bus.connection.request("$JS.API.STREAM.DELETE.CANDLES", "", { timeout: 5_000 });
  await fleet.prepare();
  await fleet.start("aggregator");
  await fleet.settled(2);
  expect(await fleet.candles()).toEqual(candles);
  expect((await fleet.bus.streamPosition("DLQ")).lastSeq).toBe(3);
});
