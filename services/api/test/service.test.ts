import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { startNats, type TestNats } from "@tickfleet/testkit/nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCandle, insertCandles, insertInstrument, migrateAll, request, START, until } from "./harness.ts";
import { connectStream } from "./stream-connection.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const PORT_FILE = join(tmpdir(), `api-port-${process.pid}.json`);
let nats: TestNats;
let database: TestDatabase;
const children: ChildProcess[] = [];

beforeAll(async () => {
  nats = await startNats();
  database = await startDatabase({ ownServer: true });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(PORT_FILE, { force: true });
  await database?.close();
  await nats?.close();
});

function start(env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, NATS_URL: nats.url, DATABASE_URL: database.url, API_PORT: "0", API_PORT_FILE: PORT_FILE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data) => {
      text += String(data);
    });
  }
  return { child, output: () => text };
}

test("a wrong variable and a taken port are said, and end the process", async () => {
  const wrong = start({ API_PORT: "eighty" });
  expect((await once(wrong.child, "exit"))[0]).toBe(78);
  expect(wrong.output()).toContain("API_PORT");

  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const second = start({ API_PORT: String(port) });
  expect((await once(second.child, "exit"))[0]).toBe(1);
  expect(second.output()).toContain(`port ${port} on 127.0.0.1 is taken by another program: set API_PORT to another one`);
  taken.close();
});

/** Sends the head of a request and resets the connection, after the first bytes of the answer or at once. */
async function reset(url: string, head: readonly string[], answered: boolean): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const closed = new Promise((resolve) => socket.once("error", () => undefined).once("close", resolve));
  await once(socket, "connect");
  socket.write([...head, "Host: gateway", "", ""].join("\r\n"), () => {
    if (!answered) socket.resetAndDestroy();
  });
  if (answered) socket.once("data", () => socket.resetAndDestroy());
  await closed;
}

test("peers that reset their connections, in the midst of whatever, leave the gateway as it was", async () => {
  rmSync(PORT_FILE, { force: true });
  const { child } = start({});
  await until(() => existsSync(PORT_FILE), "the port");
  const url = `http://127.0.0.1:${(JSON.parse(readFileSync(PORT_FILE, "utf8")) as { port: number }).port}`;
  await until(async () => (await request(`${url}/api/v1/openapi.json`)).status === 200, "the gateway");
  const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGlja2ZsZWV0IHN0cmVhbQ=="];
  const heads = [
    ["GET /nowhere HTTP/1.1", ...upgrade],
    ["GET /api/v1/stream HTTP/1.1", ...upgrade, "Origin: https://elsewhere.example.com"],
    ["GET /api/v1/stream HTTP/1.1", ...upgrade],
    ["GET /api/v1/stream HTTP/1.1", ...upgrade.slice(0, 2)],
    ["GET /api/v1/openapi.json HTTP/1.1"],
    ["POST /api/v1/openapi.json HTTP/1.1", "Content-Length: 1000"],
    ["no request at all"],
  ];
  for (let round = 0; round < 20; round++) {
    await Promise.all(heads.flatMap((head) => [reset(url, head, false), reset(url, head, true)]));
  }
  expect((await request(`${url}/api/v1/openapi.json`)).status).toBe(200);
  expect(child.exitCode).toBeNull();
  child.kill("SIGTERM");
  expect((await once(child, "exit"))[0]).toBe(0);
  rmSync(PORT_FILE, { force: true });
});

test("started before its schema and with the database going away, it answers 503 and goes on by itself; SIGTERM ends it cleanly", async () => {
  const { child } = start({});
  await until(() => existsSync(PORT_FILE), "the port");
  const url = `http://127.0.0.1:${(JSON.parse(readFileSync(PORT_FILE, "utf8")) as { port: number }).port}`;
  const candles = `${url}/api/v1/candles?instrument=binance:BTC-USDT&timeframe=1m`;
  const healthy = async (): Promise<boolean> => (await request(`${url}/health`)).status === 200;

  const early = await request(candles);
  expect(early.body).toMatchObject({ status: 503, code: "unavailable", service: "database" });
  expect(early.headers.get("retry-after")).toBe("2");
  await migrateAll(database.url);
  await until(healthy, "healthy after the migrations");
  await insertInstrument(database, "binance", "BTC-USDT", "BTCUSDT");
  await insertCandles(database, [createCandle({ openTime: START })]);
  expect((await request(candles)).body.data).toHaveLength(1);

  await database.server.kill();
  await until(async () => (await request(candles)).status === 503, "503 without the database");
  await until(async () => !(await healthy()), "unhealthy without the database");
  const client = await connectStream(url);
  client.send({ op: "subscribe", id: 1, channels: ["candle:binance:BTC-USDT:1m"], snapshot: 10 });
  expect(await client.next("error")).toMatchObject({ id: 1, code: "unavailable" });
  await database.server.start();
  await until(healthy, "healthy again");
  client.send({ op: "subscribe", id: 2, channels: ["candle:binance:BTC-USDT:1m"], snapshot: 10 });
  expect((await client.next("snapshot")).data).toHaveLength(1);

  child.kill("SIGTERM");
  expect((await once(child, "exit"))[0]).toBe(0);
  await until(() => client.closed !== null, "the stream to close");
  expect(client.closed?.code).toBe(1012);
});
