import { rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { dumpDatabase, restoreDatabase } from "../../packages/testkit/src/database.ts";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { restoreStore, snapshotStore } from "../../packages/testkit/src/nats.ts";
import { type Job, pause, say } from "./chaos-run.ts";
import { type Run, run, sumUp, undisturbed } from "./disturbance.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";
import { differences } from "./ledger.ts";
import { type Readiness, watchReadiness } from "./readiness.ts";

const MINUTE_MS = 60_000;
const PAST_MS = (isLong ? 120 : 25) * MINUTE_MS;
/** How much of the script happens while the services run, second by second; 0: all of it is past. */
const LIVE_MS = isLong ? 3 * MINUTE_MS : 0;
/** When the copy is taken and when it is put back: after so many milliseconds, else at these shares of the script. */
const COPIED = isLong ? { ms: 70_000 } : { share: 0.35 };
const RESTORED = isLong ? { ms: 30_000 } : { share: 0.7 };
const TIMEOUT_MS = isLong ? 400_000 : 240_000;
const SCRIPT_END_MS = Date.UTC(2026, 0, 6);

/** A demo; in the long form its last minutes are those that come, so that nobody can read ahead of them. */
function nextJob(): Job {
  const endMs = isLong ? Math.ceil((Date.now() + LIVE_MS) / MINUTE_MS) * MINUTE_MS : SCRIPT_END_MS;
  return { kind: "demo", seed: 7, startMs: endMs - PAST_MS, endMs };
}

let known: { job: Job; outcome: Run } | null = null;

/** What the same job leaves where nobody disturbs it. */
async function expectedOf(job: Job): Promise<Run> {
  if (known === null || JSON.stringify(known.job) !== JSON.stringify(job)) known = { job, outcome: await undisturbed(job, TIMEOUT_MS) };
  return known.outcome;
}

/** Waits for a time, or for a share of the script to be in MARKET. */
async function reach(fleet: FleetUnderTest, point: { ms: number } | { share: number }): Promise<void> {
  if ("ms" in point) return pause(point.ms);
  const { messages } = await expectedOf(nextJob());
  await fleet.until(({ market }) => market >= messages * point.share, TIMEOUT_MS, `${point.share} of the script to be stored`);
}

async function deleteStream(fleet: FleetUnderTest, stream: string): Promise<void> {
  const reply = await fleet.bus.connection.request(`$JS.API.STREAM.DELETE.${stream}`, "", { timeout: 5_000 });
  expect(reply.json<{ success?: boolean }>().success).toBe(true);
}

/** Waits until both readers have committed some of what will be lost: one that has read nothing yet loses nothing, and rightly says nothing. */
async function beRead(fleet: FleetUnderTest): Promise<void> {
  await fleet.until(({ aggregated, recorded }) => aggregated > 0 && recorded > 0, TIMEOUT_MS, "both readers to have read something");
}

interface Told {
  aggregator?: RegExp;
  ingest?: RegExp;
}

/** Runs the job with the disturbance; the fleet must notice, say so, and end with the tables of an undisturbed run. */
async function survive(name: string, told: Told, disturb: (fleet: FleetUnderTest) => Promise<void>): Promise<void> {
  const job = nextJob();
  if (!isLong) await expectedOf(job);
  const watches: Readiness[] = [];
  const logs: Record<string, string[]> = {};
  const disturbed = await run({ job, maxMessages: 50, duplicateWindowMs: 100 }, TIMEOUT_MS, async (fleet) => {
    watches.push(watchReadiness(fleet));
    await disturb(fleet);
    await fleet.done(TIMEOUT_MS);
    for (const service of ["aggregator", "ingest"]) logs[service] = fleet.told(service);
    return { [name]: 1 };
  });
  const notReady = await (watches[0] as Readiness).stop();
  say(sumUp(`demo, ${name}`, disturbed));
  const expected = await expectedOf(job);
  expect(differences(expected.ledger, disturbed.ledger, "last-word").map((line) => line.slice(0, 600))).toEqual([]);
  for (const [service, pattern] of Object.entries(told)) {
    expect(logs[service]?.join("\n")).toMatch(pattern);
    expect(notReady.filter((line) => line.startsWith(service)).length, `${service} was not ready for a while`).toBeGreaterThan(0);
  }
}

beforeAll(async () => {
  if (!isLong) await expectedOf(nextJob());
}, TIMEOUT_MS);

describe("a broker that lost data", () => {
  const LOST = /does not hold|made anew|lost its tail|another message|was missing|StreamMissing/;

  test(
    "MARKET deleted: published again from the spool, recorded again, candles rebuilt",
    () =>
      survive("MARKET deleted", { aggregator: LOST, ingest: /made anew|MARKET/ }, async (fleet) => {
        await reach(fleet, COPIED);
        await beRead(fleet);
        await deleteStream(fleet, "MARKET");
      }),
    TIMEOUT_MS * 2,
  );

  test.runIf(isLong)(
    "CANDLES deleted",
    () =>
      survive("CANDLES deleted", { aggregator: LOST }, async (fleet) => {
        await reach(fleet, COPIED);
        await beRead(fleet);
        await deleteStream(fleet, "CANDLES");
      }),
    TIMEOUT_MS * 2,
  );

  // in the short form publisher.test.ts of ingest and service.test.ts of the aggregator lose a tail of MARKET; none loses one of CANDLES
  test.runIf(isLong).each([[["MARKET"]], [["CANDLES"]], [["MARKET", "CANDLES"]]])(
    "the newest data of %j lost",
    async (streams) => {
      // the same messages in the same places are no other log: of MARKET's tail only its writer must tell
      const told: Told = streams.includes("MARKET") ? { ingest: /lost messages/ } : { aggregator: LOST };
      await survive(`tail of ${streams.join(" and ")} lost`, told, async (fleet) => {
        await reach(fleet, COPIED);
        const before = await fleet.progress();
        const copy = await snapshotStore(fleet.nats);
        await fleet.until(({ market }) => market > 0, TIMEOUT_MS, "the broker to be back");
        const held = new Map<string, number>();
        for (const stream of streams) held.set(stream, (await fleet.bus.streamPosition(stream)).lastSeq);
        await reach(fleet, RESTORED);
        await fleet.until(({ aggregated }) => aggregated > before.market, TIMEOUT_MS, "candles of what will be lost");
        // half a minute may be without a close
        for (const [stream, seq] of held) {
          await expect.poll(async () => (await fleet.bus.streamPosition(stream)).lastSeq, { timeout: TIMEOUT_MS }).toBeGreaterThan(seq);
        }
        const lost = (await fleet.progress()).market - before.market;
        await restoreStore(fleet.nats, copy, streams);
        rmSync(copy, { recursive: true, force: true });
        say(`${streams.join(" and ")} put back to what was stored ${lost} messages of MARKET ago`);
        expect(lost).toBeGreaterThan(0);
      });
    },
    TIMEOUT_MS * 2,
  );
});

const AGAIN = /"msg":"reading stopped; it begins again from the checkpoint"/;

test.runIf(isLong)(
  "yesterday's database restored",
  () =>
    survive("an older database restored", { aggregator: AGAIN, ingest: AGAIN }, async (fleet) => {
      await reach(fleet, COPIED);
      await beRead(fleet);
      const dump = await dumpDatabase(fleet.database.server);
      const copied = await fleet.progress();
      await reach(fleet, RESTORED);
      const before = await fleet.until(({ aggregated }) => aggregated > copied.aggregated, TIMEOUT_MS, "candles that the copy lacks");
      await restoreDatabase(fleet.database.server, dump);
      rmSync(dump, { recursive: true, force: true });
      say(`database of message ${before.aggregated} put back to message ${(await fleet.progress()).aggregated}`);
    }),
  TIMEOUT_MS * 2,
);

// in the short form retention.test.ts of the aggregator rebuilds over tables that are still there; without them it is in the long form only
test.runIf(isLong)(
  "the aggregator's tables and CANDLES deleted, restart: equal tables from history",
  () =>
    survive("aggregator's tables and CANDLES deleted", {}, async (fleet) => {
      await fleet.done(TIMEOUT_MS);
      const part = fleet.part("aggregator");
      await fleet.retire(part);
      await fleet.database.query("drop schema aggregator cascade");
      await deleteStream(fleet, "CANDLES");
      await fleet.migrate();
      const begun = Date.now();
      fleet.add("aggregator", part.env);
      await fleet.done(TIMEOUT_MS);
      say(`rebuilt from history in ${Date.now() - begun} ms`);
    }),
  TIMEOUT_MS * 2,
);
