import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { judge } from "../../packages/patterns/src/judgement.ts";
import type { JudgementInputs } from "../../packages/patterns/src/judgement-inputs.ts";
import type { JudgedSignal } from "../../packages/patterns/src/signal-judgement.ts";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { candlesClosingAt, MARKETS } from "./context-candles.ts";
import { ContextFleet } from "./context-fleet.ts";
import { MINUTE_MS } from "./demo-fleet.ts";

const ASSETS = new Set(MARKETS.map((market) => market.split("-", 1)[0])).size;
/** Values are due at this second of each minute: late enough that a delay of 45 s is too long, and early enough for one of 25 s. */
const DUE_SECOND = 15;
const DUE_MS = DUE_SECOND * 1000;
/** Candles before the first minute, so that patterns have something to look back at. */
const PAST_MINUTES = 22;
const MINUTES = 5;
/** Whole minutes of the run with a disturbance in each; the values that are due in them count from two minutes later on. */
const DISTURBED = [1, 2, 3];
const AFTER_CLOSE_MS = 300;
/** What a signal's message says beside its judgement: nothing is revised here. */
const SENT = { revision: 0, state: "active" };

/** What happens to sentiment in a minute that begins at a time. */
type Disturbance = (fleet: ContextFleet, minuteMs: number, minute: number) => Promise<void>;

const until = (timeMs: number): Promise<void> => sleep(Math.max(0, timeMs - Date.now()));
const inTurn = async (minutes: readonly number[], act: (minute: number) => Promise<void>): Promise<void> => {
  for (const minute of minutes) await act(minute);
};

/**
 * Delays publications, in turn in the two ways in which that happens: the connection to the broker holds back what sentiment computed and
 * sent in its time, its retries too; and the process stands still from before it would have asked its sources.
 */
function delayed(seconds: number): Disturbance {
  return async ({ wire, sentiment }, minuteMs, minute) => {
    const isStalled = minute % 2 === 1;
    await until(minuteMs + DUE_MS - 1_000);
    if (isStalled) wire.stall();
    else sentiment.pause();
    await until(minuteMs + DUE_MS + seconds * 1000);
    if (isStalled) await wire.restore();
    else sentiment.resume();
  };
}

/** Kills it, and starts it again at once: between two times of the schedule, between storing and publishing, and as it begins to compute. */
async function killed(fleet: ContextFleet, minuteMs: number, minute: number): Promise<void> {
  const { wire } = fleet;
  if (minute === DISTURBED[0]) await until(minuteMs + 1_000);
  else if (minute === DISTURBED[1]) {
    await until(minuteMs + DUE_MS - 1_000);
    wire.stall();
    await expect.poll(() => fleet.unpublished(minuteMs), { timeout: 20_000 }).toBe(ASSETS);
  } else await until(minuteMs + DUE_MS);
  await fleet.sentiment.kill();
  // what it sent and the broker does not have is lost with it
  await wire.cut();
  await wire.restore();
  await fleet.startSentiment();
}

const nothing: Disturbance = () => Promise.resolve();
const DISTURBANCES = { undisturbed: nothing, "5 s late": delayed(5), "25 s late": delayed(25), killed };

interface Run {
  name: string;
  fleet: ContextFleet;
  disturb: Disturbance;
}

