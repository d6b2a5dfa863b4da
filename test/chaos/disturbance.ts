import { type FleetOptions, type Job, pause, randomOf, say } from "./chaos-run.ts";
import { FleetUnderTest } from "./fleet-under-test.ts";
import { type Ledger, ledgerOf } from "./ledger.ts";

/** How often each is killed (`kill -9`) while a job runs. */
export interface Kills {
  /** Processes of ingest and aggregator, half and half. */
  services: number;
  broker: number;
  database: number;
}

export interface Run {
  ledger: Ledger;
  /** Seconds from the start of the services until everything was stored. */
  seconds: number;
  /** Messages in MARKET at the end. */
  messages: number;
  /** Kills that met a running process. */
  killed: Record<string, number>;
}

const DOWN_MS = 300;
const SPREAD = 0.97;

/** Runs a job that nobody disturbs. */
export async function undisturbed(job: Job, timeoutMs: number): Promise<Run> {
  return run({ job }, timeoutMs, async () => ({}));
}

/** Opens a fleet, runs its job beside `disturb`, and looks at what it left. */
export async function run(
  options: FleetOptions,
  timeoutMs: number,
  disturb: (fleet: FleetUnderTest) => Promise<Record<string, number>>,
): Promise<Run> {
  await using fleet = await FleetUnderTest.open(options);
  const begun = Date.now();
  await fleet.start();
  const killed = await disturb(fleet);
  const { market } = await fleet.done(timeoutMs);
  const seconds = (Date.now() - begun) / 1000;
  await fleet.stopServices();
  const ledger = await ledgerOf(fleet);
  return { ledger, seconds, messages: market, killed };
}

interface Blow {
  at: number;
  measure: "market" | "aggregated";
  what: "ingest" | "aggregator" | "broker" | "database";
}

/** Points at which something is killed: messages of MARKET that are stored, or taken in by the aggregator. */
export function planOf(kills: Kills, messages: number, seed: number): Blow[] {
  const random = randomOf(seed);
  const plan: Blow[] = [];
  const put = (count: number, what: Blow["what"], measure: Blow["measure"]): void => {
    for (let i = 0; i < count; i++) plan.push({ at: Math.floor(((i + random()) / count) * messages * SPREAD), measure, what });
  };
  put(Math.ceil(kills.services / 2), "ingest", "market");
  put(Math.floor(kills.services / 2), "aggregator", "aggregated");
  put(kills.broker, "broker", "aggregated");
  put(kills.database, "database", "aggregated");
  return plan;
}

/** Kills by the plan, each blow a random moment after its point is reached; returns what was hit. */
export async function killBy(
  fleet: FleetUnderTest,
  plan: readonly Blow[],
  seed: number,
  timeoutMs: number,
): Promise<Record<string, number>> {
  const killed: Record<string, number> = {};
  // a blow to the one must not hide a blow to the other: they wait for their points side by side
  await Promise.all(["ingest", "aggregator", "broker", "database"].map((what, i) => strike(what, randomOf(seed + i))));
  say(`killed ${JSON.stringify(killed)}`);
  return killed;

  async function strike(what: string, random: () => number): Promise<void> {
    for (const blow of plan.filter((each) => each.what === what).sort((a, b) => a.at - b.at)) {
      await fleet.until((progress) => progress[blow.measure] >= blow.at, timeoutMs, `${blow.measure} to be at ${blow.at} to kill ${what}`);
      await pause(random() * 30);
      if (await hit(blow.what)) killed[what] = (killed[what] ?? 0) + 1;
    }
  }

  async function hit(what: Blow["what"]): Promise<boolean> {
    if (what === "broker")
      return down(
        () => fleet.nats.kill(),
        () => fleet.nats.start(),
      );
    if (what === "database")
      return down(
        () => fleet.database.server.kill(),
        () => fleet.database.server.start(),
      );
    const part = fleet.part(what);
    await fleet.until(() => part.service !== null, timeoutMs, `${what} to be back`);
    await fleet.kill(part);
    return true;
  }
}

async function down(kill: () => Promise<void>, start: () => Promise<void>): Promise<boolean> {
  await kill();
  await pause(DOWN_MS);
  await start();
  return true;
}

/** One line about a run, for `docs/benchmarks.md`. */
export function sumUp(name: string, { ledger, seconds, messages, killed }: Run): string {
  const outputs = [...ledger.outputs.values()].reduce((sum, lines) => sum + lines.length, 0);
  const kills = Object.entries(killed)
    .map(([what, count]) => `${what} ${count}`)
    .join(", ");
  return `| ${name} | ${ledger.recorded} | ${messages} | ${ledger.candles.length} | ${outputs} | ${ledger.revisions} | ${ledger.gaps.length} | ${kills || "none"} | ${seconds.toFixed(1)} |`;
}
