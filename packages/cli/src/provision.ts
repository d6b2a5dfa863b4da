import { provisionStreams } from "@tickfleet/runtime/provision";
import { type Command, parseOptions, printJson, printLine, UsageError } from "./command.ts";
import { withBus } from "./fleet-access.ts";

const MOST_REPLICAS = 5;

const HELP = `tickfleet provision [options]

Makes the streams that are missing and brings the others up to the registry. Safe to run again; run it after every upgrade. Where the broker
has accounts, NATS_USER and NATS_PASSWORD name its user provisioner.

  --replicas N  copies of every stream in a cluster, 1 to ${MOST_REPLICAS}; by default what is there stays, and a new stream has 1
  --data DIR    data folder of the fleet (.tickfleet); NATS_URL names another broker
  --json        one line of JSON`;

/** Brings the broker's streams up. */
export const provisionCommand: Command = {
  name: "provision",
  summary: "make the broker's streams, or bring them up to date",
  help: HELP,
  async run(args) {
    const values = parseOptions(args, {
      replicas: { type: "string" },
      data: { type: "string" },
      json: { type: "boolean" },
    });
    const replicas = replicasOf(values.replicas);
    const made = await withBus(values.data, (bus) => provisionStreams(bus, replicas === null ? {} : { replicas }), "provisioner");
    if (values.json) printJson({ made });
    else printLine(made.length === 0 ? "streams up to date" : `streams made: ${made.join(", ")}`);
    return 0;
  },
};

function replicasOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const replicas = Number(text);
  if (Number.isInteger(replicas) && replicas >= 1 && replicas <= MOST_REPLICAS) return replicas;
  throw new UsageError(`--replicas: expected a whole number from 1 to ${MOST_REPLICAS}, found ${JSON.stringify(text)}`);
}
