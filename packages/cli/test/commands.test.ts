import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { projectRoot } from "@tickfleet/local/folders";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { isLong } from "@tickfleet/testkit/long-form";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { lettersOfJob } from "../src/letters.ts";
import type { ReplayJob } from "../src/replay-summary.ts";
import { type CommandResult, type FleetRun, runCommand, runHere, startFleetRun } from "./fleet-run.ts";
import { sampleCapture } from "./sample-capture.ts";

let folder: string;
let fleet: FleetRun;
let bus: Bus;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tickfleet commands "));
  fleet = await startFleetRun();
  bus = await openBus({ url: fleet.address.nats, name: "test" });
  writeFileSync(join(folder, "capture.txt"), `${sampleCapture("ETHUSDT").join("\n")}\n`);
});

afterAll(async () => {
  await bus?.close();
  await fleet?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function command(...args: string[]): Promise<CommandResult> {
  return runHere([...args, "--data", fleet.address.data]);
}

/** Starts to listen, here or as a process; resolves when nothing can be missed any more. */
function subscribe(here: boolean, ...args: string[]): Promise<{ ended: Promise<CommandResult> }> {
  return new Promise((resolve) => {
    const words = ["subscribe", ...args, "--data", fleet.address.data];
    const onStderr = (text: string): void => {
      if (text.includes("listening")) resolve({ ended });
    };
    const ended = here ? runHere(words, onStderr) : runCommand(words, { onStderr });
  });
}

function linesOf<T>({ stdout }: CommandResult): T[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

/** Tries again until it holds, for 20 s. */
async function until<T>(look: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = await look();
    if (holds(value) || Date.now() > deadline) return value;
  }
}

test("every command explains itself; what is unknown is told with the list of commands", async () => {
  const names = ["up", "replay", "status", "subscribe", "latency", "migrate", "dlq"];
  const [overview, unknown] = await Promise.all([runCommand(["--help"]), runCommand(["reply"])]);
  const nothing = await runHere([]);
  const helps = await Promise.all(names.map((name) => runHere([name, "--help"])));
  expect([overview.code, nothing.code, unknown.code]).toEqual([0, 64, 64]);
  for (const name of names) expect(overview.stdout).toContain(`  ${name} `);
  expect(unknown.stderr).toContain('no command "reply"');
  for (const [i, help] of helps.entries()) {
    expect(help.code).toBe(0);
    expect(help.stdout).toContain(`tickfleet ${names[i]}`);
    expect(help.stdout).toContain("--data DIR");
  }
});

test("subscribe prints what a replay brings, one JSON line a message", async () => {
  interface Line {
    channel: string;
    kind: string;
    seq?: number;
    prev?: number;
    data: { openTime: number; state: string; volumeBase: number };
  }
  const [closed, all, clocks, enriched] = await Promise.all([
    subscribe(true, "candle:binance:ETH-USDT:1m", "--closed", "--count", "3"),
    subscribe(false, "candle:*:*:*", "--count", "20"),
    subscribe(false, "clock:*:*", "--count", "2"),
    subscribe(false, "enriched:binance:*:1m", "--count", "3"),
  ]);
  const replayed = await runCommand(["replay", join(folder, "capture.txt"), "--json", "--data", fleet.address.data]);
  expect(replayed.code).toBe(0);
  const lines = linesOf<Line>(await closed.ended);
  expect(lines.map(({ channel, kind, data }) => [channel, kind, data.state])).toEqual(
    Array.from({ length: 3 }, () => ["candle:binance:ETH-USDT:1m", "candle", "closed"]),
  );
  expect(lines[1]?.prev).toBe(lines[0]?.seq);
  expect(lines[2]?.prev).toBe(lines[1]?.seq);
  expect(lines.map(({ data }) => data.openTime / 60_000)).toEqual([0, 1, 2].map((i) => Date.UTC(2024, 1, 28, 23, 57 + i) / 60_000));
  const withIndicators = linesOf<Line & { data: { indicators: object } }>(await enriched.ended);
  expect(withIndicators.map(({ kind, data }) => [kind, data.openTime, typeof data.indicators])).toEqual(
    lines.map(({ data }) => ["enriched", data.openTime, "object"]),
  );
  expect(linesOf<Line>(await all.ended).some(({ kind }) => kind === "forming-candle")).toBe(true);
  expect(linesOf<Line>(await clocks.ended).map(({ channel }) => channel)).toEqual([
    "clock:binance:replay-ETH-USDT",
    "clock:binance:replay-ETH-USDT",
  ]);
});

test("subscribe tells once, after a while without a message, which instruments there are", async () => {
  const file = join(folder, "late.txt");
  writeFileSync(file, `${sampleCapture("DOGEUSDT").join("\n")}\n`);
  const channels = ["candle:binance:NOPE-X:1m", "candle:binance:DOGE-USDT:1m"];
  let ended: Promise<CommandResult> | undefined;
  await new Promise<void>((resolve) => {
    const onStderr = (text: string): void => {
      if (text.includes("nothing came yet")) resolve();
    };
    ended = runCommand(["subscribe", ...channels, "--count", "1", "--data", fleet.address.data], { onStderr });
  });
  expect((await command("replay", file)).code).toBe(0);
  const told =
    "nothing came yet; no instrument on record is on candle:binance:NOPE-X:1m, candle:binance:DOGE-USDT:1m; on record are binance:ETH-USDT\n";
  expect(await ended).toMatchObject({ code: 0, stderr: `listening\n${told}` });
});

test("a channel that cannot be is refused", async () => {
  const results = await Promise.all([
    command("subscribe", "candles:*:*:1m"),
    command("subscribe", "candle:*:*"),
    command("subscribe", "candle:*:*:2m"),
  ]);
  expect(results.map(({ code }) => code)).toEqual([64, 64, 64]);
  expect(results[0]?.stderr).toContain("expected a channel of candle, forming, enriched, pattern, signal");
  expect(results[1]?.stderr).toContain("expected candle:<venue>:<instrument>:<timeframe>");
  expect(results[2]?.stderr).toContain("found 2m");
});

test("latency tells the way of the messages that a replay brought", async () => {
  const { code, stdout } = await command("latency", "--json");
  expect(code).toBe(0);
  const { data } = JSON.parse(stdout) as { data: { message: string; hops: { from: string; to: string }[] }[] };
  expect(data.find(({ message }) => message === "candle")?.hops[0]).toMatchObject({ from: "stored", to: "gateway" });
  expect((await command("latency")).stdout).toMatch(/^message +from +to +p50 ms +p99 ms +samples\n/);
});

test("status tells services, streams, readers, instruments and replays", async () => {
  const { code, stdout } = await command("status", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    services: [
      ...["aggregator", "api"].map((name) => ({ name, ok: true, detail: "" })),
      // without the demo they have nothing to do, and say so
      { name: "futures-collector", ok: true, detail: expect.stringMatching(/^idle: .*FUTURES_SOURCES/) },
      ...["indicator", "ingest", "pattern-detector"].map((name) => ({ name, ok: true, detail: "" })),
      { name: "sentiment", ok: true, detail: expect.stringMatching(/^idle: .*SENTIMENT_SOURCES/) },
    ],
    streams: ["MARKET", "CANDLES", "ENRICHED", "PATTERNS", "SIGNALS", "CONTEXT", "DLQ"].map((name) => ({ name })),
    readers: [
      { name: "recorder", lag: 0 },
      { name: "aggregator", lag: 0 },
      { name: "indicator", lag: 0 },
      { name: "pattern-detector", lag: 0 },
    ],
    instruments: ["DOGE-USDT", "ETH-USDT"].map((instrument) => ({ venue: "binance", instrument, parked: false })),
    replays: ["DOGE-USDT", "ETH-USDT"].map((instrument) => ({
      state: "done",
      trades: 900,
      recorded: 900,
      venue: "binance",
      instruments: [instrument],
      left: null,
    })),
    deadLetters: 0,
    faults: [],
  });
  expect(stdout).not.toContain(new URL(fleet.address.database).password);
  const words = await command("status");
  expect(words.stdout).toMatch(/binance ETH-USDT\s+can be rebuilt from 2024-02-28T23:57/);
  expect(words.stdout).toMatch(
    /Replays\n {2}done\s+binance DOGE-USDT\s+900 trades, 900 recorded\s+late\.txt\n {2}done\s+binance ETH-USDT\s+900 trades/,
  );
});

test("a replay paced by its own time takes that long", async () => {
  const short = join(folder, "short.txt");
  writeFileSync(short, `${sampleCapture("ADAUSDT").slice(0, 60).join("\n")}\n`);
  const { code, stdout } = await command("replay", short, "--speed", "2x", "--json");
  const { firstTime, lastTime, seconds } = JSON.parse(stdout) as { firstTime: number; lastTime: number; seconds: number };
  expect(code).toBe(0);
  expect(seconds).toBeGreaterThan((lastTime - firstTime) / 2000);
});

test("dead letters are listed, shown and sent back", async () => {
  expect((await command("dlq", "list")).stdout).toBe("no dead letters\n");
  const subject = subjectOf(tradeBatch, { venue: "binance", instrument: "ETH-USDT" });
  await bus.publishBatch([{ subject, headers: { "Nats-Msg-Id": "poison" }, data: new TextEncoder().encode('{"venue":"binance"}') }]);
  interface Letter {
    dlqSeq: number;
    streamSeq: number;
    service: string;
    kind: string;
    subject: string;
  }
  const list = async (): Promise<Letter[]> => linesOf<Letter>(await command("dlq", "list", "--json"));
  const letters = await until(list, (found) => found.length === 2);
  expect(letters.map(({ service }) => service).sort()).toEqual(["aggregator", "ingest"]);
  expect(letters.map(({ kind, subject: of }) => [kind, of])).toEqual([
    ["invalid", subject],
    ["invalid", subject],
  ]);
  const job = { venue: "binance", instruments: ["ETH-USDT"], lastSeq: letters[0]?.streamSeq ?? 0 } as ReplayJob;
  expect(await lettersOfJob(bus, job, 0)).toEqual({ messages: 1, error: expect.stringContaining(": ") });
  expect(await lettersOfJob(bus, job, 2)).toBeNull();
  expect(await lettersOfJob(bus, { ...job, instruments: ["OTHER"] }, 0)).toBeNull();
  const shown = await command("dlq", "show", String(letters[0]?.dlqSeq));
  expect(JSON.parse(shown.stdout)).toMatchObject({ dlqSeq: letters[0]?.dlqSeq, message: { venue: "binance" } });
  const retried = await command("dlq", "retry", String(letters[0]?.dlqSeq), "999", "--json");
  expect(retried.code).toBe(1);
  expect(JSON.parse(retried.stdout)).toEqual({ retried: 1, skipped: [{ dlqSeq: 999, reason: "no dead letter at this sequence" }] });
  expect(await until(list, (found) => found.length === 4)).toHaveLength(4);
  expect((await command("dlq", "show", "999")).stderr).toContain("there is no dead letter 999");
});

test("migrations are shown, taken back and run again", async () => {
  interface Report {
    service: string;
    changed: string[];
    migrations: { name: string; appliedAt: number | null }[];
  }
  const status = async (): Promise<(number | null)[]> => {
    const [report] = JSON.parse((await command("migrate", "status", "api", "--json")).stdout) as Report[];
    return (report as Report).migrations.map(({ appliedAt }) => appliedAt);
  };
  expect((await status()).every((appliedAt) => appliedAt !== null)).toBe(true);
  expect((await command("migrate", "down", "api")).stdout).toMatch(/^api: took back \d{8}T\d{4}-/);
  expect((await status()).at(-1)).toBeNull();
  expect((await command("migrate", "up")).stdout).toContain("api 1 of ");
  expect((await status()).at(-1)).not.toBeNull();
  const wrong = await Promise.all([command("migrate", "down"), command("migrate", "sideways"), command("migrate", "up", "nobody")]);
  expect(wrong.map(({ code }) => code)).toEqual([64, 64, 64]);
});

/** Starts the command as `npx tickfleet` does; it is ended with the test at the latest. */
function launch(...args: string[]): { child: ChildProcess; said: { stdout: string; stderr: string }; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [join(projectRoot, "infra/local/tickfleet.mjs"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk) => {
      said[name] += String(chunk);
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    // it passes the signal on, and ends after what it runs
    child.kill("SIGTERM");
    await ended;
  });
  return { child, said, ended };
}

test("the launcher runs commands, with their output and exit code", async () => {
  const [help, status, unknown] = [launch("--help"), launch("status", "--json", "--data", fleet.address.data), launch("reply")];
  expect(await Promise.all([help.ended, status.ended, unknown.ended])).toEqual([0, 0, 64]);
  expect(help.said).toEqual({ stdout: (await runHere(["--help"])).stdout, stderr: "" });
  expect(JSON.parse(status.said.stdout)).toMatchObject({ ok: true });
  expect(unknown.said.stderr).toContain('no command "reply"');
});

// long form only: in the short form the tests of npm start hold what starts and ends the fleet, and the one above the launcher
test.runIf(isLong)("up starts a fleet that SIGTERM ends", async () => {
  const data = join(folder, "second");
  const { child, said, ended } = launch("up", "--no-demo", "--json", "--port", "0", "--data", data);
  await expect.poll(() => said.stdout, { timeout: 120_000, interval: 100 }).toContain('"event":"ready"');
  expect((await runCommand(["status", "--data", data])).code).toBe(0);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(said.stdout).toContain('"event":"stopped"');
});
