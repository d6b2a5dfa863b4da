import { expect, test } from "vitest";
import { judge } from "../../packages/patterns/src/judgement.ts";
import type { JudgementInputs } from "../../packages/patterns/src/judgement-inputs.ts";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { DemoFleet, MINUTE_MS } from "./demo-fleet.ts";

/** Over midnight, so that days close. */
const START_MS = Date.UTC(2026, 0, 5, 20);
const stretch = { startMs: START_MS, endMs: START_MS + (isLong ? 300 : 100) * MINUTE_MS };
const SETTLE_MS = 120_000;

interface Signal {
  id: string;
  state: string;
  closeTime: number;
  timeframe: string;
}

/** Waits until every stage has read all that the one before it wrote. */
async function untilJudged(fleet: DemoFleet): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
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

/** Starts a gateway; its address. */
async function openGateway(fleet: DemoFleet): Promise<string> {
  const { lines } = await fleet.start("api");
  const port = lines.map((line) => /"apiPort":(\d+)/.exec(line)?.[1]).find((found) => found !== undefined);
  return `http://127.0.0.1:${port}/api/v1`;
}

async function read<Body>(url: string): Promise<Body> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

test("the demo's past gives patterns on its timeframes, and every signal is explained to the same bytes", {
  timeout: 300_000,
}, async () => {
  await using fleet = await DemoFleet.open();
  await Promise.all([
    fleet.start("ingest", fleet.demo(stretch)),
    fleet.start("aggregator"),
    fleet.start("indicator"),
    fleet.start("pattern-detector"),
  ]);
  await fleet.settled();
  await untilJudged(fleet);
  const counts = await fleet.database.query<{ timeframe: string; count: string }>(
    "select timeframe, count(*) as count from pattern_detector.pub_patterns where state = 'complete' group by timeframe",
  );
  expect(counts.reduce((sum, { count }) => sum + Number(count), 0)).toBeGreaterThanOrEqual(isLong ? 100 : 50);
  expect(counts.map(({ timeframe }) => timeframe)).toEqual(
    expect.arrayContaining(isLong ? ["1m", "3m", "5m", "15m", "30m"] : ["1m", "3m", "5m"]),
  );
  const [waiting] = await fleet.database.query<{ count: string }>(
    "select count(*) as count from pattern_detector.bars where surroundings is null",
  );
  expect(waiting?.count).toBe("0");

  const api = await openGateway(fleet);
  const { data: signals } = await read<{ data: Signal[] }>(`${api}/signals?venue=demo&limit=10000`);
  expect(signals.length).toBeGreaterThanOrEqual(isLong ? 10 : 3);
  for (const { id } of signals) {
    const { same, candles, inputs } = await read<{ same: boolean; candles: { href: string }[]; inputs: JudgementInputs }>(
      `${api}/signals/${encodeURIComponent(id)}/explain`,
    );
    expect([id, same]).toEqual([id, true]);
    expect(judge(inputs).signal?.id).toBe(id);
    expect(candles.length).toBeGreaterThan(1);
  }
  const some = await read<{ candles: { href: string; openTime: number; close: number | null }[] }>(
    `${api}/signals/${encodeURIComponent(signals[0]?.id ?? "")}/explain`,
  );
  const last = some.candles.at(-1);
  const linked = await read<{ data: { openTime: number; close: number | null }[] }>(`${api.replace("/api/v1", "")}${last?.href}`);
  expect(linked.data.map(({ openTime, close }) => [openTime, close])).toEqual([[last?.openTime, last?.close]]);
});
