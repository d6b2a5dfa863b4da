import type { FleetAddress, FleetEvent, Report } from "./fleet-events.ts";
import { defaultDataDir } from "./folders.ts";

/** Prints events to standard output: one JSON line each, or words for people. A reader that went away is no fault. */
export function createReport(json: boolean): Report {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  return (event) => {
    if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
    else if (event.event === "error") process.stderr.write(`\n${event.message}\n`);
    else process.stdout.write(`${inWords(event)}\n`);
  };
}

function inWords(event: FleetEvent): string {
  switch (event.event) {
    case "progress":
      return `  ${event.message}`;
    case "port-moved":
      return `  ${event.part}: port ${event.wanted} is taken, ${event.port} serves instead`;
    case "part-ready":
      return `  ${event.part.padEnd(12)} ${event.seconds.toFixed(1).padStart(5)} s  ${event.detail}`;
    case "part-waiting":
      return `  ${event.part}: not ready yet (${event.reason})`;
    case "part-log":
      return `  ${event.part} ${event.level === "error" ? "ERROR" : "warns"}: ${event.message}`;
    case "part-ended":
      return `  ${event.part} ended (${event.reason}), starting it again in ${(event.retryMs / 1000).toFixed(1)} s`;
    case "ready":
      return welcome(event);
    case "stopping":
      return `\n${event.reason}: stopping`;
    case "stopped":
      return `  all stopped after ${event.seconds.toFixed(1)} s`;
    case "error":
      return event.message;
  }
}

/** What is told when all is up: where everything is, and lines to try from the project's folder, each with the ports there are. */
export function welcome({ api, nats, database, data }: FleetAddress): string {
  // the command line finds a fleet by its folder
  const here = data === defaultDataDir ? "" : ` --data '${data.replaceAll("'", "'\\''")}'`;
  const lines = [
    "",
    "Tickfleet is up.",
    ...(api === null ? [] : [`  page       ${api}`, `  API        ${api}/docs`]),
    `  NATS       ${nats}`,
    `  database   ${database}`,
    `  logs       ${data}/logs`,
    "",
    "Try, in another terminal:",
    `  npx tickfleet status${here}`,
    `  npx tickfleet subscribe 'candle:*:*:1m'${here}`,
    ...(api === null ? [] : [`  curl '${api}/api/v1/candles?venue=demo&instrument=BTC-USDT&timeframe=1m&limit=3'`]),
    `  nats sub --server ${nats} 'live.v1.candle.*.*.1m'    # the nats command is natscli`,
    `  NATS_URL=${nats} python3 docs/examples/python/subscribe.py    # pip install nats-py jsonschema`,
    `  NATS_URL=${nats} go run -C docs/examples/go .`,
    "",
    "Ctrl-C ends it.",
  ];
  return lines.join("\n");
}
