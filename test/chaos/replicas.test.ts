import { beforeAll, expect, test } from "vitest";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { type Job, pause, say } from "./chaos-run.ts";
import { type Run, run, sumUp, undisturbed } from "./disturbance.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";
import { differences } from "./ledger.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 5, 22);
const job: Job = { kind: "demo", seed: 7, startMs: START_MS, endMs: START_MS + (isLong ? 8 : 0.4) * HOUR_MS };
const TIMEOUT_MS = isLong ? 900_000 : 240_000;
/** Longer than the lease, by far. */
const STOPPED_MS = isLong ? 30_000 : 8_000;
const LANES = 16;

let expected: Run;

beforeAll(async () => {
  expected = await undisturbed(job, TIMEOUT_MS);
}, TIMEOUT_MS);

/** How a woken process learns that it was replaced; one that slept in the middle of a publish begins again without its answer. */
const TOLD_OFF = /taken over|refused|another process|no answer to a publish/i;

interface Holder {
  owner: string;
  lanes: number;
  epochs: number;
}

async function holders({ database }: FleetUnderTest): Promise<Holder[]> {
  return database.query<Holder & Record<string, unknown>>(
    `select owner, count(*)::int as lanes, sum(epoch)::int as epochs from aggregator.lanes
     where owner is not null and expires > now() group by owner order by owner`,
  );
}

/** Resolves when so many processes share all lanes. */
async function sharedBy(fleet: FleetUnderTest, processes: number): Promise<Holder[]> {
  let found: Holder[] = [];
  await fleet.until(() => true, TIMEOUT_MS, "an answer");
  for (const deadline = Date.now() + TIMEOUT_MS; Date.now() < deadline; await pause(50)) {
    found = await holders(fleet);
    if (found.length === processes && found.reduce((sum, { lanes }) => sum + lanes, 0) === LANES) return found;
  }
  throw new Error(`${processes} processes do not share the lanes: ${JSON.stringify(found)}\n${fleet.logged()}`);
}

function at(fleet: FleetUnderTest, share: number): Promise<unknown> {
  const point = Math.floor(expected.messages * share);
  return fleet.until(({ aggregated }) => aggregated >= point, TIMEOUT_MS, `${point} messages to be aggregated`);
}

test(
  "an aggregator stopped beyond its lease, and woken after another took over: its writes and publishes are refused",
  async () => {
    const disturbed = await run(
      { job, maxMessages: 7, leaseMs: 4_000, duplicateWindowMs: 100, aggregators: 2 },
      TIMEOUT_MS,
      async (fleet) => {
        const before = await sharedBy(fleet, 2);
        await at(fleet, 0.1);
        const stopped = fleet.part("aggregator");
        const process = stopped.service as NonNullable<typeof stopped.service>;
        process.pause();
        const begun = Date.now();
        const [alone] = await sharedBy(fleet, 1);
        say(`one of two stopped, the other holds all lanes after ${Date.now() - begun} ms`);
        expect(before.map(({ owner }) => owner)).toContain(alone?.owner);
        await pause(Math.max(0, STOPPED_MS - (Date.now() - begun)));
        process.resume();
        await expect.poll(() => fleet.told("aggregator").join("\n"), { timeout: 30_000 }).toMatch(TOLD_OFF);
        const after = await sharedBy(fleet, 2);
        const epochs = (list: readonly Holder[]): number => list.reduce((sum, holder) => sum + holder.epochs, 0);
        expect(epochs(after)).toBeGreaterThan(epochs(before));
        return { "aggregator stopped": 1 };
      },
    );
    say(sumUp("demo, an aggregator stopped and woken", disturbed));
    expect(differences(expected.ledger, disturbed.ledger)).toEqual([]);
  },
  TIMEOUT_MS,
);

// the short form leaves it to ingest's own test of the same
test.runIf(isLong)(
  "an ingest stopped beyond its lease, and woken after another took over: it ends, MARKET holds every trade",
  async () => {
    const disturbed = await run({ job, duplicateWindowMs: 100 }, TIMEOUT_MS, async (fleet) => {
      await fleet.until(({ market }) => market > expected.messages * 0.05, TIMEOUT_MS, "ingest to publish");
      const stopped = fleet.part("ingest");
      const process = stopped.service as NonNullable<typeof stopped.service>;
      process.pause();
      stopped.wanted = false;
      const { market } = await fleet.progress();
      const second = fleet.add("ingest", stopped.env);
      await fleet.until((progress) => progress.market > market, TIMEOUT_MS, "the second ingest to go on");
      process.resume();
      expect(await process.exited).toMatchObject({ signal: null, code: expect.any(Number) });
      expect(process.lines.join("\n")).toMatch(/another process took the lease|lease/);
      expect(second.starts).toBe(1);
      return { "ingest stopped": 1 };
    });
    say(sumUp("demo, an ingest stopped and woken", disturbed));
    expect(differences(expected.ledger, disturbed.ledger)).toEqual([]);
  },
  TIMEOUT_MS,
);

// the short form leaves it to the aggregator's own test of the same
test.runIf(isLong)(
  "replicas that join and leave hand the partitions over",
  async () => {
    const disturbed = await run({ job, maxMessages: 7, duplicateWindowMs: 100 }, TIMEOUT_MS, async (fleet) => {
      const first = fleet.part("aggregator");
      await sharedBy(fleet, 1);
      fleet.addAggregator();
      const begun = Date.now();
      const shared = await sharedBy(fleet, 2);
      expect(shared.map(({ lanes }) => lanes)).toEqual([LANES / 2, LANES / 2]);
      say(`a second one has its share after ${Date.now() - begun} ms`);
      await at(fleet, 0.3);
      const left = Date.now();
      await fleet.retire(first);
      await sharedBy(fleet, 1);
      say(`the lanes of one that left are taken ${Date.now() - left} ms after it was asked to`);
      fleet.addAggregator();
      await sharedBy(fleet, 2);
      return { "joined and left": 3 };
    });
    say(sumUp("demo, replicas joining and leaving", disturbed));
    expect(differences(expected.ledger, disturbed.ledger)).toEqual([]);
  },
  TIMEOUT_MS,
);
