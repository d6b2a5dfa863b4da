// First step of every command: brings the dependencies and Node 24, then hands over. Runs on Node 20 without dependencies.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const PNPM = "12.21.0";
const VERBS = {
  start: ["start.ts"],
  test: ["test.ts"],
  "test-long": ["test.ts", "--long"],
  coverage: ["coverage.ts"],
  bench: ["bench.ts"],
};
/** Written after every install of ours: pnpm leaves its own mark untouched where it found nothing to do. */
const STAMP = join(ROOT, "node_modules/.tickfleet-installed");
const LEAST_NODE = 20;
const WANTED_NODE = 24;
const LOOK_AT_PARENT_MS = 1_000;

const [verb, ...args] = process.argv.slice(2);
const json = args.includes("--json");
const began = Date.now();

try {
  if (!Object.hasOwn(VERBS, verb)) throw new Error(`expected one of ${Object.keys(VERBS).join(", ")}, found ${verb ?? "nothing"}`);
  checkTools();
  if (!isInstalled()) await install();
  await handOver(findNode());
} catch (error) {
  if (json) process.stdout.write(`${JSON.stringify({ event: "error", message: error.message })}\n`);
  else process.stderr.write(`\n${error.message}\n`);
  process.exit(1);
}

function checkTools() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < LEAST_NODE) throw new Error(`Node ${LEAST_NODE} or later is needed, this is ${process.version}: see https://nodejs.org/`);
  if (verb !== "start" && spawnSync("git", ["--version"]).status !== 0)
    tell("git was not found: the checks that ask it for the files will fail");
  if (!isInstalled() && spawnSync("npx", ["--version"], { shell: process.platform === "win32" }).status !== 0) {
    throw new Error("npx was not found: it comes with npm (https://nodejs.org/, or the package npm of your system)");
  }
}

/** Whether the dependencies were installed after the lockfile and every package.json last changed. */
function isInstalled() {
  const done = Math.max(modified(join(ROOT, "node_modules/.modules.yaml")), modified(STAMP));
  if (done === 0) return false;
  const manifests = ["packages", "services", "infra"].flatMap((group) =>
    existsSync(join(ROOT, group)) ? readdirSync(join(ROOT, group)).map((name) => join(ROOT, group, name, "package.json")) : [],
  );
  const sources = [...["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"].map((name) => join(ROOT, name)), ...manifests];
  if (sources.some((path) => modified(path) > done)) return false;
  // a copied or moved folder has links that lead nowhere
  return manifests.every((path) => !existsSync(path) || linksLead(dirname(path)));
}

function linksLead(folder) {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.keys(dependencies).every((name) => existsSync(join(folder, "node_modules", name)));
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

async function install() {
  tell("installing the dependencies (once; about 20 s, longer on a slow line)");
  const started = Date.now();
  const output = [];
  const child = spawn("npx", ["--yes", `pnpm@${PNPM}`, "install", "--frozen-lockfile", "--reporter=append-only"], {
    cwd: ROOT,
    env: { ...process.env, CI: "true" },
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output.push(text);
      if (!json) process.stdout.write(text.replace(/^(?=.)/gm, "    "));
    });
  }
  const stopForwarding = forwardSignals(child);
  const { code, signal } = await ended(child);
  stopForwarding();
  if (signal !== null) process.exit(128 + constants.signals[signal]);
  if (code !== 0) {
    const said = json ? `:\n${output.join("").trim()}` : "; what it said stands above";
    const remedy = output.join("").includes("OUTDATED_LOCKFILE")
      ? `A package.json was changed and the lockfile was not: run \`npx pnpm@${PNPM} install\` once.`
      : "It needs the package registry that npm is set up for (`npm config get registry`). Run the same command again once that answers.";
    throw new Error(`the dependencies could not be installed (pnpm ended with ${code})${said}\n${remedy}`);
  }
  writeFileSync(STAMP, "");
  tell(`dependencies installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** A Node that runs TypeScript: the present one, or the one that came with the dependencies. */
function findNode() {
  if (isNewEnough(process.version)) return process.execPath;
  const tried = [];
  for (const path of bundledNodes()) {
    const answer = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (answer.status === 0 && isNewEnough(answer.stdout.trim())) return path;
    tried.push(`${path} (${answer.error?.message ?? answer.stdout.trim()})`);
  }
  throw new Error(
    `Node ${WANTED_NODE} is needed and this is ${process.version}. It comes with the dependencies on Linux (x64 and arm64)` +
      `${tried.length === 0 ? "" : `; tried ${tried.join(", ")}`}. On ${process.platform} ${process.arch} install it from https://nodejs.org/ and run this again.`,
  );
}

function bundledNodes() {
  const require = createRequire(join(ROOT, "package.json"));
  try {
    return [join(dirname(require.resolve(`node-${process.platform}-${process.arch}/package.json`)), "bin/node")];
  } catch {
    return [];
  }
}

function isNewEnough(version) {
  return Number(/^v(\d+)/.exec(version)?.[1]) >= WANTED_NODE;
}

/** Runs the command proper, passes signals on, and ends as it ends. */
async function handOver(node) {
  const [script, ...more] = VERBS[verb];
  const path = join(ROOT, "infra/local/src", script);
  if (!existsSync(path)) throw new Error(`${path} does not exist yet`);
  const seconds = (Date.now() - began) / 1000;
  if (seconds > 2) tell(`set-up took ${seconds.toFixed(1)} s`);
  const child = spawn(node, [path, ...more, ...args], {
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: `${join(ROOT, "node_modules/.bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH ?? ""}`,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(ROOT, "node_modules/.cache/node-compile"),
      TICKFLEET_LAUNCHER: String(process.pid),
      TICKFLEET_CALLED_FROM: process.env.INIT_CWD ?? process.cwd(),
    },
  });
  forwardSignals(child);
  if (process.env.npm_lifecycle_event !== undefined) watchParent(child);
  const { code, signal } = await ended(child);
  process.exit(signal === null ? code : 128 + constants.signals[signal]);
}

function forwardSignals(child) {
  const forwards = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => [signal, () => child.kill(signal)]);
  for (const [signal, forward] of forwards) process.on(signal, forward);
  return () => {
    for (const [signal, forward] of forwards) process.off(signal, forward);
  };
}

/** Where npm was killed, nobody would pass on its signals any more. */
function watchParent(child) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, LOOK_AT_PARENT_MS);
  timer.unref();
}

function ended(child) {
  return new Promise((done, fail) => {
    child.once("error", (cause) => fail(new Error(`${child.spawnfile} cannot be run: ${cause.message}`)));
    child.once("close", (code, signal) => done({ code, signal }));
  });
}

function tell(message) {
  if (json) process.stdout.write(`${JSON.stringify({ event: "progress", message })}\n`);
  else process.stdout.write(`  ${message}\n`);
}
