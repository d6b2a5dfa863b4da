import { writeFile } from "node:fs/promises";
import { createHealth } from "@tickfleet/runtime/health";
import { createLogger } from "@tickfleet/runtime/logger";
import { createApp } from "./app.ts";
import { InstrumentMemory } from "./instrument-memory.ts";
import { LatencyWatch } from "./latency-watch.ts";
import { describeApi } from "./routes/openapi.ts";
import { VERSION } from "./service.ts";
import type { ApiStore } from "./store.ts";
import type { StreamServer } from "./stream-server.ts";

const store = {} as ApiStore;
/** Writes `openapi.json`: run it after a change of a route. */
const app = createApp({
  store,
  instruments: new InstrumentMemory(store),
  stream: {} as StreamServer,
  latency: new LatencyWatch(Date.now),
  page: () => Promise.resolve(new Map()),
  connections: { sourcesOf: () => Promise.resolve(() => []) },
  health: createHealth(),
  logger: createLogger("api", VERSION, "fatal"),
  version: VERSION,
  now: Date.now,
});
await writeFile(new URL("../openapi.json", import.meta.url), `${JSON.stringify(describeApi(app, VERSION), null, 2)}\n`);
