import { listServices, serviceEnvironment } from "@tickfleet/local/fleet-services";
import { readConfig } from "@tickfleet/runtime/config";
import { afterEach, expect, test, vi } from "vitest";
import { configOf } from "./fleet-files.ts";

// What `npm start` gives its services, held against what they read.

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each(listServices().map(({ name }) => name))("%s: after a crash nobody waits longer than 5 s for its lease to end", async (name) => {
  const shape = await configOf(name);
  const leases = Object.keys(shape).filter((variable) => variable.endsWith("_LEASE_MS"));
  for (const variable of leases) vi.stubEnv(variable, "");
  const settings = { natsUrl: "nats://127.0.0.1:4222", databaseUrl: "postgres://postgres:postgres@127.0.0.1:5432/tickfleet" };
  const folders = { opsPort: 9101, apiPort: 8080, spoolDir: "spool", cacheDir: "cache", demo: true };
  const config: Record<string, unknown> = readConfig(shape, serviceEnvironment({ ...settings, ...folders }));
  expect(leases.map((variable) => [variable, config[variable]])).toEqual(leases.map((variable) => [variable, 5_000]));
  expect(leases.length).toBe(name === "api" ? 0 : 1);
});
