import { randomUUID } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { callerFolder } from "@tickfleet/local/fleet-location";
import { FILE_FORMATS, type FileFormat } from "@tickfleet/venues/file-source";
import { type Command, CommandError, EXIT_FAILED, formatTime, parseCommandLine, printJson, printLine, UsageError } from "./command.ts";
import { databaseOf, withBus } from "./fleet-access.ts";
import { createProgress } from "./progress.ts";
import { followReplay, type ReplayRequest } from "./replay-job.ts";
import type { ReplaySummary } from "./replay-summary.ts";

const HELP = `tickfleet replay FILE... [options]

Sends recorded files through the running fleet, in the order given, and returns when everything derived from
them is stored: trades recorded, candles of all timeframes. Files that were replayed before change nothing.

  --venue V         venue of the trades, where the file does not tell it
  --instrument I    canonical instrument, such as BTC-USDT, for files that do not name it
  --format F        ${FILE_FORMATS.join(", ")}; told by the content where absent
  --speed max|Nx    as fast as it can (default), or N times real time, such as 1x or 60x
  --data DIR        data folder of the fleet (.tickfleet)
  --json            the summary as one line of JSON and nothing else on standard output

The exit code is 0 when all files were read to their ends, 1 when not: the summary then counts what could be read.`;

/** Replays files through the fleet. */
export const replayFiles: Command = {
  name: "replay",
  summary: "send recorded files through the running fleet",
  help: HELP,
  async run(args) {
    const { values, positionals } = parseCommandLine(args, {
      venue: { type: "string" },
      instrument: { type: "string" },
      format: { type: "string" },
      speed: { type: "string" },
      data: { type: "string" },
      json: { type: "boolean" },
    });
    const request: ReplayRequest = {
      id: randomUUID(),
      files: filesOf(positionals),
      ...(values.venue === undefined ? {} : { venue: values.venue }),
      ...(values.instrument === undefined ? {} : { instrument: values.instrument }),
      ...(values.format === undefined ? {} : { format: formatOf(values.format) }),
      speed: speedOf(values.speed ?? "max"),
    };
    const progress = createProgress();
    const onInterrupt = (): void => {
      progress.note(`replay ${request.id} goes on in the fleet; \`tickfleet status\` shows how far it is`);
      process.exit(130);
    };
    process.on("SIGINT", onInterrupt);
    try {
      const summary = await withBus(values.data, (bus, fleet) => followReplay(bus, databaseOf(fleet), request, progress));
      progress.end();
      if (values.json) printJson(summary);
      else for (const line of inWords(summary)) printLine(line);
      if (summary.error !== undefined) process.stderr.write(`tickfleet replay: ${summary.error}\n`);
      return summary.error === undefined ? 0 : EXIT_FAILED;
    } finally {
      progress.end();
      process.off("SIGINT", onInterrupt);
    }
  },
};

function filesOf(names: readonly string[]): string[] {
  if (names.length === 0) throw new UsageError("expected the files to replay, found none");
  const paths = names.map((name) => resolve(callerFolder(), name));
  const faults = paths.flatMap((path) => faultOf(path) ?? []);
  if (faults.length > 0) throw new CommandError(faults.join("\n"));
  return paths;
}

function faultOf(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return `${path}: expected a file, found something else`;
    accessSync(path, constants.R_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return `${path}: there is no such file`;
    return `${path}: may not be read (${code}); check its rights`;
  }
}

function formatOf(text: string): FileFormat {
  const format = FILE_FORMATS.find((candidate) => candidate === text);
  if (format === undefined) throw new UsageError(`--format: expected one of ${FILE_FORMATS.join(", ")}, found ${JSON.stringify(text)}`);
  return format;
}

function speedOf(text: string): "max" | number {
  if (text === "max") return "max";
  const speed = Number(/^(\d+(?:\.\d+)?)x$/.exec(text)?.[1]);
  if (!(speed > 0)) throw new UsageError(`--speed: expected max or a multiple of real time such as 10x, found ${JSON.stringify(text)}`);
  return speed;
}

function inWords(summary: ReplaySummary): string[] {
  const count = (value: number): string => value.toLocaleString("en-US");
  const candles = Object.entries(summary.candles).map(([timeframe, value]) => `${timeframe} ${count(value)}`);
  return [
    `trades       ${count(summary.trades)} read, ${count(summary.recorded)} new on record, ${count(summary.quarantined)} quarantined`,
    `time         ${formatTime(summary.firstTime)} to ${formatTime(summary.lastTime)}`,
    `candles      ${candles.join(", ") || "none"}`,
    `took         ${summary.seconds.toFixed(1)} s, ${count(summary.tradesPerSecond)} trades/s`,
  ];
}
