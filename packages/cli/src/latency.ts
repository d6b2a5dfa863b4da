import { createClient } from "@tickfleet/client/client";
import { GatewayError } from "@tickfleet/client/gateway-error";
import { findFleet } from "@tickfleet/local/fleet-location";
import { type Command, CommandError, formatTable, parseOptions, printJson, printLine } from "./command.ts";

const HELP = `tickfleet latency [options]

Shows how long messages took from hop to hop over the last minutes, as the gateway saw them: milliseconds at 50% and
99%, between the stamps of each kind of message. closed is a candle's close, stored the broker's time, gateway the end.

  --data DIR    data folder of the fleet (.tickfleet); without one, the gateway that API_URL names
  --json        one line of JSON`;

interface LatencyReport {
  windowMs: number;
  data: { stream: string | null; message: string; hops: { from: string; to: string; p50: number; p99: number; samples: number }[] }[];
}

/** Shows the latency of every hop. */
export const latencyCommand: Command = {
  name: "latency",
  summary: "how long messages take from hop to hop",
  help: HELP,
  async run(args) {
    const values = parseOptions(args, { data: { type: "string" }, json: { type: "boolean" } });
    const { api } = findFleet(values.data);
    if (api === null) throw new CommandError("the gateway's address is not known: set API_URL to it, such as http://127.0.0.1:8080");
    const report = await readReport(api);
    if (values.json) printJson(report);
    else for (const line of inWords(report)) printLine(line);
    return 0;
  },
};

/** @throws CommandError where the gateway does not answer */
async function readReport(url: string): Promise<LatencyReport> {
  try {
    return await createClient({ url }).get<LatencyReport>("latency");
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    throw new CommandError(`${cause.message}: ${cause.fix}`, { cause });
  }
}

function inWords({ windowMs, data }: LatencyReport): string[] {
  if (data.length === 0) return [`No message came within the last ${windowMs / 60_000} minutes.`];
  const head = ["message", "from", "to", "p50 ms", "p99 ms", "samples"];
  const rows = data.flatMap(({ message, hops }) => hops.map(({ from, to, p50, p99, samples }) => [message, from, to, p50, p99, samples]));
  return formatTable([head, ...rows]);
}
