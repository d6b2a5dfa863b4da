import { expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, hidePassword, readConfig } from "./config.ts";

const shape = { SAMPLE_SIZE: z.coerce.number().int().min(1).describe("rows at once"), SAMPLE_KEY: z.string().length(4).optional() };
const right = { DATABASE_URL: "postgres://user:hidden@host/db", SAMPLE_SIZE: "7" };

test("defaults stand for what is not set or empty", () => {
  const config = readConfig(shape, { ...right, LOG_LEVEL: "", OPS_PORT: "9102" });
  expect(config).toMatchObject({
    SAMPLE_SIZE: 7,
    LOG_LEVEL: "info",
    OPS_PORT: 9102,
    SHUTDOWN_SECONDS: 25,
    NATS_URL: "nats://127.0.0.1:4222",
  });
  expect(config.SAMPLE_KEY).toBeUndefined();
});

test("every fault is listed at once, with what was found", () => {
  const error = faultsOf({ DATABASE_URL: "mysql://user:hidden@host/db", SAMPLE_SIZE: "many", OPS_PORT: "70000", LOG_LEVEL: "loud" });
  const lines = error.message.split("\n");
  expect(lines).toHaveLength(5);
  for (const [name, found] of [
    ["DATABASE_URL", '"mysql://user:***@host/db"'],
    ["SAMPLE_SIZE", '"many"'],
    ["OPS_PORT", '"70000"'],
    ["LOG_LEVEL", '"loud"'],
  ] as const) {
    expect(lines.filter((line) => line.includes(`${name} (`) && line.includes(found) && line.includes(`${name}=`))).toHaveLength(1);
  }
});

test("what is missing is said to be missing", () => {
  expect(faultsOf({ SAMPLE_SIZE: "1" }).message).toMatch(/DATABASE_URL .*must be set; it is not set/);
  expect(faultsOf({ DATABASE_URL: right.DATABASE_URL }).message).toMatch(/SAMPLE_SIZE \(rows at once\): it must be set/);
});

test("no secret is shown", () => {
  expect(faultsOf({ ...right, SAMPLE_KEY: "much too long" }).message).not.toContain("much too long");
  expect(hidePassword("from postgres://u:p@ss:w@host:1/db to nats://a:b@other:4222 and nats://t0ken@third")).toBe(
    "from postgres://u:***@host:1/db to nats://a:***@other:4222 and nats://***@third",
  );
  expect(hidePassword("http://host:80/path?to=a@b and nats://127.0.0.1:4222")).toBe("http://host:80/path?to=a@b and nats://127.0.0.1:4222");
});

function faultsOf(environment: Record<string, string>): ConfigError {
  try {
    readConfig(shape, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error("expected a ConfigError");
}
