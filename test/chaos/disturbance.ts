import { besideOf, type ChainLength, stagesOf } from "./chain.ts";
import { type FleetOptions, type Job, type Progress, pause, randomOf, say } from "./chaos-run.ts";
import { FleetUnderTest } from "./fleet-under-test.ts";
import { type Ledger, ledgerOf, messagesOf } from "./ledger.ts";

/** How often each is killed (`kill -9`) while a job runs. */
export interface Kills {
  /** Processes of all services of the run, each its share. */
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
export async function undisturbed(job: Job, timeoutMs: number, length: ChainLength = "aggregator"): Promise<Run> {
  return run({ job, length }, timeoutMs, async () => ({}));
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

/** Something is killed when a measure of the progress has reached a number. */
interface Blow {
  at: number;
  /** `market`, `aggregated`, or a derived stream: what it holds. */
  measure: string;
  what: string;
}

/** Points at which something is killed: messages of MARKET that are stored or aggregated, messages of the derived streams. */
export function planOf(kills: Kills, expected: Run, seed: number, length: ChainLength = "aggregator"): Blow[] {
  const random = randomOf(seed);
  const plan: Blow[] = [];
  const put = (count: number, what: string, measure: string, messages: number): void => {
    for (let i = 0; i < count; i++) plan.push({ at: Math.floor(((i + random()) / count) * messages * SPREAD), measure, what });
  };
  const [aggregator, ...later] = stagesOf(length);
  const beside = Object.keys(besideOf(length));
  const shares = sharesOf(kills.services, 2 + later.length + beside.length);
  put(shares[0] as number, "ingest", "market", expected.messages);
  put(shares[1] as number, aggregator?.service ?? "", "aggregated", expected.messages);
  for (const [i, { service, writes }] of later.entries()) {
    const stream = writes[0] as string;
    put(shares[i + 2] as number, service, stream, messagesOf(expected.ledger, stream).length);
  }
  for (const [i, service] of beside.entries()) put(shares[2 + later.length + i] as number, service, "aggregated", expected.messages);
  put(kills.broker, "broker", "aggregated", expected.messages);
  put(kills.database, "database", "aggregated", expected.messages);
  return plan;
}

/** Splits a number into nearly equal parts, the greater ones first. */
function sharesOf(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor((total + parts - 1 - i) / parts));
}

function measured({ written, ...progress }: Progress, measure: string): number {
  return written[measure] ?? (progress as Record<string, number>)[measure] ?? 0;
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
  const targets = [...new Set(plan.map(({ what }) => what))].sort();
  await Promise.all(targets.map((what, i) => strike(what, randomOf(seed + i))));
  say(`killed ${JSON.stringify(killed)}`);
  return killed;

  async function strike(what: string, random: () => number): Promise<void> {
    for (const blow of plan.filter((each) => each.what === what).sort((a, b) => a.at - b.at)) {
      await fleet.until(
        (progress) => measured(progress, blow.measure) >= blow.at,
        timeoutMs,
        `${blow.measure} to be at ${blow.at} to kill ${what}`,
      );
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
    // one that boots has nothing to lose yet: its port for operations is open once it runs
    await fleet.until(() => (part.service?.opsPort ?? -1) !== -1, timeoutMs, `${what} to be back`);
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
  const streams = [...new Set([...ledger.outputs.keys()].map((key) => key.split(" ")[0] as string))];
  const outputs = streams.map((stream) => `${stream} ${messagesOf(ledger, stream).length}`).join(", ");
  const rows = [...ledger.tables].map(([view, lines]) => `${view.split(".pub_")[1]} ${lines.length}`).join(", ");
  const kills = Object.entries(killed)
    .map(([what, count]) => `${what} ${count}`)
    .join(", ");
  return `| ${name} | ${ledger.recorded} | ${messages} | ${rows} | ${outputs} | ${ledger.revisions} | ${ledger.gaps.length} | ${kills || "none"} | ${seconds.toFixed(1)} |`;
}
