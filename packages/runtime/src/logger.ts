import { type DestinationStream, type Logger, pino } from "pino";
import { hidePassword } from "./config.ts";

export type { Logger };

const SECRETS = ["password", "apiKey", "secret", "token", "authorization"];

/**
 * A logger of one service: lines of JSON on standard output. Values under the names of secrets are left out, at
 * the top and one level down, and so is the password of every address in any text.
 */
export function createLogger(service: string, version: string, level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service, version, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: "***" },
      hooks: { streamWrite: hidePassword },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}
