import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { freePort } from "@tickfleet/local/ports";

const run = promisify(execFile);
let answers: boolean | null = null;

/**
 * Whether tests take their servers from a Docker engine. Asked once per process.
 * `TICKFLEET_TEST_SERVERS=docker|embedded` decides without asking.
 */
export function usesDocker(): boolean {
  const wish = process.env["TICKFLEET_TEST_SERVERS"];
  if (wish === "docker" || wish === "embedded") return wish === "docker";
  answers ??= spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], { timeout: 3_000 }).status === 0;
  process.env["TICKFLEET_TEST_SERVERS"] = answers ? "docker" : "embedded";
  return answers;
}

export interface ContainerOptions {
  image: string;
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  containerPort: number;
  /** Folder of this machine and where the container sees it. */
  data: { source: string; target: string };
  /** Line of its log that says it takes connections, and how often it appears until then. */
  readyLine: RegExp;
  readyTimes: number;
}

/** A container whose port on this machine survives its restarts. */
export interface Container {
  port: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts a container through testcontainers, which also removes it should this process die. */
export async function startContainer(options: ContainerOptions): Promise<Container> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const port = await freePort();
  const definition = new GenericContainer(options.image)
    .withCommand([...options.command])
    .withEnvironment({ ...options.env })
    .withExposedPorts({ container: options.containerPort, host: port })
    .withBindMounts([{ ...options.data, mode: "rw" }])
    .withWaitStrategy(Wait.forLogMessage(options.readyLine, options.readyTimes));
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) definition.withUser(`${uid}:${process.getgid?.() ?? 0}`);
  const container = await definition.start();
  const id = container.getId();
  return {
    port,
    stop: async () => void (await run("docker", ["stop", "--time", "15", id])),
    kill: async () => void (await run("docker", ["kill", "--signal", "KILL", id])),
    start: async () => {
      const since = new Date().toISOString();
      await run("docker", ["start", id]);
      const deadline = Date.now() + 60_000;
      for (;;) {
        const { stdout, stderr } = await run("docker", ["logs", "--since", since, id]);
        if (options.readyLine.test(stdout + stderr)) return;
        if (Date.now() > deadline) throw new Error(`container ${options.image} did not start again:\n${stdout}${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    remove: async () => void (await container.stop({ remove: true })),
  };
}
