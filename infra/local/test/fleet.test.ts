import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FleetAddress } from "../src/fleet-events.ts";
import { findRunningFleet } from "../src/fleet-folder.ts";
import { dataFolder, endFleet, type FleetProcess, launchFleet, processesOn, removeFolder, stillRunning } from "./fleet-process.ts";

let data: string;
let fleet: FleetProcess;
let address: FleetAddress;

function start(...args: string[]): FleetProcess {
  fleet = launchFleet(["--port", "0", "--no-demo", "--data", data, ...args]);
  return fleet;
}

async function isReady(opsPort: number | undefined): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`);
  return answer.ok;
}

function holdPort(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end("not for you\r\n"));
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** One folder through the lives of several fleets, each test where the one before has left it. */
describe("npm start", () => {
  beforeAll(() => {
    data = dataFolder();
  });

  afterAll(async () => {
    await endFleet(fleet);
    removeFolder(data);
  });

  test("busy ports are left to their holders, and it says where everything is", async () => {
    const holders: Server[] = [];
    // those that a fleet of somebody else holds already will do as well
    for (const port of [4222, 54_320, 9101])
      await holdPort(port).then(
        (server) => holders.push(server),
        () => {},
      );
    try {
      const { ready, events } = start();
      address = await ready();
      expect(new URL(address.nats).port).not.toBe("4222");
      expect(new URL(address.database).port).not.toBe("54320");
      expect(address.opsPorts["ingest"]).not.toBe(9101);
      const moved = events.filter((event) => event.event === "port-moved").map((event) => `${event.part} ${event.wanted}`);
      expect(moved).toEqual(expect.arrayContaining(["nats 4222", "database 54320"]));
    } finally {
      for (const holder of holders) holder.close();
    }
    const services = ["ingest", "aggregator", "indicator", "pattern-detector", "sentiment", "futures-collector", "api"];
    expect(Object.keys(address.opsPorts)).toEqual(expect.arrayContaining(services));
    expect(Object.keys(address.pids)).toEqual(expect.arrayContaining(["nats", "database", ...services]));
    for (const port of Object.values(address.opsPorts)) expect(await isReady(port)).toBe(true);
    expect(findRunningFleet(data)).toEqual(address);
    expect(JSON.parse(readFileSync(join(data, "fleet.json"), "utf8"))).toEqual(address);
  });

  test("a second start on the same folder says so and ends with 1, the first one goes on", async () => {
    const second = launchFleet(["--port", "0", "--data", data]);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.events.at(-1)).toMatchObject({ event: "error", message: expect.stringContaining(`already runs on ${data}`) });
    expect(stillRunning(address)).toHaveLength(Object.keys(address.pids).length);
    expect(await isReady(address.opsPorts["ingest"])).toBe(true);
  });

  test("a part that is killed comes up again, at the same address", async () => {
    for (const part of ["ingest", "nats", "database"]) {
      const killed = address.pids[part] as number;
      process.kill(killed, "SIGKILL");
      await fleet.event("part-ended", (ended) => ended.part === part);
      await expect.poll(() => findRunningFleet(data)?.pids[part], { timeout: 60_000 }).not.toBe(killed);
    }
    const now = findRunningFleet(data);
    expect([now?.nats, now?.database]).toEqual([address.nats, address.database]);
    await expect.poll(() => isReady(now?.opsPorts["ingest"]).catch(() => false), { timeout: 60_000 }).toBe(true);
  });

  test("after a kill -9 the next start clears away what is left and goes on with the same data", async () => {
    const before = findRunningFleet(data) as FleetAddress;
    fleet.child.kill("SIGKILL");
    await fleet.exited;
    address = await start().ready();
    expect(address.pid).not.toBe(before.pid);
    expect(stillRunning({ ...before, pids: withoutThoseOf(before.pids, address.pids) })).toEqual([]);
    expect(new URL(address.database).password).toBe(new URL(before.database).password);
  });

  test("a service that hangs does not keep it from ending", async () => {
    process.kill(address.pids["aggregator"] as number, "SIGSTOP");
    fleet.child.kill("SIGTERM");
    expect(await fleet.exited).toEqual({ code: 0, signal: null });
    expect(stillRunning(address)).toEqual([]);
  });

  test("a signal while it comes up ends it too", async () => {
    const { child, exited, event } = start();
    await event("part-ready");
    child.kill("SIGTERM");
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(processesOn(data)).toEqual([]);
  });

  test("--fresh removes what was kept, and only in a folder of its own; Ctrl-C ends it with 0 and leaves no process", async () => {
    const former = new URL(address.database).password;
    address = await start("--fresh").ready();
    expect(new URL(address.database).password).not.toBe(former);
    expect(existsSync(join(data, "logs"))).toBe(true);
    fleet.child.kill("SIGINT");
    expect(await fleet.exited).toEqual({ code: 0, signal: null });
    expect(stillRunning(address)).toEqual([]);
    expect(processesOn(data)).toEqual([]);
    expect(findRunningFleet(data)).toBeNull();
  });
});

test("options that cannot be understood are named", async () => {
  const wrong = launchFleet(["--prot", "1"]);
  expect((await wrong.exited).code).toBe(64);
  expect(wrong.output()).toContain("--prot");
  expect(wrong.output()).toContain("npm start -- --help");
});

function withoutThoseOf(pids: Record<string, number>, others: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).filter(([, pid]) => !Object.values(others).includes(pid)));
}
