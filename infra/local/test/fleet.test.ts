import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findRunningFleet } from "../src/fleet-folder.ts";
import { dataFolder, endFleet, type FleetProcess, launchFleet, processesOn, removeFolder, stillRunning } from "./fleet-process.ts";

let data: string;
let fleet: FleetProcess | null = null;

beforeEach(() => {
  data = dataFolder();
});

afterEach(async () => {
  await endFleet(fleet);
  fleet = null;
  removeFolder(data);
});

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

describe("npm start", () => {
  test("says where everything is, and Ctrl-C ends it with 0 and leaves no process", async () => {
    const { child, ready, exited } = start();
    const address = await ready();
    const chain = ["ingest", "aggregator", "indicator", "pattern-detector"];
    expect(Object.keys(address.opsPorts)).toEqual(expect.arrayContaining([...chain, "sentiment", "futures-collector", "api"]));
    expect(Object.keys(address.pids)).toEqual(
      expect.arrayContaining(["nats", "database", ...chain, "sentiment", "futures-collector", "api"]),
    );
    for (const port of Object.values(address.opsPorts)) expect(await isReady(port)).toBe(true);
    expect(findRunningFleet(data)).toEqual(address);
    expect(JSON.parse(readFileSync(join(data, "fleet.json"), "utf8"))).toEqual(address);

    child.kill("SIGINT");
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(stillRunning(address)).toEqual([]);
    expect(processesOn(data)).toEqual([]);
    expect(findRunningFleet(data)).toBeNull();
  });

  test("a second start on the same folder says so and ends with 1, the first one goes on", async () => {
    const address = await start().ready();
    const second = launchFleet(["--port", "0", "--data", data]);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.events.at(-1)).toMatchObject({ event: "error", message: expect.stringContaining(`already runs on ${data}`) });
    expect(stillRunning(address)).toHaveLength(Object.keys(address.pids).length);
    expect(await isReady(address.opsPorts["ingest"])).toBe(true);
  });

  test("busy ports are left to their holders, and it says which ones serve instead", async () => {
    const holders: Server[] = [];
    // those that a fleet of somebody else holds already will do as well
    for (const port of [4222, 54_320, 9101])
      await holdPort(port).then(
        (server) => holders.push(server),
        () => {},
      );
    try {
      const { ready, events } = start();
      const address = await ready();
      expect(new URL(address.nats).port).not.toBe("4222");
      expect(new URL(address.database).port).not.toBe("54320");
      expect(address.opsPorts["ingest"]).not.toBe(9101);
      const moved = events.filter((event) => event.event === "port-moved").map((event) => `${event.part} ${event.wanted}`);
      expect(moved).toEqual(expect.arrayContaining(["nats 4222", "database 54320"]));
    } finally {
      for (const holder of holders) holder.close();
    }
  });

  test("a part that is killed comes up again, at the same address", async () => {
    const { ready, event } = start();
    const address = await ready();
    for (const part of ["ingest", "nats", "database"]) {
      const killed = address.pids[part] as number;
      process.kill(killed, "SIGKILL");
      await event("part-ended", (ended) => ended.part === part);
      await expect.poll(() => findRunningFleet(data)?.pids[part], { timeout: 60_000 }).not.toBe(killed);
    }
    const now = findRunningFleet(data);
    expect([now?.nats, now?.database]).toEqual([address.nats, address.database]);
    await expect.poll(() => isReady(now?.opsPorts["ingest"]).catch(() => false), { timeout: 60_000 }).toBe(true);
  });

  test("a service that hangs does not keep it from ending", async () => {
    const { child, ready, exited } = start();
    const address = await ready();
    process.kill(address.pids["aggregator"] as number, "SIGSTOP");
    child.kill("SIGTERM");
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(stillRunning(address)).toEqual([]);
  });

  test("after a kill -9 the next start clears away what is left and goes on with the same data", async () => {
    const first = start();
    const before = await first.ready();
    first.child.kill("SIGKILL");
    await first.exited;
    const after = await start().ready();
    expect(after.pid).not.toBe(before.pid);
    expect(stillRunning({ ...before, pids: withoutThoseOf(before.pids, after.pids) })).toEqual([]);
    expect(new URL(after.database).password).toBe(new URL(before.database).password);
  });

  test("a signal while it comes up ends it too", async () => {
    const { child, exited, event } = start();
    await event("part-ready");
    child.kill("SIGTERM");
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(processesOn(data)).toEqual([]);
  });

  test("--fresh removes what was kept, and only in a folder of its own", async () => {
    const first = start();
    const before = await first.ready();
    await endFleet(first);
    const after = await start("--fresh").ready();
    expect(new URL(after.database).password).not.toBe(new URL(before.database).password);
    expect(existsSync(join(data, "logs"))).toBe(true);
  });
});

test("options that cannot be understood are named", async () => {
  const wrong = launchFleet(["--prot", "1"]);
  expect((await wrong.exited).code).toBe(64);
  expect(wrong.output()).toContain("--prot");
  expect(wrong.output()).toContain("--port N");
});

function withoutThoseOf(pids: Record<string, number>, others: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).filter(([, pid]) => !Object.values(others).includes(pid)));
}
