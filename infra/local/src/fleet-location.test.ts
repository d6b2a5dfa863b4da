import { afterEach, expect, test, vi } from "vitest";
import { findFleet, NoFleetError } from "./fleet-location.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a fleet elsewhere is what the variables name, ops ports included", () => {
  vi.stubEnv("NATS_URL", "nats://nats:4222");
  vi.stubEnv("API_URL", "http://api:8080");
  vi.stubEnv("OPS_URLS", "pattern-detector=http://pattern-detector:9100/, api=https://api:9100");
  expect(findFleet(undefined)).toMatchObject({
    nats: "nats://nats:4222",
    api: "http://api:8080",
    ops: { "pattern-detector": "http://pattern-detector:9100", api: "https://api:9100" },
    local: null,
  });
  vi.stubEnv("OPS_URLS", "");
  expect(findFleet(undefined).ops).toEqual({});
});

test.each(["ingest", "ingest=ingest:9100", "=http://ingest:9100"])("%j names no ops port", (entry) => {
  vi.stubEnv("NATS_URL", "nats://nats:4222");
  vi.stubEnv("OPS_URLS", entry);
  expect(() => findFleet(undefined)).toThrow(NoFleetError);
});
