import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createHealth } from "@tickfleet/runtime/health";
import { createMetrics } from "@tickfleet/runtime/metrics";
import { OpsPortError, startOpsServer } from "@tickfleet/runtime/ops-server";
import { expect, test } from "vitest";
import { scratchFolder } from "../../testkit/src/scratch.ts";

const HOST = "127.0.0.1";

test("health, metrics and the file with the port", async () => {
  const health = createHealth();
  const metrics = createMetrics("ingest");
  metrics.counter("things_total", "things seen", ["kind"]).inc({ kind: "big" }, 2);
  metrics.gauge("depth", "read when asked", [], (gauge) => gauge.set(5));
  metrics.histogram("wait_seconds", "how long", [0.1, 1]).observe(0.5);
  const portFile = join(scratchFolder("ops"), "ops.json");
  const server = await startOpsServer({ host: HOST, port: 0, health, metrics, portFile });
  const get = (path: string) => fetch(`http://${HOST}:${server.port}${path}`);

  expect(JSON.parse(await readFile(portFile, "utf8"))).toEqual({ port: server.port, pid: process.pid });
  expect((await get("/livez")).status).toBe(200);
  expect((await get("/startupz")).status).toBe(503);
  health.started();
  expect((await get("/startupz")).status).toBe(200);
  expect((await get("/readyz?verbose")).status).toBe(200);
  health.ready("database", false, "away");
  const notReady = await get("/readyz");
  expect(notReady.status).toBe(503);
  expect(await notReady.json()).toMatchObject({ status: "not-ready", components: { database: { ok: false, detail: "away" } } });
  const text = await (await get("/metrics")).text();
  expect(text).toContain('tickfleet_things_total{kind="big",service="ingest"} 2');
  expect(text).toContain('tickfleet_depth{service="ingest"} 5');
  expect(text).toContain('tickfleet_wait_seconds_bucket{le="1",service="ingest"} 1');
  expect(text).toContain("process_cpu_seconds_total");
  expect((await get("/other")).status).toBe(404);
  await server.close();
  await expect(get("/livez")).rejects.toThrow();
});

test("neither an odd request nor a metric that throws ends it", async () => {
  const metrics = createMetrics("ingest");
  metrics.gauge("broken", "cannot be read", [], () => {
    throw new Error("no such thing");
  });
  const server = await startOpsServer({ host: HOST, port: 0, health: createHealth(), metrics });
  for (const target of ["//", "http://[", "*"]) expect(await rawStatus(server.port, target)).toBe("404");
  const answer = await fetch(`http://${HOST}:${server.port}/metrics`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).toContain("no such thing");
  await server.close();
});

test("a taken port is named with the variable that sets it", async () => {
  const options = { host: HOST, health: createHealth(), metrics: createMetrics("ingest") };
  const first = await startOpsServer({ ...options, port: 0 });
  const second = startOpsServer({ ...options, port: first.port });
  await expect(second).rejects.toThrow(OpsPortError);
  await expect(second).rejects.toThrow(new RegExp(`${first.port}.*OPS_PORT`));
  await first.close();
});

function rawStatus(port: number, target: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, HOST, () => socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    let text = "";
    socket.on("data", (data) => (text += data));
    socket.on("error", reject);
    socket.on("close", () => resolve(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]));
  });
}
