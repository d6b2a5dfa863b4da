import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startNats, type TestNats } from "../../testkit/src/nats.ts";

const SCRIPT = fileURLToPath(new URL("sample-service.ts", import.meta.url));
let nats: TestNats;
const children: ChildProcess[] = [];

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.close());
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

test("a wrong configuration ends it with every fault and 78", async () => {
  const service = run({ DATABASE_URL: "postgres//user:hidden@host", SAMPLE_SIZE: "0", SHUTDOWN_SECONDS: "soon" });
  expect(await service.exited).toBe(78);
  for (const name of ["DATABASE_URL", "SAMPLE_SIZE", "SHUTDOWN_SECONDS"]) expect(service.text()).toContain(`  ${name}`);
});

test("a taken ops port ends it with the port and the variable", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as { port: number };
  const service = run({ OPS_PORT: String(port) });
  expect(await service.exited).toBe(1);
  expect(service.text()).toMatch(new RegExp(`port ${port} .*OPS_PORT`));
  holder.close();
});

test("it waits for a broker that is away, at the start and in the middle, and says so", async () => {
  await nats.stop();
  const service = run({});
  await service.untilStatus(503);
  expect(await service.get("/livez")).toMatchObject({ code: 200 });
  expect((await service.get("/readyz")).body).toMatchObject({
    started: false,
    components: { broker: { ok: false, detail: expect.stringContaining("waiting for nats:") } },
  });
  await sleep(6_000);
  const waits = service.lines().filter((line) => line["msg"] === "waiting for the broker");
  expect(waits).toHaveLength(1);
  await nats.start();
  await service.untilStatus(200);
  await nats.kill();
  await service.untilStatus(503);
  await sleep(1_000);
  await nats.start();
  await service.untilStatus(200);
  service.child.kill("SIGTERM");
  expect(await service.exited).toBe(0);
});

test("a broker that refuses the password is told, and the password is not", async () => {
  await using closed = await startNats({ extraConfig: 'authorization { user: "fleet", password: "right" }' });
  const service = run({ NATS_URL: closed.url, NATS_USER: "fleet", NATS_PASSWORD: "wr0ng" });
  expect(await Promise.race([service.exited, sleep(15_000, "still there")])).toBe(1);
  expect(service.text()).toMatch(/Authorization/i);
  expect(service.text()).not.toContain("wr0ng");
});

test("SIGTERM while it waits for the broker ends it at once", async () => {
  const service = run({ NATS_URL: "nats://127.0.0.1:1" });
  await service.untilStatus(503);
  service.child.kill("SIGTERM");
  expect(await Promise.race([service.exited, sleep(3_000)])).toBe(0);
});

test("at SIGTERM it is not ready any more, stops in reverse order, and ends with 0; a second signal changes nothing", async () => {
  const service = run({ SAMPLE_FAULT: "stop" });
  await service.untilStatus(200);
  service.child.kill("SIGTERM");
  await service.untilStatus(503);
  expect((await service.get("/readyz")).body).toMatchObject({ status: "stopping" });
  service.child.kill("SIGINT");
  expect(await service.exited).toBe(0);
  const stops = service.lines().filter((line) => line["msg"] === "part stops");
  expect(stops.map((line) => [line["part"], line["aborted"]])).toEqual([
    ["second", true],
    ["first", true],
  ]);
});

test("a part that does not stop is cut off after the time given", async () => {
  const service = run({ SAMPLE_FAULT: "hang", SHUTDOWN_SECONDS: "1" });
  await service.untilStatus(200);
  const from = performance.now();
  service.child.kill("SIGTERM");
  expect(await service.exited).toBe(1);
  expect(performance.now() - from).toBeLessThan(5_000);
  expect(service.text()).toContain("did not stop in time");
});

for (const fault of ["throw", "rejection"]) {
  test(`an error that nobody handles (${fault}) ends it with 1, and nothing is stopped in order`, async () => {
    const service = run({ SAMPLE_FAULT: fault });
    expect(await service.exited).toBe(1);
    expect(service.lines().some((line) => line["level"] === "fatal" && line["err"] !== undefined)).toBe(true);
    expect(service.text()).not.toContain("part stops");
  });
}

for (const fault of ["start", "fail"]) {
  test(`an error that is reported (${fault}) ends it with 1, after its parts have stopped`, async () => {
    const service = run({ SAMPLE_FAULT: fault });
    expect(await service.exited).toBe(1);
    expect(service.text()).toMatch(fault === "start" ? "cannot start" : "cannot go on");
    expect(service.lines().filter((line) => line["msg"] === "part stops")).toHaveLength(2);
  });
}

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [SCRIPT], {
    env: { PATH: process.env["PATH"], NATS_URL: nats.url, DATABASE_URL: "postgres://user:pass@127.0.0.1:1/db", SAMPLE_SIZE: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines = (): Record<string, unknown>[] =>
    output
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const get = async (path: string) => {
    const port = lines().find((line) => line["opsPort"] !== undefined)?.["opsPort"];
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { code: answer.status, body: await answer.json() };
  };
  const untilStatus = async (code: number): Promise<void> => {
    for (const until = Date.now() + 20_000; ; await sleep(20)) {
      const status = await get("/readyz").catch(() => null);
      if (status?.code === code) return;
      if (Date.now() > until) throw new Error(`expected /readyz to answer ${code}, found ${JSON.stringify(status)}; it printed\n${output}`);
    }
  };
  return { child, exited, text: () => output, lines, get, untilStatus };
}
