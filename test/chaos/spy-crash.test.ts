import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { removeScratch, scratchFolder } from "../../packages/testkit/src/scratch.ts";
import { sharedPath, sharedTitle } from "../../packages/testkit/src/shared-folder.ts";
import { chaosSeed, type Job, say } from "./chaos-run.ts";
import { type Kills, killBy, planOf, type Run, run, sumUp, undisturbed } from "./disturbance.ts";
import { readZip, writeZip } from "./lean-zip.ts";
import { differences, LEAST_LONG, messagesOf } from "./ledger.ts";

const SPY = sharedPath("data/ticks_lean/equity_spy_20131007_trade.zip");
/** The short form leaves the later stages to the demo. */
const length = isLong ? "fleet" : "aggregator";
const TIMEOUT_MS = isLong ? 1_200_000 : 240_000;
const kills: Kills = { services: 88, broker: 8, database: 4 };

const MINUTE_MS = 60_000;
/** Stretches of which nothing is replayed, in minutes since midnight in New York. */
const HOLES = isLong
  ? [
      [600, 607],
      [660, 667],
      [720, 728],
    ]
  : [
      [580, 587],
      [600, 607],
      [620, 628],
    ];
/** Minutes of which the trades in the middle come late: from so far before the close to so far after it. */
const LATE_MINUTES = isLong ? [590, 650, 700, 760, 800, 900] : [575, 592, 612];
const LATE_BY_MS = 90_000;
/** The short form replays the first hours, and every third print of them. */
const UNTIL_MINUTE = isLong ? 1_440 : 640;
const EVERY_PRINT = isLong ? 1 : 3;
/** The same symbol, spelled so that every part is a file of its own. */
const SPELLINGS = ["spy", "SPY", "Spy", "sPy"];
/** In the long form the day's prints are also dealt out to these, so that there are candles enough in more than one partition. */
const DEALT_TO = isLong ? ["SPYA", "SPYB", "SPYC", "SPYD", "SPYE", "SPYF"] : [];

const scratch = scratchFolder("chaos-spy");
let job: Job;
let expected: Run;
let late = 0;

/** Splits the day at the holes, and moves trades of some minutes behind those of the next. */
function disturbedDay(): Job {
  const rows = readZip(SPY)
    .filter((_, at) => at % EVERY_PRINT === 0)
    .map((line) => ({ ms: Number(line.slice(0, line.indexOf(","))), line }));
  const kept = rows.filter(
    ({ ms }) => ms < UNTIL_MINUTE * MINUTE_MS && !HOLES.some(([from, to]) => ms >= from * MINUTE_MS && ms < to * MINUTE_MS),
  );
  const replays: { id: string; files: string[] }[] = [];
  for (const [i, spelling] of SPELLINGS.entries()) {
    const from = HOLES[i - 1]?.[1] ?? 0;
    const to = HOLES[i]?.[0] ?? 1_440;
    const part = kept.filter(({ ms }) => ms >= from * MINUTE_MS && ms < to * MINUTE_MS);
    if (part.length === 0) continue;
    const moved = part.filter(({ ms }, at) => at % 40 === 7 && LATE_MINUTES.includes(Math.floor(ms / MINUTE_MS)));
    late += moved.length;
    const behind = new Set(moved);
    const lines = part
      .map((row, at) => ({ ...row, at, sent: behind.has(row) ? row.ms + LATE_BY_MS : row.ms }))
      .sort((a, b) => a.sent - b.sent || a.at - b.at)
      .map(({ line }) => line);
    const path = join(scratch, `${i}.zip`);
    writeZip(path, `20131007_${spelling}_Trade_Tick.csv`, lines);
    replays.push({ id: `spy-${i}`, files: [path] });
  }
  for (const [i, symbol] of DEALT_TO.entries()) {
    const path = join(scratch, `${symbol}.zip`);
    const lines = rows.filter((_, at) => at % DEALT_TO.length === i).map(({ line }) => line);
    writeZip(path, `20131007_${symbol}_Trade_Tick.csv`, lines);
    replays.push({ id: `dealt-${i}`, files: [path] });
  }
  return { kind: "replay", replays };
}

describe.skipIf(!existsSync(SPY))(sharedTitle("SPY of 2013-10-07 with late trades and holes", SPY), () => {
  beforeAll(async () => {
    job = disturbedDay();
    expected = await undisturbed(job, TIMEOUT_MS, length);
    say(sumUp("SPY, undisturbed", expected));
  }, TIMEOUT_MS);

  afterAll(() => removeScratch(scratch));

  test("the undisturbed run has revisions and gaps", () => {
    expect(late).toBeGreaterThanOrEqual(3);
    expect(expected.ledger.revisions).toBeGreaterThanOrEqual(3);
    expect(expected.ledger.gaps.length).toBeGreaterThanOrEqual(3);
    expect(expected.ledger.doubled).toBe(0);
  });

  test.runIf(isLong)("and enough of everything that is made of candles", () => {
    for (const [stream, count] of Object.entries(LEAST_LONG))
      expect(messagesOf(expected.ledger, stream).length, stream).toBeGreaterThanOrEqual(count);
  });

  // the short form leaves the kills to the demo
  test.runIf(isLong).each([1, 7, 1_000])(
    "killed at random points with micro-batches of %i messages: equal tables and streams",
    async (maxMessages) => {
      const seed = chaosSeed + 100 + maxMessages;
      say(`SPY, micro-batches of ${maxMessages}, seed ${chaosSeed}`);
      const duplicateWindow = maxMessages === 1_000 ? {} : { duplicateWindowMs: 100 };
      const plan = planOf(kills, expected, seed, length);
      const disturbed = await run({ job, maxMessages, ...duplicateWindow, length }, TIMEOUT_MS, (fleet) =>
        killBy(fleet, plan, seed, TIMEOUT_MS),
      );
      say(sumUp(`SPY, micro-batches of ${maxMessages}`, disturbed));
      expect(differences(expected.ledger, disturbed.ledger).map((line) => line.slice(0, 600))).toEqual([]);
      expect(Object.values(disturbed.killed).reduce((sum, count) => sum + count, 0)).toBe(kills.services + kills.broker + kills.database);
    },
    TIMEOUT_MS,
  );
});
