import { readFileSync } from "node:fs";
import { createHealth } from "@tickfleet/runtime/health";
import { expect, test } from "vitest";
import { createApp } from "./app.ts";
import { InstrumentMemory } from "./instrument-memory.ts";
import { LatencyWatch } from "./latency-watch.ts";
import type { ApiStore } from "./store.ts";
import type { StreamServer } from "./stream-server.ts";

const SNAPSHOT = new URL("../openapi.json", import.meta.url);
const version = (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;

test("openapi.json is what the gateway serves (write it anew with pnpm run openapi)", async () => {
  const logger = { error: () => {}, warn: () => {} };
  const store = {} as ApiStore;
  const app = createApp({
    store,
    instruments: new InstrumentMemory(store),
    stream: {} as StreamServer,
    latency: new LatencyWatch(() => 0),
    page: () => Promise.resolve(new Map()),
    connections: { sourcesOf: () => Promise.resolve(() => []) },
    health: createHealth(),
    logger,
    version,
    now: () => 0,
  });
  const answer = await app.request("/api/v1/openapi.json");
  const document = (await answer.json()) as { openapi: string; paths: Record<string, unknown> };
  expect(document).toEqual(JSON.parse(readFileSync(SNAPSHOT, "utf8")));
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(Object.keys(document.paths).sort()).toEqual([
    "/api/v1/candles",
    "/api/v1/futures",
    "/api/v1/health",
    "/api/v1/indicators",
    "/api/v1/instruments",
    "/api/v1/latency",
    "/api/v1/news",
    "/api/v1/patterns",
    "/api/v1/sentiment",
    "/api/v1/signals",
    "/api/v1/signals/{id}",
    "/api/v1/signals/{id}/explain",
    "/api/v1/stream",
    "/api/v1/trades",
    "/health",
  ]);
});
