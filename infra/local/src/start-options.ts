import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { defaultDataDir } from "./folders.ts";
import { describeOptionFault } from "./option-fault.ts";

/** What `npm start` was asked for. */
export interface StartOptions {
  /** Port of the gateway; 0 takes a free one. */
  port: number;
  /** Absolute path of the folder that holds everything the fleet keeps. */
  dataDir: string;
  /** Begin without what an earlier start left in the folder. */
  fresh: boolean;
  demo: boolean;
  json: boolean;
  help: boolean;
}

/** The command line cannot be understood; the message says what was expected. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Port of the gateway where nothing else is asked for. */
export const API_PORT = 8080;

export const startHelp = `npm start -- [options]

Starts the whole fleet on this machine: nats-server, PostgreSQL, the services and a demo market. Ctrl-C ends it.

  --port N     port of the gateway (${API_PORT}); 0 takes a free one
  --data DIR   folder for everything that is kept (.tickfleet in the project)
  --fresh      begin anew: removes what an earlier start left in that folder
  --no-demo    without the demo market; INGEST_SOURCES=binance asks for another source
  --json       one JSON line per event; {"event":"ready",...} says that all is up
  --help       this text

Ports are ${API_PORT} (gateway), 4222 (NATS), 54320 (PostgreSQL) and 9101 to 9107 (ops); where one is taken a free one serves.
Logs are in DIR/logs. Variables of the services, such as LOG_LEVEL, are passed on.`;

/** Options from the command line. @throws UsageError */
export function parseStartOptions(args: readonly string[], workingDir = process.cwd()): StartOptions {
  const values = parse(args);
  const port = values.port === undefined ? API_PORT : Number(values.port);
  if (values.port?.trim() === "" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`--port: expected a number from 0 to 65535, found ${JSON.stringify(values.port)}`);
  }
  if (values.data?.trim() === "") throw new UsageError("--data: expected a folder, found nothing");
  return {
    port,
    dataDir: values.data === undefined ? defaultDataDir : resolve(workingDir, values.data),
    fresh: values.fresh ?? false,
    demo: values.demo ?? true,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

type Values = { port?: string; data?: string; fresh?: boolean; demo?: boolean; json?: boolean; help?: boolean };

function parse(args: readonly string[]): Values {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        port: { type: "string" },
        data: { type: "string" },
        fresh: { type: "boolean" },
        demo: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(describeOptionFault(error), { cause: error });
  }
}
