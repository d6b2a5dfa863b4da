import { type Logger, pino } from "pino";

export type { Logger };

/** A logger of one service: lines of JSON on standard output, with passwords and keys left out. */
export function createLogger(service: string, version: string, level: string): Logger {
  return pino({
    level,
    base: { service, version, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: ["password", "key", "token", "authorization", "*.password", "*.key", "*.token", "*.authorization"],
      censor: "***",
    },
  });
}
