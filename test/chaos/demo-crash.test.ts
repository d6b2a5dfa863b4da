import { beforeAll, describe, expect, test } from "vitest";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { chaosSeed, type Job, say } from "./chaos-run.ts";
import { type Kills, killBy, planOf, type Run, run, sumUp, undisturbed } from "./disturbance.ts";
import { differences, LEAST_LONG, LEAST_SHORT, messagesOf } from "./ledger.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 5, 22);
const job: Job = { kind: "demo", seed: 7, startMs: START_MS, endMs: START_MS + (isLong ? 26 : 1) * HOUR_MS };
const length = isLong ? "fleet" : "chain";
const TIMEOUT_MS = isLong ? 1_800_000 : 240_000;
const kills: Kills = isLong ? { services: 88, broker: 8, database: 4 } : { services: 5, broker: 1, database: 1 };

let expected: Run;

beforeAll(async () => {
  expected = await undisturbed(job, TIMEOUT_MS, length);
  say(sumUp("demo, undisturbed", expected));
}, TIMEOUT_MS);

describe(`the demo, seed 7, ${isLong ? 26 : 1} h`, () => {
  test("the undisturbed run has revisions and gaps", () => {
    expect(expected.ledger.revisions).toBeGreaterThanOrEqual(3);
    expect(expected.ledger.gaps.length).toBeGreaterThanOrEqual(3);
    expect(expected.ledger.doubled).toBe(0);
  });

  test("and enough of everything that is made of candles", () => {
    const least = isLong ? LEAST_LONG : LEAST_SHORT;
    for (const [stream, count] of Object.entries(least))
      expect(messagesOf(expected.ledger, stream).length, stream).toBeGreaterThanOrEqual(count);
  });

  // in the short form the tests of aggregator, indicator and pattern-detector have 7, without kills; 1 is in the long form only
  test.each(isLong ? [1, 7, 1_000] : [1_000])(
    "killed at random points with micro-batches of %i messages: equal tables and streams",
    async (maxMessages) => {
      const seed = chaosSeed + maxMessages;
      say(`micro-batches of ${maxMessages}, seed ${chaosSeed}`);
      const duplicateWindow = maxMessages === 7 ? {} : { duplicateWindowMs: 100 };
      const plan = planOf(kills, expected, seed, length);
      const disturbed = await run({ job, maxMessages, ...duplicateWindow, length }, TIMEOUT_MS, (fleet) =>
        killBy(fleet, plan, seed, TIMEOUT_MS),
      );
      say(sumUp(`demo, micro-batches of ${maxMessages}`, disturbed));
      expect(differences(expected.ledger, disturbed.ledger)).toEqual([]);
      expect(Object.values(disturbed.killed).reduce((sum, count) => sum + count, 0)).toBe(kills.services + kills.broker + kills.database);
    },
    TIMEOUT_MS,
  );
});
