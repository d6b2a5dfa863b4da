import { expect, test } from "vitest";
import { judge } from "../../packages/patterns/src/judgement.ts";
import type { JudgementInputs } from "../../packages/patterns/src/judgement-inputs.ts";
import { DemoFleet, MINUTE_MS } from "./demo-fleet.ts";

/** Over midnight, so that days close. */
const START_MS = Date.UTC(2026, 0, 5, 20);
const stretch = { startMs: START_MS, endMs: START_MS + 300 * MINUTE_MS };

interface SignalRow {
  payload: { revision: number; state: string; [field: string]: unknown };
  inputs: JudgementInputs;
}

async function untilJudged(fleet: DemoFleet): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const [at] = await fleet.database.query<{ unread: string }>(
      `select (select count(*) from aggregator.pub_lanes as writer join indicator.pub_lanes as reader using (lane)
           where reader.seq < (writer.outputs -> 'CANDLES' ->> 'seq')::int8)
         + (select count(*) from indicator.pub_lanes as writer join pattern_detector.pub_lanes as reader using (lane)
           where reader.seq < (writer.outputs -> 'ENRICHED' ->> 'seq')::int8) as unread`,
    );
    if (Number(at?.unread) === 0) return;
    if (Date.now() > deadline) throw new Error(`${at?.unread} lanes have something left to read\n${fleet.logged()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("every signal over the demo's past is recomputed from its inputs to the same bytes", { timeout: 300_000 }, async () => {
  await using fleet = await DemoFleet.open();
  await Promise.all([
    fleet.start("ingest", fleet.demo(stretch)),
    fleet.start("aggregator"),
    fleet.start("indicator"),
    fleet.start("pattern-detector"),
  ]);
  await fleet.settled();
  await untilJudged(fleet);
  const counts = await fleet.database.query("select timeframe, count(*) from pattern_detector.patterns group by 1");
  console.log(counts, await fleet.database.query("select level, timeframe, count(*) from pattern_detector.signals group by 1, 2"));
  console.log(await fleet.database.query("select payload ->> 'summary' as s from pattern_detector.signals limit 10"));
  console.log(await fleet.database.query("select count(*), sum((surroundings is null)::int) as pending from pattern_detector.bars"));
  const signals = await fleet.database.query<SignalRow>("select payload, inputs from pattern_detector.pub_signals");
  for (const { payload, inputs } of signals) {
    const { revision, state, ...said } = payload;
    expect(JSON.stringify(judge(inputs).signal)).toBe(JSON.stringify(said));
  }
  expect(signals.length).toBeGreaterThanOrEqual(10);
});
