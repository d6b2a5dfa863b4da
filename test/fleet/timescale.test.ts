import { expect, test } from "vitest";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { timescale } from "../../packages/testkit/src/timescale.ts";
import { DemoFleet, MINUTE_MS } from "./demo-fleet.ts";

const START_MS = Date.UTC(2026, 0, 5, 23);
const stretch = { startMs: START_MS, endMs: START_MS + 90 * MINUTE_MS };
const timescaleUrl = await timescale();

test.runIf(isLong && timescaleUrl !== null)(
  "record and candles on TimescaleDB equal those on plain PostgreSQL, also rebuilt (in the long form; skipped where TIMESCALE_URL is not set and no test host is at hand)",
  { timeout: 300_000 },
  async () => {
    await using plain = await DemoFleet.open("plain");
    await Promise.all([plain.start("ingest", plain.demo(stretch)), plain.start("aggregator")]);
    await plain.settled();
    const expected = { candles: await plain.candles(), trades: await plain.trades() };
    expect(expected.candles.length).toBeGreaterThan(500);

    await using fleet = await DemoFleet.open("timescale");
    const [, aggregator] = await Promise.all([fleet.start("ingest", fleet.demo(stretch)), fleet.start("aggregator")]);
    await fleet.settled();
    expect(await fleet.trades()).toEqual(expected.trades);
    expect(await fleet.candles()).toEqual(expected.candles);

    expect((await aggregator.stop()).code).toBe(0);
    await fleet.database.query("drop schema aggregator cascade");
    await fleet.prepare();
    await fleet.start("aggregator");
    await fleet.settled();
    expect(await fleet.candles()).toEqual(expected.candles);
  },
);
