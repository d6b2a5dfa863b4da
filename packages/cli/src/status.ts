import { type Command, EXIT_FAILED, formatTable, formatTime, parseOptions, printJson, printLine } from "./command.ts";
import { withBus } from "./fleet-access.ts";
import { createFleetReport, type FleetReport, type ReplayReport } from "./fleet-report.ts";

const HELP = `tickfleet status [options]

Shows the services and what is wrong with them, the streams, how far their readers are behind, the instruments with
the time from which each can be rebuilt, holes, replays and dead letters. The exit code is 1 where something is wrong.
Services elsewhere are asked where OPS_URLS has their ops ports (ingest=http://host:9100,...); without it only the gateway is.

  --data DIR    data folder of the fleet (.tickfleet)
  --json        one line of JSON`;

const MOST_REPLAYS = 5;
const MOST_NAMES = 3;

/** Shows the state of the fleet. */
export const statusCommand: Command = {
  name: "status",
  summary: "services, streams, lags, instruments, replays and dead letters",
  help: HELP,
  async run(args) {
    const values = parseOptions(args, { data: { type: "string" }, json: { type: "boolean" } });
    const report = await withBus(values.data, createFleetReport);
    if (values.json) printJson(report);
    else for (const line of inWords(report)) printLine(line);
    return report.ok ? 0 : EXIT_FAILED;
  },
};

function inWords(report: FleetReport): string[] {
  const { fleet, services, streams, readers, instruments, gaps, replays, deadLetters, faults } = report;
  const parked = instruments.filter((instrument) => instrument.parked).length;
  return [
    ...section("Fleet", [
      ["NATS", fleet.nats],
      ["database", fleet.database ?? "not known"],
      ["gateway", fleet.api ?? "not known"],
      ...(fleet.data === null ? [] : [["data", fleet.data]]),
    ]),
    ...section(
      "Services",
      services.map(({ name, ok, detail }) => [name, ok ? "ready" : "NOT READY", detail]),
    ),
    ...section(
      "Streams",
      streams.map(({ name, firstSeq, lastSeq }) => [name, lastSeq === 0 ? "empty" : `messages ${firstSeq} to ${lastSeq}`]),
    ),
    ...section(
      "Readers (recorder and aggregator of MARKET, indicator of CANDLES, pattern-detector of ENRICHED)",
      readers.map(({ name, seq, lag, detail }) => [name, `at ${seq}`, lag === 0 ? "nothing left" : `${lag} behind`, detail]),
    ),
    ...section(
      parked === 0 ? "Instruments" : `Instruments (${parked} parked: see \`tickfleet dlq list\`)`,
      instruments.map((each) => [
        `${each.venue} ${each.instrument}`,
        `can be rebuilt from ${formatTime(each.rebuildableFrom)}`,
        `last trade ${formatTime(each.lastTradeTime)}`,
        each.parked ? "PARKED" : "",
      ]),
    ),
    ...section(
      gaps.some(({ venue }) => venue === "demo")
        ? "Holes that are not filled (the demo leaves some on purpose)"
        : "Holes that are not filled",
      gaps.map((gap) => [
        `${gap.venue} ${gap.instrument}`,
        `${formatTime(gap.from)} to ${formatTime(gap.to)}`,
        gap.state,
        gap.missing === null ? "" : `${gap.missing} trades`,
      ]),
    ),
    ...section(
      "Replays",
      replays
        .slice(0, MOST_REPLAYS)
        .map((job) => [
          stateOf(job),
          marketOf(job),
          `${job.trades} trades, ${job.recorded} recorded`,
          job.files.map((file) => file.split(/[/\\]/).pop()).join(", "),
          job.error ?? "",
        ]),
    ),
    `Dead letters: ${deadLetters}`,
    ...faults.map((fault) => `NOT KNOWN ${fault}`),
  ];
}

/** A file that was read is not done while what was read of it is still worked on. */
function stateOf({ state, left }: ReplayReport): string {
  const label = state === "done" && left !== null ? "read" : state;
  return left === null ? label : `${label}, ${left.messages.toLocaleString("en-US")} messages left in ${left.reader}`;
}

function marketOf({ venue, instruments }: ReplayReport): string {
  const more = instruments.length - MOST_NAMES;
  return [venue ?? "-", instruments.slice(0, MOST_NAMES).join(", "), ...(more > 0 ? [`and ${more} more`] : [])].join(" ").trimEnd();
}

function section(title: string, rows: readonly (readonly (string | number)[])[]): string[] {
  return rows.length === 0 ? [] : [title, ...formatTable(rows).map((line) => `  ${line}`), ""];
}
