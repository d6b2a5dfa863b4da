import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FleetAddress, FleetEvent } from "../src/fleet-events.ts";
import { projectRoot } from "../src/folders.ts";
import { isAlive, type ProcessEnd } from "../src/server-process.ts";

/** `npm start`'s inside as a real process, with its events. */
export interface FleetProcess {
  child: ChildProcess;
  events: FleetEvent[];
  /** Everything it printed, both outputs. */
  output(): string;
  exited: Promise<ProcessEnd>;
  /** Resolves with the event that says all is up; throws when the process ends before. */
  ready(): Promise<FleetAddress>;
  /** Resolves with the first event that fits, those that came before included. */
  event<Name extends FleetEvent["event"]>(
    name: Name,
    fits?: (event: Extract<FleetEvent, { event: Name }>) => boolean,
  ): Promise<Extract<FleetEvent, { event: Name }>>;
}

export const startScript: string = join(projectRoot, "infra/local/src/start.ts");

/** An empty folder for a fleet, with spaces in its name. */
export function dataFolder(): string {
  return join(mkdtempSync(join(tmpdir(), "tickfleet fleet ")), "its data");
}

export function removeFolder(path: string): void {
  rmSync(join(path, ".."), { recursive: true, force: true, maxRetries: 5 });
}

export interface LaunchOptions {
  /** By the first step of the commands, as npm does. */
  bootstrap?: boolean;
  /** Another copy of the project. */
  root?: string;
  /** Command that runs it, such as one that changes the user. */
  prefix?: readonly string[];
  env?: Record<string, string>;
}

export function launchFleet(args: readonly string[], options: LaunchOptions = {}): FleetProcess {
  const root = options.root ?? projectRoot;
  const script = options.bootstrap ? [join(root, "infra/local/bootstrap.mjs"), "start"] : [join(root, "infra/local/src/start.ts")];
  const [command, ...before] = [...(options.prefix ?? []), process.execPath];
  const child = spawn(command as string, [...before, ...script, "--json", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, INIT_CWD: undefined, npm_lifecycle_event: undefined, TICKFLEET_LAUNCHER: undefined, ...options.env },
  });
  const events: FleetEvent[] = [];
  const waiting = new Set<() => void>();
  const texts: string[] = [];
  let rest = "";
  child.stderr.on("data", (data) => texts.push(String(data)));
  child.stdout.on("data", (data) => {
    texts.push(String(data));
    const lines = (rest + String(data)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) events.push(JSON.parse(line) as FleetEvent);
    for (const look of [...waiting]) look();
  });
  let end: ProcessEnd | null = null;
  const exited = new Promise<ProcessEnd>((resolve) => {
    child.once("close", (code, signal) => {
      end = { code, signal };
      resolve(end);
      for (const look of [...waiting]) look();
    });
  });
  const output = (): string => texts.join("");

  const event: FleetProcess["event"] = (name, fits = () => true) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find((each): each is never => each.event === name && fits(each as never));
        if (found === undefined && end === null) return;
        waiting.delete(look);
        if (found === undefined) reject(new Error(`the fleet ended (${JSON.stringify(end)}) without ${name}; it printed\n${output()}`));
        else resolve(found);
      };
      waiting.add(look);
      look();
    });

  return { child, events, output, exited, event, ready: () => event("ready") };
}

/** Processes whose command line names the folder. */
export function processesOn(folder: string): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((entry) => {
      try {
        const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(folder) ? [`${entry} ${command}`] : [];
      } catch {
        return [];
      }
    });
}

/** Those of the parts that still run. */
export function stillRunning(address: FleetAddress): string[] {
  return Object.entries(address.pids)
    .filter(([, pid]) => isAlive(pid))
    .map(([name]) => name);
}

/** Ends whatever a failed test left. */
export async function endFleet(fleet: FleetProcess | null): Promise<void> {
  if (fleet === null) return;
  fleet.child.kill("SIGTERM");
  const timer = setTimeout(() => fleet.child.kill("SIGKILL"), 30_000);
  await fleet.exited;
  clearTimeout(timer);
}