/** Plays minutes of the market to all fleets at once, each minute's candles as it ends, while every sentiment is disturbed in its way. */
async function play(runs: readonly Run[], startMs: number): Promise<void> {
  const publishMinute = async (minute: number): Promise<void> => {
    const candles = candlesClosingAt(startMs + minute * MINUTE_MS, startMs);
    await Promise.all(runs.map(({ fleet }) => fleet.publish(candles)));
  };
  const past = Array.from({ length: PAST_MINUTES }, (_, i) => i + 1 - PAST_MINUTES);
  await inTurn(past, publishMinute);
  // sentiment begins with the first market: in all fleets just after the same whole minute
  await until(startMs + 200);
  await Promise.all(runs.map(({ fleet }) => fleet.insertMarkets(MARKETS)));
  await until(startMs + DUE_MS - 1_000);
  for (const { name, fleet } of runs) expect(await fleet.values(), `${name}: the first values before others are due`).toHaveLength(ASSETS);

  const minutes = Array.from({ length: MINUTES }, (_, i) => i + 1);
  const feeding = inTurn(minutes, async (minute) => {
    await until(startMs + minute * MINUTE_MS + AFTER_CLOSE_MS);
    await publishMinute(minute);
  });
  const disturbing = runs.map(({ fleet, disturb }) =>
    inTurn(DISTURBED, async (minute) => {
      await until(startMs + minute * MINUTE_MS);
      await disturb(fleet, startMs + minute * MINUTE_MS, minute);
    }),
  );
  await Promise.all([feeding, ...disturbing]);
}

interface Outcome {
  name: string;
  /** Time from when values were due to when the first of them was stored, per disturbed minute, milliseconds. */
  delays: number[];
  values: string[];
  rows: Awaited<ReturnType<ContextFleet["rows"]>>;
  messages: Record<string, string[]>;
}

async function readOutcome({ name, fleet }: Run, startMs: number): Promise<Outcome> {
  await fleet.judged();
  const values = (await fleet.values()).filter(({ validFrom }) => validFrom <= startMs + MINUTES * MINUTE_MS);
  const delays = DISTURBED.map((minute) => {
    const timeMs = startMs + minute * MINUTE_MS;
    return Math.min(...values.filter(({ time }) => time === timeMs).map(({ storedMs }) => storedMs)) - timeMs - DUE_MS;
  });
  const said = values.map(({ id, text }) => `${id} ${text}`);
  return { name, delays, values: said, rows: await fleet.rows(), messages: await fleet.outputs() };
}

test.runIf(isLong)(
  "context 0, 5 and 25 s late, and of a sentiment that is killed and begins again: identical signals",
  {
    timeout: 600_000,
  },
  async () => {
    await using done = new AsyncDisposableStack();
    const runs = await Promise.all(
      Object.entries(DISTURBANCES).map(async ([name, disturb]): Promise<Run> => {
        const fleet = done.use(await ContextFleet.open(`${DUE_SECOND} * * * * *`));
        await fleet.startSentiment();
        return { name, fleet, disturb };
      }),
    );
    const startMs = Math.ceil((Date.now() + 10_000) / MINUTE_MS) * MINUTE_MS;
    await play(runs, startMs);
    const outcomes = await Promise.all(runs.map((run) => readOutcome(run, startMs)));
    const [undisturbed, late5, late25, killedOnes] = outcomes as [Outcome, Outcome, Outcome, Outcome];

    // values came, and late where they were to be
    expect(undisturbed.values).toHaveLength((1 + DISTURBED.length) * ASSETS);
    expect(Math.min(...late5.delays)).toBeGreaterThanOrEqual(5_000);
    expect(Math.min(...late25.delays)).toBeGreaterThanOrEqual(25_000);
    expect(Math.max(...killedOnes.delays)).toBeGreaterThan(1_000);
    const signals = undisturbed.rows.signals.map((line) => JSON.parse(line) as { payload: JudgedSignal; inputs: JudgementInputs });
    const withSentiment = signals.flatMap(({ inputs }) => inputs.surroundings.sentiment ?? []);
    expect(withSentiment.length).toBeGreaterThanOrEqual(10);
    expect(new Set(withSentiment.map(({ validFrom }) => validFrom)).size).toBeGreaterThanOrEqual(3);

    for (const { name, values, rows, messages } of [late5, late25, killedOnes]) {
      expect(values, name).toEqual(undisturbed.values);
      expect(rows, name).toEqual(undisturbed.rows);
      expect(messages, name).toEqual(undisturbed.messages);
    }
    // what the gateway's `explain` does: of the rows, which are the same in all
    for (const { payload, inputs } of signals) {
      const { signal } = judge(inputs);
      expect(JSON.stringify({ ...signal, ...SENT })).toBe(JSON.stringify(payload));
    }
  },
);
