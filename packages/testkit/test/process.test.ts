import { connect, createServer, type Server } from "node:net";
import { migrate } from "@tickfleet/database/migrator";
import { openBus } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDatabase, type TestDatabase } from "../src/database.ts";
import { startNats, type TestNats } from "../src/nats.ts";
import { spawnService } from "../src/process.ts";
import { tcpProxy } from "../src/tcp-proxy.ts";

let nats: TestNats;
let database: TestDatabase;

beforeAll(async () => {
  nats = await startNats();
  database = await startDatabase();
  await migrate({ url: database.url, service: "ingest", folder: new URL("../../../services/ingest/migrations/", import.meta.url) });
});

afterAll(async () => {
  await nats.close();
  await database.close();
});

async function provision(): Promise<void> {
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus);
  await bus.close();
}

test("a service is ready when spawnService returns, feels a cut network, can be paused, and ends when told", async () => {
  await provision();
  await using network = await tcpProxy(nats.url);
  await using ingest = await spawnService("ingest", { NATS_URL: network.urlFor(nats.url), DATABASE_URL: database.url });
  const isReady = (): Promise<boolean> => fetch(`http://127.0.0.1:${ingest.opsPort}/readyz`).then((answer) => answer.ok);
  expect(await isReady()).toBe(true);

  await network.cut();
  await expect.poll(isReady, { timeout: 10_000 }).toBe(false);
  await network.restore();
  await expect.poll(isReady, { timeout: 20_000 }).toBe(true);

  ingest.pause();
  await expect(fetch(`http://127.0.0.1:${ingest.opsPort}/livez`, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
  ingest.resume();
  expect(await isReady()).toBe(true);

  expect(await ingest.stop()).toEqual({ code: 0, signal: null });
  expect(ingest.ended()).toEqual({ code: 0, signal: null });
});

test("a service that ends at once is an error with what it printed", async () => {
  await expect(spawnService("ingest", { NATS_URL: "http://wrong" })).rejects.toThrow(/NATS_URL.*DATABASE_URL/s);
});

test("a proxy refuses while it is cut and serves on the same port afterwards", async () => {
  const target: Server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const { port } = target.address() as { port: number };
  await using network = await tcpProxy({ port });
  expect(network.urlFor("nats://elsewhere:4222")).toBe(`nats://127.0.0.1:${network.port}`);
  expect(network.urlFor("postgres://a:b@elsewhere:5432/test")).toBe(`postgres://a:b@127.0.0.1:${network.port}/test`);
  expect(await echo(network.port)).toBe("hello");
  await network.cut();
  await expect(echo(network.port)).rejects.toThrow("ECONNREFUSED");
  await network.restore();
  expect(await echo(network.port)).toBe("hello");
  target.close();
});

function echo(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("hello"));
    socket.once("error", reject);
    socket.once("data", (data) => {
      resolve(String(data));
      socket.destroy();
    });
  });
}
