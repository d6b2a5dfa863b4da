import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { isLong } from "../../../packages/testkit/src/long-form.ts";
import { projectRoot } from "../src/folders.ts";
import { findNatsServer } from "../src/nats-server.ts";
import { hasSetpriv } from "../src/server-process.ts";
import { endFleet, type FleetProcess, launchFleet, processesOn, startScript } from "./fleet-process.ts";

const NOBODY = 65_534;
const folders: string[] = [];
let fleet: FleetProcess | null = null;

afterEach(async () => {
  await endFleet(fleet);
  fleet = null;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tickfleet place "));
  folders.push(folder);
  return folder;
}

/** The files of the work tree and the installed dependencies; the large ones as links to the same files. */
function copyProject(target: string): void {
  const files = execFileSync("git", ["-C", projectRoot, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  }).split("\0");
  for (const file of files) {
    if (file === "" || spawnSync("test", ["-e", join(projectRoot, file)]).status !== 0) continue;
    mkdirSync(dirname(join(target, file)), { recursive: true });
    copyFileSync(join(projectRoot, file), join(target, file));
  }
  const linked = spawnSync("cp", ["-al", join(projectRoot, "node_modules"), join(target, "node_modules")]);
  if (linked.status !== 0) execFileSync("cp", ["-a", join(projectRoot, "node_modules"), join(target, "node_modules")]);
  for (const group of ["packages", "services", "infra"]) {
    for (const folder of execFileSync("ls", [join(projectRoot, group)], { encoding: "utf8" })
      .trim()
      .split("\n")) {
      const source = join(projectRoot, group, folder, "node_modules");
      if (spawnSync("test", ["-d", source]).status === 0) execFileSync("cp", ["-a", source, join(target, group, folder, "node_modules")]);
    }
  }
  // newer than every package.json of the copy: nothing is to be installed
  writeFileSync(join(target, "node_modules/.tickfleet-installed"), "");
}

test.runIf(isLong)("a project in a folder with spaces starts, and keeps its data in itself", async () => {
  const root = join(newFolder(), "my own fleet");
  copyProject(root);
  fleet = launchFleet(["--port", "0", "--no-demo"], { root, bootstrap: true });
  const address = await fleet.ready();
  expect(address.data).toBe(join(root, ".tickfleet"));
  fleet.child.kill("SIGINT");
  expect(await fleet.exited).toEqual({ code: 0, signal: null });
  expect(processesOn(root)).toEqual([]);
});

const mayBecome = process.getuid?.() === 0 && hasSetpriv && isReachable(startScript);

/** Whether a plain user may read the project where it lies. */
function isReachable(path: string): boolean {
  return spawnSync("setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "test", "-r", path]).status === 0;
}

test.runIf(isLong && mayBecome)("a plain user with a home of his own starts it", async () => {
  const home = newFolder();
  chmodSync(home, 0o755);
  const binary = join(home, "nats-server");
  copyFileSync(await findNatsServer(() => {}), binary);
  chmodSync(binary, 0o755);
  chownSync(home, NOBODY, NOBODY);
  const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
  const env = { HOME: home, XDG_CACHE_HOME: "", NATS_SERVER: binary };
  fleet = launchFleet(["--port", "0", "--no-demo", "--data", join(home, "its data")], { prefix: user, env });
  await fleet.ready();
  fleet.child.kill("SIGTERM");
  expect(await fleet.exited).toEqual({ code: 0, signal: null });
  expect(processesOn(home)).toEqual([]);
});
