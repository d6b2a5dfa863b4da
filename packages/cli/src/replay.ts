import { randomUUID } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { callerFolder } from "@tickfleet/local/fleet-location";
import { INSTRUMENT_NAME_RULE, isInstrumentName, isVenueName, VENUE_NAME_RULE } from "@tickfleet/market/market-names";
import { COLUMN_ROLES, type ColumnRole } from "@tickfleet/venues/csv/columns";
import { FILE_FORMATS, type FileFormat } from "@tickfleet/venues/file-source";
import { type Command, CommandError, EXIT_FAILED, formatTime, parseCommandLine, printJson, printLine, UsageError } from "./command.ts";
import { databaseOf, withBus } from "./fleet-access.ts";
import { createProgress } from "./progress.ts";
import { followReplay, type ReplayRequest } from "./replay-job.ts";
import type { ReplaySummary } from "./replay-summary.ts";

const MOST_SHOWN = 120;

const HELP = `tickfleet replay FILE... [options]

Sends recorded files through the running fleet, in the order given, and returns when everything derived from
them is stored: trades recorded, candles, indicators, patterns and signals of all
timeframes. Files that were replayed before change nothing.

  --venue V         venue of the trades, where the file does not tell it: [a-z0-9][a-z0-9_-]*, at most 32 characters
  --instrument I    canonical instrument, such as BTC-USDT, for files that do not name it: letters, digits, . _ - / + = ^ @ # & $
  --format F        ${FILE_FORMATS.join(", ")}; told by the content where absent
  --calendar C      trading hours of CSV files: crypto (default, all of every day) or us-equity
  --columns A=B,... columns of CSV files that are called otherwise: time, price, size, side (the taker's: buy or sell),
                    maker (true where the buyer was the maker), id and symbol, each by its name in the header or its
                    place from 1, such as time=ts,price=px,size=qty,side=s
  --speed max|Nx    as fast as it can (default), or N times real time, such as 1x or 60x
  --data DIR        data folder of the fleet (.tickfleet)
  --json            the summary as one line of JSON and nothing else on standard output

CSV files need no header where their rows are time, price, size and perhaps a side, or those of data.binance.vision. A
side column is taken to be the taker's; exports that give the maker's (Coinbase's API does) must be turned before. Ids are
the trades' identity where the venue is known to number its trades and they grow with time; else the row in the file is.
Rows that are not in order of time are sorted, up to 2,000,000 of them. aggTrades count as one print each: replay trades or
aggregates of a day, not both. Prints outside the calendar's hours are recorded, counted as outsideSession, and in no candle.

The exit code is 0 when all files were read to their ends and everything in them was processed, 1 when not: the summary then counts what could be read.`;

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
      calendar: { type: "string" },
      columns: { type: "string" },
      speed: { type: "string" },
      data: { type: "string" },
      json: { type: "boolean" },
    });
    const request: ReplayRequest = {
      id: randomUUID(),
      ...(values.venue === undefined ? {} : { venue: named("--venue", values.venue, isVenueName, VENUE_NAME_RULE) }),
      ...(values.instrument === undefined
        ? {}
        : { instrument: named("--instrument", values.instrument, isInstrumentName, INSTRUMENT_NAME_RULE) }),
      ...(values.format === undefined ? {} : { format: formatOf(values.format) }),
      ...(values.calendar === undefined ? {} : { calendar: calendarOf(values.calendar) }),
      ...(values.columns === undefined ? {} : { columns: columnsOf(values.columns) }),
      speed: speedOf(values.speed ?? "max"),
      files: filesOf(positionals),
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

function named(option: string, text: string, isName: (text: string) => boolean, rule: string): string {
  if (!isName(text)) throw new UsageError(`${option}: ${rule}, found ${JSON.stringify(text)}`);
  return text;
}

function formatOf(text: string): FileFormat {
  const format = FILE_FORMATS.find((candidate) => candidate === text);
  if (format === undefined) throw new UsageError(`--format: expected one of ${FILE_FORMATS.join(", ")}, found ${JSON.stringify(text)}`);
  return format;
}

function calendarOf(text: string): "crypto" | "us-equity" {
  if (text === "crypto" || text === "us-equity") return text;
  throw new UsageError(`--calendar: expected crypto or us-equity, found ${JSON.stringify(text)}`);
}

function columnsOf(text: string): Partial<Record<ColumnRole, string>> {
  const pairs = text.split(",").map((pair) => pair.split("=", 2).map((part) => part.trim()));
  for (const [role = "", name = ""] of pairs) {
    if (COLUMN_ROLES.some((known) => known === role) && name !== "") continue;
    const wanted = `pairs such as time=ts, of ${COLUMN_ROLES.join(", ")}`;
    throw new UsageError(`--columns: expected ${wanted}, found ${JSON.stringify(name === "" ? role : `${role}=${name}`)}`);
  }
  return Object.fromEntries(pairs) as Partial<Record<ColumnRole, string>>;
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
    ...summary.quarantineReasons.map(
      ({ reason, count: of, example }) =>
        `             ${count(of)} set aside: ${reason}, such as ${JSON.stringify(example.slice(0, MOST_SHOWN))}`,
    ),
    ...(summary.outsideSession === 0 ? [] : [`             ${count(summary.outsideSession)} outside of trading hours, in no candle`]),
    `time         ${formatTime(summary.firstTime)} to ${formatTime(summary.lastTime)}`,
    `candles      ${candles.join(", ") || "none"}`,
    `indicators   ${count(summary.indicators)} candles with indicators`,
    `patterns     ${count(summary.patterns)}, signals ${count(summary.signals)}`,
    `took         ${summary.seconds.toFixed(1)} s, ${count(summary.tradesPerSecond)} trades/s`,
  ];
}
