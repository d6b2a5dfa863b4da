#!/usr/bin/env node
// `tickfleet <command>`: runs packages/cli under Node 24, which comes with the dependencies where this one is older.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

// npx starts a link to this file; the project is where the file itself is
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const MAIN = join(ROOT, "packages/cli/src/main.ts");
const WANTED_NODE = 24;

const node = findNode();
if (node === null || !existsSync(MAIN) || !existsSync(join(ROOT, "node_modules"))) {
  process.stderr.write("tickfleet: the project is not installed yet; run `npm start` in its folder first (it brings Node 24 too)\n");
  process.exit(1);
}
// a fleet started by `tickfleet up` ends when this launcher is killed
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(ROOT, "node_modules/.cache/node-compile"),
  TICKFLEET_LAUNCHER: String(process.pid),
};
const child = spawn(node, [MAIN, ...process.argv.slice(2)], { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.once("error", (error) => {
  process.stderr.write(`tickfleet: ${node} cannot be run: ${error.message}\n`);
  process.exit(1);
});
child.once("close", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));

function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= WANTED_NODE) return process.execPath;
  try {
    const manifest = createRequire(join(ROOT, "package.json")).resolve(`node-${process.platform}-${process.arch}/package.json`);
    return join(dirname(manifest), "bin/node");
  } catch {
    return null;
  }
}
