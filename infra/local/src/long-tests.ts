/** What `npm run test:long` was asked for. */
export interface LongTests {
  /** Words that pick test files, as vitest takes them. */
  filters: readonly string[];
  /** Options for vitest. */
  options: readonly string[];
  /** Seed of the first round; null where each test has its own. */
  seed: number | null;
  /** Rounds begin for so long, each with the next seed; 0: one round. */
  forMs: number;
  help: boolean;
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  chaos: ["test/chaos"],
  fleet: ["test/fleet"],
  fuzz: ["property.test"],
  columns: ["packages/market/test"],
  containers: ["infra/checks/test"],
  services: [
    "test/service.test",
    "services/ingest/test",
    "services/aggregator/test",
    "services/indicator/test",
    "services/pattern-detector/test",
  ],
  commands: ["infra/local/test", "packages/cli/test"],
};
/** Options of vitest whose value is a word of its own. */
const WITH_VALUE = new Set(["-t", "--testNamePattern", "--project", "--reporter"]);
const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

export const longTestsHelp = `npm run test:long -- [name...] [options]

The tests that have a long form, whole: hours of market, dozens of kills, long cuts. Without a name all of them.

  chaos           kill -9, lost data, stopped processes, replicas
  fleet           the whole fleet over long cuts and lost servers
  fuzz            properties on random data
  columns         every column of the candles of recorded files against a slow reference
  containers      the compose file, the image's steps, the broker's rights, examples that subscribe from outside
  services        what each service does under kills, cuts and restarts, with micro-batches of 1, 7 and 1,000 messages
  commands        npm start and the commands of tickfleet, on recorded data
  any other word  the test files of these with that word in their path, such as spy-crash

  --seed N        points of the kills, and random data; a failed run is repeated with the seed that it printed
  --for DURATION  round after round for so long, each with the next seed, until one fails: 90s, 30m, 4h
  --help          this text

Everything else is passed to vitest.`;

/** Options from the command line. @throws Error that says what was expected */
export function parseLongTests(args: readonly string[]): LongTests {
  const names: string[] = [];
  const options: string[] = [];
  let seed: number | null = null;
  let forMs = 0;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === "--seed") seed = seedOf(args[++at]);
    else if (arg === "--for") forMs = durationOf(args[++at]);
    else if (WITH_VALUE.has(arg) && at + 1 < args.length) options.push(arg, args[++at] as string);
    else if (arg.startsWith("-")) options.push(arg);
    else names.push(arg);
  }
  const filters = names.length === 0 ? Object.values(GROUPS).flat() : names.flatMap((name) => GROUPS[name] ?? [name]);
  return { filters, options, seed, forMs, help: options.includes("--help") };
}

function seedOf(text: string | undefined): number {
  const seed = Number(text);
  if (text === undefined || text === "" || !Number.isSafeInteger(seed) || seed < 0)
    throw new Error(`--seed: expected a whole number, found ${JSON.stringify(text ?? "nothing")}`);
  return seed;
}

function durationOf(text: string | undefined): number {
  const match = /^(\d+(?:\.\d+)?)([smh])$/.exec(text ?? "");
  if (match === null) throw new Error(`--for: expected a duration such as 90s, 30m or 4h, found ${JSON.stringify(text ?? "nothing")}`);
  return Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS];
}
