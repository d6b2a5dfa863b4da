import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

test("a line is JSON with service, level and correlation, and without passwords", () => {
  const lines: string[] = [];
  const logger = createLogger("ingest", "0.1.0", "info", { write: (line) => void lines.push(line) });
  logger.debug("left out");
  const error = new Error('no answer from "postgres://user:hidden@host/db"');
  logger
    .child({ stream: "MARKET", partition: 3, seq: 17 })
    .warn({ err: error, token: "hidden", broker: { password: "hidden" } }, "waiting");
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain("hidden");
  const line = JSON.parse(lines[0] as string) as Record<string, unknown>;
  expect(line).toMatchObject({
    level: "warn",
    service: "ingest",
    version: "0.1.0",
    pid: process.pid,
    stream: "MARKET",
    partition: 3,
    seq: 17,
  });
  expect(line["err"]).toMatchObject({ message: 'no answer from "postgres://user:***@host/db"' });
  expect(line).toMatchObject({ msg: "waiting", token: "***", broker: { password: "***" } });
});
